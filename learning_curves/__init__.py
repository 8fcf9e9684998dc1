"""Learning curves: for a config, the loss after each epoch and the seconds each epoch took.

This room imports nothing else of ours: `sim` and `real` build on it.
"""
