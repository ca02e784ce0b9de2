"""Text of files and users where it could do something: on a terminal, and in a cell of a spreadsheet.

Names of files, labels of headers, titles of jobs and words of a server may hold anything. What is shown is shown as text.
"""
from __future__ import annotations

import logging
import re
from typing import Any

# Control characters but TAB and LF; marks that turn the direction of writing, are not seen, or end a line; halves of characters, as
# which Python gives the bytes of a name that it cannot decode.
_ACTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
                     "\U000e0000-\U000e007f]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")


def plain(text: str) -> str:
    r"""Text of one or more lines with what could act on a terminal written out, as ``\x1b``.

    Parameters
    ----------
    text
        Anything.

    Returns
    -------
    str
        The same where it is plain already.
    """
    return text if text.isprintable() else _ACTIVE.sub(_written_out, text)


def one_line(text: str) -> str:
    r"""As :func:`plain`, of text that has to stay one line: new lines are written out too, as ``\n``.

    Parameters
    ----------
    text
        Anything.

    Returns
    -------
    str
        The same where it is plain already.
    """
    return text if text.isprintable() else plain(text.replace("\n", "\\n"))


def in_json(text: str) -> str:
    """As :func:`plain`, of a JSON document, which stays the same document.

    Parameters
    ----------
    text
        What ``json.dumps`` made.

    Returns
    -------
    str
        The document, with what is not plain as JSON writes it.
    """
    return _ACTIVE.sub(lambda found: "".join(f"\\u{ord(half):04x}" for half in _halves(found.group())), text)


def _halves(character: str) -> str:
    code = ord(character) - 0x10000
    return character if code < 0 else chr(0xd800 + (code >> 10)) + chr(0xdc00 + (code & 0x3ff))


def _written_out(found: Any) -> str:
    code = ord(found.group())
    if 0xdc80 <= code <= 0xdcff:                             # a byte that could not be decoded
        code -= 0xdc00
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


class PlainFormatter(logging.Formatter):
    """A log whose lines are :func:`plain`."""

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record."""
        return plain(super().format(record))


def cell(value: Any) -> Any:
    """A cell of a CSV or TSV table that no spreadsheet takes for a formula: text that could be one gets an apostrophe before it.

    Parameters
    ----------
    value
        Number, text or None.

    Returns
    -------
    Any
        Numbers, and text that is one, as they are; None is empty.

    Notes
    -----
    CWE-1236, "Improper Neutralization of Formula Elements in a CSV File".
    """
    if value is None:
        return ""
    if not isinstance(value, str) or not value.lstrip(" ").startswith(_FORMULA) or _NUMBER.match(value):
        return value
    return "'" + value
