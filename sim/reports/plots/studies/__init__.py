"""Pictures of what the runs of a study show together."""
