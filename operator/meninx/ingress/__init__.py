"""Room 1 of 6: instances come in (from a sender to the store)."""
