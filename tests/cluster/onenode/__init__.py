"""A one-node Kubernetes for the tests: built from pinned sources, run by root on this machine."""
