"""Schedulers, and the simulated cluster that replays learning curves through them."""
