"""What becomes of each attribute when images are de-identified (data; PS3.15 annex E).

The Basic Application Level Confidentiality Profile with the Clean Descriptors option, and stricter:
what is not in the table is removed, all private attributes among it.
"""

import re
from enum import StrEnum


class Action(StrEnum):
    """What is done with an attribute; without a line in the table it is removed."""

    KEEP = "keep"
    """As it is; a text that holds a word of the patient's identity goes all the same."""
    CLEAN = "clean"
    """Only words of the vocabulary below stay (C in PS3.15)."""
    UID = "uid"
    """Replaced by a pseudonym, the same for all images of a job (U)."""
    EMPTY = "empty"
    """Without value (Z)."""
    DUMMY = "dummy"
    """A value that says nothing (D)."""


_KEEP = """
    SpecificCharacterSet SOPClassUID ImageType Modality InstanceNumber SeriesNumber
    AcquisitionNumber BurnedInAnnotation LossyImageCompression LossyImageCompressionRatio
    LossyImageCompressionMethod
    SamplesPerPixel PhotometricInterpretation PlanarConfiguration NumberOfFrames Rows Columns
    PixelSpacing ImagerPixelSpacing PixelAspectRatio BitsAllocated BitsStored HighBit
    PixelRepresentation SmallestImagePixelValue LargestImagePixelValue PixelPaddingValue
    PixelPaddingRangeLimit PixelData FloatPixelData DoubleFloatPixelData
    RescaleIntercept RescaleSlope RescaleType WindowCenter WindowWidth VOILUTFunction
    PresentationLUTShape PixelPresentation
    ImagePositionPatient ImageOrientationPatient SliceThickness SpacingBetweenSlices SliceLocation
    PatientPosition GantryDetectorTilt Laterality BodyPartExamined
    Manufacturer ManufacturerModelName SoftwareVersions
    ScanningSequence SequenceVariant ScanOptions MRAcquisitionType SequenceName AngioFlag
    RepetitionTime EchoTime InversionTime NumberOfAverages ImagingFrequency ImagedNucleus
    EchoNumbers MagneticFieldStrength NumberOfPhaseEncodingSteps EchoTrainLength PercentSampling
    PercentPhaseFieldOfView PixelBandwidth ReconstructionDiameter AcquisitionMatrix
    InPlanePhaseEncodingDirection FlipAngle VariableFlipAngleFlag SAR dBdt TriggerTime
    TemporalPositionIdentifier NumberOfTemporalPositions TemporalResolution ImagesInAcquisition
    DiffusionBValue DiffusionGradientOrientation ReceiveCoilName TransmitCoilName
    ContrastBolusVolume ContrastBolusTotalDose ContrastBolusIngredientConcentration
    KVP DataCollectionDiameter DistanceSourceToDetector DistanceSourceToPatient TableHeight
    RotationDirection ExposureTime XRayTubeCurrent Exposure FilterType GeneratorPower FocalSpots
    ConvolutionKernel RevolutionTime SingleCollimationWidth TotalCollimationWidth TableSpeed
    TableFeedPerRotation SpiralPitchFactor CTDIvol ExposureModulationType AcquisitionType
    SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence PixelMeasuresSequence
    PlanePositionSequence PlaneOrientationSequence FrameContentSequence FrameVOILUTSequence
    PixelValueTransformationSequence FrameAnatomySequence AnatomicRegionSequence
    MRImageFrameTypeSequence MRTimingAndRelatedParametersSequence MREchoSequence
    MRFOVGeometrySequence MRAveragesSequence MRModifierSequence MRDiffusionSequence
    CTImageFrameTypeSequence CTAcquisitionTypeSequence CTReconstructionSequence
    CTPositionSequence CTGeometrySequence CTExposureSequence CTXRayDetailsSequence
    DimensionOrganizationSequence DimensionIndexSequence DimensionOrganizationType
    DimensionIndexPointer FunctionalGroupPointer DimensionIndexValues
    FrameType FrameLaterality StackID InStackPositionNumber TemporalPositionIndex
    FrameAcquisitionNumber FrameAcquisitionDuration NominalCardiacTriggerDelayTime
    AcquisitionContrast ComplexImageComponent VolumetricProperties VolumeBasedCalculationTechnique
    EchoPulseSequence GeometryOfKSpaceTraversal InversionRecovery PulseSequenceName
    SpectrallySelectedSuppression SteadyStatePulseSequence EffectiveEchoTime
    GradientEchoTrainLength RFEchoTrainLength ConvolutionKernelGroup DiffusionDirectionality
    CodeValue CodingSchemeDesignator CodingSchemeVersion CodeMeaning
"""
_CLEAN = """
    SeriesDescription StudyDescription ProtocolName ContrastBolusAgent ContrastBolusRoute
"""
_UID = """
    StudyInstanceUID SeriesInstanceUID SOPInstanceUID FrameOfReferenceUID DimensionOrganizationUID
"""
_EMPTY = """
    PatientBirthDate PatientSex StudyID AccessionNumber ReferringPhysicianName
    PositionReferenceIndicator
"""
_DUMMY = """
    PatientName PatientID StudyDate StudyTime SeriesDate SeriesTime AcquisitionDate AcquisitionTime
    ContentDate ContentTime AcquisitionDateTime FrameAcquisitionDateTime FrameReferenceDateTime
"""

