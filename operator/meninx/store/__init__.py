"""Room 2 of 6: the µPACS, files and index (from ingress to routing)."""
