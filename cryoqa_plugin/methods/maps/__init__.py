"""Boxes of maps, and maps brought onto each other."""
