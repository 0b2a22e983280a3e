"""Room 4 of 6: resources to pods (from InferenceJob to Kubernetes Job)."""
