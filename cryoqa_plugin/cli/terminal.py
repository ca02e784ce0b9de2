"""The one place by which text reaches the terminal: what could act there is written out.

Names of files, labels of headers, titles of jobs, the words of a server and of an exception come from others. On a terminal an escape
sequence in them could clear the screen, change what stands there, or type for the user.
"""
from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import Any, Iterator, List

from ..plain_text import in_json, plain


class PlainStream:
    """A stream that writes text plainly; for all else it is the one ``beneath``.

    What the encoding of the terminal has no sign for is written out too, so that ``LANG=C`` ends no run.
    """

    def __init__(self, beneath: Any) -> None:
        self.beneath = beneath

    def __getattr__(self, name: str) -> Any:
        return getattr(self.beneath, name)

    def write(self, text: str) -> int:
        """Write text plainly; the number of characters that were given."""
        self.beneath.write(encodable(plain(text), self.beneath))
        return len(text)

    def writelines(self, lines: List[str]) -> None:
        """Write some texts plainly."""
        for text in lines:
            self.write(text)


def encodable(text: str, stream: Any) -> str:
    """Text with what a stream cannot write written out."""
    code = getattr(stream, "encoding", None) or "utf-8"
    return text if text.isascii() else text.encode(code, "backslashreplace").decode(code)


@contextmanager
def plain_streams(kept: bool = False) -> Iterator[None]:
    """Within this, standard output and error are plain.

    Parameters
    ----------
    kept
        They stay so afterwards, for the traceback of an error that nobody caught.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (s if s is None or isinstance(s, PlainStream) else PlainStream(s) for s in before)
    try:
        yield
    finally:
        if not kept:
            sys.stdout, sys.stderr = before


def bar_stream() -> Any:
    """Standard error for a progress bar, which moves the cursor itself; what is written to it has to be one plain line."""
    return getattr(sys.stderr, "beneath", sys.stderr)


def print_json(document: Any) -> None:
    """Print a document as JSON, which stays one whatever the encoding."""
    text = in_json(json.dumps(document, indent=1, ensure_ascii=False))
    print(text if encodable(text, sys.stdout) == text else json.dumps(document, indent=1))
