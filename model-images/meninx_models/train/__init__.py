"""Training: plan, then run; a run that was cut off goes on where its last checkpoint stands."""
