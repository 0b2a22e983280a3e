"""The ground: knows nothing of DICOM, Kubernetes or images."""
