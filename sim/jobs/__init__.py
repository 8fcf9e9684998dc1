"""Rules of jobs on any cluster, simulated or live: their costs, limits and workers."""
