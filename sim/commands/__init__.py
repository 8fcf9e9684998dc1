"""The commands of `rungsim`; each module has `add_arguments` and `main`."""
