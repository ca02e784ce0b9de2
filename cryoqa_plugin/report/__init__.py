"""Reports, drawn from saved results."""
