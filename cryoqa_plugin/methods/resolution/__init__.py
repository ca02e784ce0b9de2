"""Global resolution."""
