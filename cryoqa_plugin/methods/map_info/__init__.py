"""What a map file is."""
