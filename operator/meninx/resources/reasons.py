"""The vocabulary of reasons: each with its sentence and its remedy, read by docs, events and metrics."""

from meninx.resources.vocabulary import Meaning, Reason

__all__ = ["MEANINGS", "Meaning", "Reason"]

_M = Meaning

MEANINGS: dict[Reason, Meaning] = {
    Reason.MISSING_SLICES: _M(
        "The series has a gap between neighbouring slices.",
        "Send the missing slices again; the study is looked at anew when they arrive.",
    ),
    Reason.NON_UNIFORM_SPACING: _M(
        "The distance between slices changes within the series.",
        "Use a series with even spacing, or repeat the reconstruction.",
    ),
    Reason.MIXED_ORIENTATION: _M(
        "The series holds images of several orientations and none is the volume.",
        "Use a series with one orientation; scouts can't be segmented.",
    ),
    Reason.AMBIGUOUS_VOLUME: _M(
        "The series holds several volumes at the same positions.",
        "Name the one to use in the selector's volume field, such as FirstEcho.",
    ),
    Reason.DUPLICATE_POSITIONS: _M(
        "Different images of the series share a position and nothing tells them apart.",
        "Use a series with one image at each position.",
    ),
    Reason.TOO_FEW_SLICES: _M(
        "The series has fewer slices than the model needs.",
        "Use a thinner series, or lower minSlices in the AIModel.",
    ),
    Reason.MIXED_SHAPE: _M(
        "Images of the series differ in rows, columns or pixel spacing.",
        "Use a series whose images have one size.",
    ),
    Reason.NO_GEOMETRY: _M(
        "The images carry no position or orientation in the patient.",
        "Use a series with ImagePositionPatient and ImageOrientationPatient.",
    ),
    Reason.NO_PIXELS: _M("The objects hold no pixel data.", "Send the images themselves."),
    Reason.UNSUPPORTED_OBJECT: _M(
        "The object is not an image of a kind that makes a volume.",
        "Use MR, CT or their enhanced multi-frame images.",
    ),
    Reason.UNREADABLE_PIXELS: _M(
        "The pixel data could not be decoded.",
        "Send the series again in another transfer syntax, best uncompressed.",
    ),
    Reason.BAD_RESCALE: _M(
        "The rescale slope is zero, or slope or intercept is not a number.",
        "Correct the headers and send the series again.",
    ),
    Reason.MOSAIC: _M(
        "The image is a mosaic of many slices in one picture.",
        "Use an anatomical series; mosaics are not volumes.",
    ),
    Reason.BURNED_IN_ANNOTATION: _M(
        "The images say that text is burned into their pixels: it may name the patient.",
        "Use a series without; a package never gets such images.",
    ),
    Reason.PATIENT_CONFLICT: _M(
        "Images of one study name different patients.",
        "Correct the patient in the sending system and send the study again.",
    ),
    Reason.NO_SERIES_MATCHES: _M(
        "No series of the study fulfils what the model requires.",
        "Look at the reasons for each series; adapt the selector or the protocol.",
    ),
    Reason.SERIES_TIE: _M(
        "Two series are equally good for the model.",
        "Add a preference to the selector that tells them apart.",
    ),
    Reason.REQUIREMENT_NOT_MET: _M(
        "The series does not fulfil a condition that the model requires.",
        "Nothing to do, unless this is the series that should be used: then adapt the selector.",
    ),
    Reason.LOCALIZER: _M(
        "The series is a scout.",
        "Nothing to do; a selector that requires an ImageType lifts this rule.",
    ),
    Reason.DERIVED_MAP: _M(
        "The series holds computed maps or projections.",
        "Nothing to do; a selector that requires an ImageType lifts this rule.",
    ),
    Reason.LOWER_SCORE: _M(
        "Another series suits the model better.",
        "Nothing to do, unless this is the series that should be used: then adapt the preferences.",
    ),
    Reason.CHANNELS_CLASH: _M(
        "Two channels of the model would get the same series.",
        "Make the selectors of the channels exclude one another.",
    ),
    Reason.MODEL_NOT_FOUND: _M(
        "The AIModel that is named does not exist.", "Create it, or correct modelRef."
    ),
    Reason.ENDS_MAY_BE_MISSING: _M(
        "The headers announce more images than have arrived.",
        "Check that the sender finished; the volume may lack its first or last slices.",
    ),
    Reason.VALID: _M("The route can be used.", "Nothing to do."),
    Reason.UNKNOWN_ATTRIBUTE: _M(
        "A condition names an attribute that DICOM does not know.",
        "Use a DICOM keyword such as SeriesDescription, or a derived fact such as Series.Slices.",
    ),
    Reason.BAD_EXPRESSION: _M(
        "A regular expression can't be read.", "Correct the expression in the route."
    ),
    Reason.READY: _M("The model can be run.", "Nothing to do."),
    Reason.SECRET_NOT_FOUND: _M(
        "A Secret that the model names does not exist.",
        "Create it in the model's namespace, or correct its name.",
    ),
    Reason.DELETING: _M(
        "The model is to be deleted and waits for jobs that run.",
        "It goes when they have ended; cancel them if it can't wait.",
    ),
    Reason.NO_MATCHING_NODE: _M(
        "No node offers what the model asks for.",
        "Add such a node, or correct the model's resources.",
    ),
    Reason.BAD_SPEC: _M(
        "The resource can't be read.", "Correct it as the message says and apply it again."
    ),
    Reason.QUEUED: _M("The job waits for its turn.", "Nothing to do."),
    Reason.NO_CAPACITY: _M(
        "Every node that the model can run on is taken.",
        "It waits for its turn; add a node, or give it priority Stat if it can't wait.",
    ),
    Reason.CONCURRENCY_REACHED: _M(
        "As many jobs of the model run as its concurrency allows.",
        "It waits for its turn; raise concurrency in the AIModel if there is room.",
    ),
    Reason.NOT_YET: _M("The job may not start yet.", "Nothing to do: spec.notBefore says when."),
    Reason.PREEMPTED: _M(
        "The job gave way to one of higher priority.",
        "Nothing to do: it is started again and uses up no retry.",
    ),
    Reason.WAITING_FOR_KUEUE: _M(
        "Kueue has not admitted the job yet.",
        "Look at its Workload: kubectl get workloads; check the quota of the queue.",
    ),
    Reason.KUEUE_NOT_INSTALLED: _M(
        "The job names a queue of Kueue (spec.queueName), and Kueue is not installed.",
        "Install it, and the job goes on by itself; or make the job without queueName.",
    ),
    Reason.WEBHOOK_AWAY: _M(
        "The API server takes no Kubernetes Job now: a webhook that it must ask does not answer.",
        "Bring what serves that webhook back (Kueue, for one): the job goes on by itself.",
    ),
    Reason.EVICTED_BY_KUEUE: _M(
        "Kueue has taken the job's turn back.",
        "Nothing to do: it begins anew when Kueue admits it again, and uses up no retry.",
    ),
    Reason.CANCELLED: _M("The job was cancelled by a person.", "meninx retry makes a new one."),
    Reason.DEADLINE_EXCEEDED: _M(
        "The job's result was not in the store within spec.deadlineSeconds.",
        "Raise it, give the job a higher priority, or add GPUs; then meninx retry.",
    ),
    Reason.EVICTED: _M(
        "The node took the job's pod away, for want of memory or disk or to be drained.",
        "Nothing to do: it is started again and uses up no retry.",
    ),
    Reason.GPU_NOT_ALLOCATED: _M(
        "The node could not give the job's pod its GPU.",
        "Nothing to do: it is started again and uses up no retry; look at the node's device plugin if "
        "it lasts.",
    ),
    Reason.POD_REJECTED: _M(
        "The node would not take the job's pod.",
        "Nothing to do: it is started again and uses up no retry; look at the node if it lasts.",
    ),
    Reason.POD_DELETED: _M(
        "Somebody deleted the job's pod.",
        "Nothing to do: it is started again and uses up no retry; spec.cancel ends a job for good.",
    ),
    Reason.MODEL_ASKED_AGAIN: _M(
        "The model asked to be tried again (exit code 75).",
        "Read its log with meninx logs, cure what it waits for, then meninx retry.",
    ),
    Reason.PIPELINE_NOT_FOUND: _M(
        "The AIPipeline that is named does not exist.", "Create it, or correct pipelineRef."
    ),
    Reason.PIPELINE_NOT_READY: _M(
        "The job's pipeline is not ready.", "Look at the conditions of the AIPipeline."
    ),
    Reason.WAITING_FOR_INPUT: _M(
        "The job's study has not been pulled from its DicomNode yet.",
        "It is tried again; check that the node is reachable and holds the study.",
    ),
    Reason.WEIGHTS_FAILED: _M(
        "The model's weights could not be brought.",
        "Check weights.uri in the AIModel, its Secret, and that the address can be reached.",
    ),
    Reason.WEIGHTS_MISMATCH: _M(
        "The weights that were brought are not those that the AIModel names.",
        "Correct weights.sha256 or weights.uri; no result is made from unknown weights.",
    ),
    Reason.SUSPENDED: _M("The job is held back by a person.", "Set spec.suspend to false."),
    Reason.MODEL_NOT_READY: _M(
        "The job's model is not ready.", "Look at the conditions of the AIModel."
    ),
    Reason.ADMITTED: _M("The job may run.", "Nothing to do."),
    Reason.STARTING: _M("The job's pod is being started.", "Nothing to do."),
    Reason.POD_FORBIDDEN: _M(
        "The cluster forbids the job's pod.",
        "Mend what it names: a quota, a policy, a service account that is missing. It is tried again by "
        "itself, within minutes.",
    ),
    Reason.UNSCHEDULABLE: _M(
        "No node has room for the job's pod now.",
        "It waits; free a GPU or add a node if it waits too long.",
    ),
    Reason.FETCHING: _M("The job's input is being fetched.", "Nothing to do."),
    Reason.FETCHED: _M("The job's input is ready.", "Nothing to do."),
    Reason.INFERRING: _M("The model is running.", "Nothing to do."),
    Reason.INFERRED: _M("The model has finished.", "Nothing to do."),
    Reason.IMAGE_PULL_FAILED: _M(
        "The image could not be pulled.",
        "Correct the image's name or the pull secret in the AIModel.",
    ),
    Reason.INPUT_NOT_FOR_MODEL: _M(
        "The model says that the input is not for it.",
        "Check the series that was chosen; adapt the selector.",
    ),
    Reason.INPUT_NOT_USABLE: _M(
        "The series could not be turned into a volume.", "Look at the message for the cause."
    ),
    Reason.FETCH_FAILED: _M(
        "The input could not be fetched from the store.",
        "Check that the ingress runs and still holds the study.",
    ),
    Reason.MODEL_FAILED: _M(
        "The model's container failed.",
        "Read its log with meninx logs.",
    ),
    Reason.DELIVER_FAILED: _M(
        "The result could not be written to the store.",
        "Check that the ingress runs and has free space.",
    ),
    Reason.NOT_FINITE: _M(
        "The input or the model's result holds values that are not numbers.",
        "This is not a healthy study: check the series and the model.",
    ),
    Reason.BAD_RESULT: _M(
        "What the model wrote breaks the container contract.",
        "Correct the model's image: see the message.",
    ),
    Reason.OUT_OF_MEMORY: _M(
        "A container needed more memory than its limit.",
        "Raise resources.memory of the step; the limits of fetch and deliver are our own: report those.",
    ),
    Reason.OUT_OF_STORAGE: _M(
        "The job's pod wrote more to the node's disk than its limit.",
        "Write less to the output folder and /tmp, or raise the limit that the namespace sets.",
    ),
    Reason.TIMED_OUT: _M(
        "The run took longer than its time limit.",
        "Raise timeoutSeconds in the AIModel, or use a faster node.",
    ),
    Reason.NODE_LOST: _M(
        "The node went away while the job ran.",
        "Nothing to do: it is started again elsewhere and uses up no retry.",
    ),
    Reason.TRAINING: _M("The training runs.", "Nothing to do."),
    Reason.TRAINED: _M("The training has ended well.", "Nothing to do."),
    Reason.TRAINING_FAILED: _M(
        "The training's container failed.",
        "Read its log with meninx logs; a new attempt goes on from the last checkpoint.",
    ),
    Reason.DATA_NOT_USABLE: _M(
        "The training says that it can't learn from the data.",
        "Read data-report.json in the output folder, and correct the data.",
    ),
    Reason.COLLECTING: _M(
        "The training's data set is being made from the segmented studies of the store.",
        "Nothing to do.",
    ),
    Reason.NO_PAIRS: _M(
        "No study of the store makes a pair of image and label for the training.",
        "Look at the numbers in the message; adapt spec.data.store, or send segmentations that a "
        "person has drawn or corrected.",
    ),
    Reason.NAME_TAKEN: _M(
        "There is an AIModel of that name, which this training did not make.",
        "Delete it, or make the TrainingJob anew with another register.name.",
    ),
    Reason.REGISTERED: _M("The new version is registered as an AIModel.", "Nothing to do."),
    Reason.PROMOTED: _M("The new version is the current one: routes run it.", "Nothing to do."),
    Reason.NOT_BETTER: _M(
        "The new version is not better than the current one, which routes go on to run.",
        "Nothing to do; meninx promote makes it the current one all the same.",
    ),
    Reason.NOT_COMPARABLE: _M(
        "The new version can't be compared with the current one, which routes go on to run.",
        "Measure both on the same test set, or decide yourself: meninx promote.",
    ),
    Reason.STORED: _M("The result is safe in the store.", "Nothing to do."),
    Reason.NO_FINDINGS: _M("The model found nothing.", "Nothing to do."),
    Reason.DELIVERED: _M("Every destination took the result.", "Nothing to do."),
    Reason.NOTHING_TO_DELIVER: _M(
        "There is no object to send, or no destination.", "Nothing to do."
    ),
    Reason.DELIVERY_PENDING: _M(
        "A destination has not taken the result yet.",
        "It is tried again; check the destination if it lasts.",
    ),
    Reason.DELIVERY_REFUSED: _M(
        "A destination refused the result for good.",
        "Look at the status code; correct the destination and retry the job.",
    ),
    Reason.NO_PRESENTATION_CONTEXT: _M(
        "The destination does not take objects of this kind.",
        "Enable the SOP class in the destination.",
    ),
    Reason.DESTINATION_UNKNOWN: _M(
        "The DicomNode that is named does not exist or may not receive.",
        "Create it, or correct the destinations.",
    ),
    Reason.REACHABLE: _M("The node answers.", "Nothing to do."),
    Reason.UNREACHABLE: _M(
        "The node does not answer.", "Check its host, port, AE title and the network."
    ),
}
