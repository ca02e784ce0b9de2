"""What is known about one set of inputs, computed at first use and kept."""
from .study import Study

__all__ = ["Study"]
