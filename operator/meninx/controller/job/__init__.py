"""InferenceJob: what is to be done about one, decided without touching anything."""
