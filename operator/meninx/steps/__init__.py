"""Room 5 of 6: inside the pod (fetch, then the model, then deliver)."""
