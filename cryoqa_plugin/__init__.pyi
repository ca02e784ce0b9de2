from typing import Any

from .api import load as load, open as open
from .runner import run as run

__version__: str
Plugin: Any
