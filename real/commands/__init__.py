"""The commands of `rungsim` that need torch; each module has `add_arguments` and `main`."""
