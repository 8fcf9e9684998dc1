"""Grids of experiments over seeds: their files, their runs, and the statistics of them."""
