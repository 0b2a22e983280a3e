"""TrainingJobs: a pod that trains, what it made, and whether the new version takes over."""
