"""Talking to a DicomNode as a client."""
