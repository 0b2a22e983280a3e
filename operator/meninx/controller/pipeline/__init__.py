"""AIPipeline: whether it can be run, decided without touching anything."""
