"""Reports: one HTML file of a folder, with charts, that needs no network."""
