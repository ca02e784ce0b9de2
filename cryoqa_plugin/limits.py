"""The one table of limits: what each capability's numbers are held against."""
from __future__ import annotations

from typing import Dict, Tuple

from .checks import Check

CHECKS: Dict[str, Tuple[Check, ...]] = {}
