"""Room 6 of 6: results go home (from the store to a DicomNode)."""
