"""Spaces of configs: their distributions, their files, and their scales."""
