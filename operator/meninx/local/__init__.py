"""The same steps in one process, without a cluster."""
