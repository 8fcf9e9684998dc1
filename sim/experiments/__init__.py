"""One experiment, run, measured and compared with others."""
