"""A scheduler in a world: what it meets there, what is said, and what is checked meanwhile."""
