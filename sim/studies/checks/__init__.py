"""The checks of a study beside those of the single entries: its pictures and its experiments."""