TABLE: dict[str, Action] = {
    keyword: action
    for action, keywords in (
        (Action.KEEP, _KEEP),
        (Action.CLEAN, _CLEAN),
        (Action.UID, _UID),
        (Action.EMPTY, _EMPTY),
        (Action.DUMMY, _DUMMY),
    )
    for keyword in keywords.split()
}

DUMMIES = {"DA": "20000101", "TM": "000000", "DT": "20000101000000", "PN": "ANONYMOUS^"}
"""By VR; the patient's ID is a pseudonym of its own."""

ALWAYS = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "StudyID", "AccessionNumber", "ReferringPhysicianName",
)  # fmt: skip
"""Type 2 attributes of patient and study: there even where the images lack them."""

_IDENTIFYING = """
    PatientName PatientID OtherPatientIDs OtherPatientNames IssuerOfPatientID PatientBirthName
    PatientMotherBirthName PatientBirthDate PatientAddress PatientTelephoneNumbers
    MilitaryRank BranchOfService Occupation AccessionNumber StudyID ReferringPhysicianName
    ReferringPhysicianAddress PerformingPhysicianName OperatorsName RequestingPhysician
    PhysiciansOfRecord NameOfPhysiciansReadingStudy ResponsiblePerson InstitutionName
    InstitutionAddress InstitutionalDepartmentName StationName DeviceSerialNumber AdmissionID
    StudyDate SeriesDate AcquisitionDate ContentDate
"""
IDENTIFYING = frozenset(_IDENTIFYING.split())
"""Attributes whose words may stand nowhere else either; beside these, every name of a person."""

METHODS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113105", "Clean Descriptors Option"),
)
"""Codes of scheme DCM that say what was done (PS3.16 CID 7050)."""
METHOD = "Meninx: PS3.15 Basic Profile, descriptors cleaned"

_VOCABULARY = """
    t1 t2 t1w t2w t1c t1ce t2star pd pdw flair tse fse se gre tfe ffe tfl mprage mp rage mp2rage
    space cube vista bravo fspgr spgr vibe lava thrive dixon ideal swi swan dwi dti adc trace tensor
    ep2d epi ssfp fiesta ciss trufi haste star stir tirm spair spir tof mra mrv pc asl perf dsc dce
    bold fmri localizer scout survey loc
    ax axial tra trans transverse sag sagittal cor coronal obl oblique iso isotropic mpr reformat
    recon
    pre post native nativ plain with without gd gad gado gadolinium contrast ce km cm kontrast
    gadovist gadobutrol dotarem gadoterate prohance gadoteridol magnevist gadopentetate multihance
    gadobenate omniscan gadodiamide clariscan iv intravenous iodine iohexol iopamidol iodixanol
    arterial venous portal delayed late early phase
    fs fatsat fat sat sup water opp in out mag magnitude phs real imag
    head brain skull neck orbit orbita sella pituitary iac spine cervical thoracic lumbar chest
    thorax abdomen pelvis liver kidney prostate heart cardiac breast knee shoulder hip ankle wrist
    mri mr ct nm pt neuro cranium cerebrum meningioma tumor tumour ms stroke epilepsy routine
    soft tissue bone lung kernel std standard hr high low res resolution thin thick slice slices
    volume vol dynamic dyn series study scan image images
"""
VOCABULARY = frozenset(_VOCABULARY.split())
"""Words of acquisitions that may stand in descriptions."""

UNITS = re.compile(r"\d|\d{1,3}(mm|cm|t|d|s|ms|deg|ns)|[bp]\d{1,4}", re.IGNORECASE)
"""Numbers that may stand there: one digit, or with a unit."""
