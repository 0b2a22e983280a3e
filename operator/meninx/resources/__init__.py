"""The API as data: resources as pydantic models, from which the CRDs are generated."""
