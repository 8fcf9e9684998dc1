"""The simulated cluster: the clock, its workers, and the log that they leave."""
