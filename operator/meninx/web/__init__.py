"""Everything read over HTTP: the µPACS's DICOMweb and the jobs' results."""
