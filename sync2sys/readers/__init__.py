"""Suppliers' files in, rows of text out. Nothing here knows what a column means."""
