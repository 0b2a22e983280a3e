"""One module per deployable process: the wiring, and how it stops."""
