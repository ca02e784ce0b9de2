"""Filters that follow the local resolution."""
