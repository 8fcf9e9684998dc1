"""Surrogates: curves for the configs that a table does not hold."""
