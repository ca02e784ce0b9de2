"""Jobs of other programs."""
