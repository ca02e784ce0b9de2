"""Items of a validation that are capabilities of their own."""
