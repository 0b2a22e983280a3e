"""Pure functions on headers and arrays: grids, stacks, NIfTI, DICOM SEG."""
