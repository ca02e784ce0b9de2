"""How far a run has come: one type, and what to do with it."""
from __future__ import annotations

from typing import Callable

Progress = Callable[[float, str], None]          # fraction from 0 to 1, and what is being done


def silent(fraction: float, message: str) -> None:
    """Progress that nobody watches."""


def part(progress: Progress, start: float, share: float, title: str = "") -> Progress:
    """Progress of one piece as the ``share`` of a whole that begins at ``start``, both from 0 to 1; ``title`` goes before its messages."""
    def say(fraction: float, message: str) -> None:
        words = f"{title}: {message}" if title and message else title or message
        progress(min(start + share * fraction, 1.0), words)

    return say
