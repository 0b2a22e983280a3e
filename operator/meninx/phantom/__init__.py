"""Heads with simulated meningiomas, as DICOM series with ground truth."""
