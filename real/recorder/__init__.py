"""The recorder, which makes tables of learning curves."""
