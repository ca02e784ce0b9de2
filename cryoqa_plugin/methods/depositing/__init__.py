"""Files for archives."""
