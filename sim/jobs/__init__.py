"""What holds of a job on any cluster, simulated or live: its costs, its limits, its worker."""
