"""Local B-factor and occupancy."""
