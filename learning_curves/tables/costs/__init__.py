"""Cost models: the seconds of an epoch on another device."""
