"""Meninx: imaging AI on hospital studies as they arrive."""

__version__ = "0.1.0"
