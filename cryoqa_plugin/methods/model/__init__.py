"""Map against model."""
