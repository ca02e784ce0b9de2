"""Sharpening and local filtering: maps to look at and to build into."""
