"""What may be concluded from the runs of a study: contrasts, ranks, survival and power."""
