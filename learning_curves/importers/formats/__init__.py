"""The formats that tables are imported from and exported to."""
