"""The live cluster: the twin of the simulated one, on real training."""
