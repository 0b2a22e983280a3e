"""What one image says of itself: the header facts that decide whether it belongs to a volume."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Vector = tuple[float, float, float]

VOLUME_CLASSES = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.2",  # CT
        "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT
        "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT
        "1.2.840.10008.5.1.4.1.1.4",  # MR
        "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR
        "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy Converted Enhanced MR
    }
)
"""SOP classes whose images make a volume."""

KEYWORDS = (
    "AcquisitionContrast", "AcquisitionNumber", "AngioFlag", "BodyPartExamined",
    "BurnedInAnnotation", "Columns", "ContrastBolusAgent", "ContrastBolusRoute",
    "ContrastBolusTotalDose", "ContrastBolusVolume", "ConvolutionKernel", "DiffusionBValue",
    "EchoNumbers", "EchoPulseSequence", "EchoTime", "EchoTrainLength", "FlipAngle",
    "GeometryOfKSpaceTraversal", "ImageType", "ImagedNucleus", "ImagesInAcquisition",
    "ImagingFrequency", "InPlanePhaseEncodingDirection", "InversionRecovery", "InversionTime",
    "KVP", "Laterality", "LossyImageCompression", "MRAcquisitionType", "MagneticFieldStrength",
    "Manufacturer", "ManufacturerModelName", "Modality", "NumberOfAverages",
    "NumberOfTemporalPositions", "PatientPosition", "PercentPhaseFieldOfView",
    "PhotometricInterpretation", "PixelBandwidth", "ProtocolName", "PulseSequenceName",
    "ReceiveCoilName", "ReconstructionDiameter", "RepetitionTime", "Rows", "SOPClassUID",
    "ScanOptions", "ScanningSequence", "SequenceName", "SequenceVariant", "SeriesDescription",
    "SeriesNumber", "SliceThickness", "SoftwareVersions", "SpacingBetweenSlices",
    "SpectrallySelectedSuppression", "SteadyStatePulseSequence", "StudyDescription",
    "TemporalPositionIdentifier", "TransmitCoilName", "TriggerTime", "VariableFlipAngleFlag",
    "VolumetricProperties",
)  # fmt: skip
"""DICOM keywords that conditions may name. None of them identifies a patient."""


@dataclass(frozen=True)
class ImageHeader:
    """One 2D image, or one frame of a multi-frame object.

    `row_cosines` and `column_cosines` are the two halves of ImageOrientationPatient;
    `pixel_spacing_mm` is (between rows, between columns); `frame` is 1-based, None for a classic
    image. `attributes` maps DICOM keywords to text for routing and holds no patient identity.
    """

    sop_instance_uid: str
    sop_class_uid: str
    series_instance_uid: str
    study_instance_uid: str
    frame: int | None
    rows: int
    columns: int
    position_lps: Vector | None
    row_cosines: Vector | None
    column_cosines: Vector | None
    pixel_spacing_mm: tuple[float, float] | None
    instance_number: int | None
    has_pixels: bool
    is_mosaic: bool
    echo_time_ms: float | None = None
    temporal_position: int | None = None
    acquisition_number: int | None = None
    trigger_time_ms: float | None = None
    image_type: tuple[str, ...] = ()
    images_in_acquisition: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    frame_of_reference_uid: str = ""

    @property
    def has_geometry(self) -> bool:
        """Whether position, orientation, pixel spacing and size are all there."""
        return None not in (
            self.position_lps,
            self.row_cosines,
            self.column_cosines,
            self.pixel_spacing_mm,
        ) and (self.rows > 0 and self.columns > 0)

    @property
    def makes_volumes(self) -> bool:
        """Whether the object is of a class whose images make a volume."""
        return self.sop_class_uid in VOLUME_CLASSES
