"""Room 3 of 6: what is it, is it whole, who wants it (from store to controller)."""
