from typing import Any

from .answer import Answer as Answer
from .api import load as load, open as open, run as run

__version__: str
Plugin: Any
