"""Tables of recorded learning curves, and their cards."""
