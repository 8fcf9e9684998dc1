"""What the schedulers are made of: rungs, brackets and the rules of promotion."""
