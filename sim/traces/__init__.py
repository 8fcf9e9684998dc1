"""What a run leaves, and every measure of it."""
