"""Ways to damage a file: its bytes, the words of a text, the numbers in it."""
from __future__ import annotations

import re
from typing import Callable, List, Sequence, Tuple

import numpy as np

NUMBERS = ("nan", "inf", "-inf", "1e30", "-1e30", "1e-30", "1e400", "-1", "0", "-0", "999999999999999999999", "4294967296", "2147483648",
           "0x10", "1_000", "1,5", "1e", "--1", "+", "٣", "½", "********", "True", "None", "", "1.2.3", "12abc", "'3'", '"3"', "0.1")
WORDS = ("\0", "\x1b[31m", "\ufeff", "\u202e", "é", "Å", "日本", "\ud800", "\x85", "\u2028", "'", '"', "`", "\\", "{}", "%s", "{0}", "..",
         "/", "../../etc/passwd", "/dev/zero", "=1+1", "a" * 300, "none", "null", "data_", "loop_", "_", "#", ";", "<", ">", "&", "]]>",
         ",", "\t", "\r", "\x0c", "$HOME", "~", "*", "?")


def pick(rng: np.random.Generator, choices: Sequence) -> object:
    """One of some choices."""
    return choices[int(rng.integers(len(choices)))]


def encoded(text: str) -> bytes:
    """As UTF-8; halves of surrogates as they are, which is no valid text."""
    return text.encode("utf-8", "surrogatepass")


# ---------------------------------------------------------------- bytes

def cut(rng: np.random.Generator, content: bytes) -> Tuple[bytes, str]:
    """The file ends early."""
    at = int(rng.integers(0, len(content)))
    return content[:at], f"cut to {at} of {len(content)} bytes"


def flip(rng: np.random.Generator, content: bytes, first: int = 0, last: int = 0) -> Tuple[bytes, str]:
    """Bits are turned over, between two places."""
    block = bytearray(content)
    count = int(pick(rng, (1, 1, 1, 2, 4, 16)))
    places = [int(v) for v in rng.integers(first, last or len(block), count)]
    for at in places:
        block[at] ^= 1 << int(rng.integers(8))
    return bytes(block), f"bits turned over at {places}"


def overwrite(rng: np.random.Generator, content: bytes) -> Tuple[bytes, str]:
    """A run of bytes becomes random, zero or 255."""
    block = bytearray(content)
    at, size = int(rng.integers(0, len(block))), int(rng.integers(1, 64))
    how = str(pick(rng, ("random", "zero", "255")))
    new = rng.integers(0, 256, size).astype(np.uint8).tobytes() if how == "random" else bytes([0 if how == "zero" else 255]) * size
    block[at:at + size] = new[:len(block) - at]
    return bytes(block), f"{size} bytes at {at} became {how}"


def append(rng: np.random.Generator, content: bytes) -> Tuple[bytes, str]:
    """Something follows the file."""
    size = int(pick(rng, (1, 2, 10, 512, 1024, 4096)))
    tail = bytes(size) if rng.random() < 0.5 else rng.integers(0, 256, size).astype(np.uint8).tobytes()
    return content + tail, f"{size} {'zeros' if not any(tail) else 'bytes'} appended"


def drop(rng: np.random.Generator, content: bytes) -> Tuple[bytes, str]:
    """A piece is missing in the middle."""
    at, size = int(rng.integers(0, len(content))), int(rng.integers(1, 200))
    return content[:at] + content[at + size:], f"{size} bytes at {at} are gone"


def empty(rng: np.random.Generator, content: bytes) -> Tuple[bytes, str]:
    """Nothing, or next to nothing."""
    new = pick(rng, (b"", b"\n", b"\0", b"x", b"\0" * 4096, b"\xff\xfe", b"\xef\xbb\xbf", b"{", b"[]", b"<a/>", b"data_\n",
                     b"data_\nloop_\n"))
    return new, f"replaced by {new[:12]!r}"


# ---------------------------------------------------------------- texts

_TOKEN = re.compile(rb"[^\s,;<>=\"':\[\]{}]+")
_NUMBER = re.compile(rb"(?<![\w.])[-+]?\d+\.?\d*(?:e[-+]?\d+)?(?![\w.])")


def number(rng: np.random.Generator, content: bytes) -> Tuple[bytes, str]:
    """A number becomes another, or none."""
    found = list(_NUMBER.finditer(content))
    if not found:
        return token(rng, content)
    match, new = found[int(rng.integers(len(found)))], encoded(str(pick(rng, NUMBERS)))
    return content[:match.start()] + new + content[match.end():], f"number {match.group()!r} at {match.start()} became {new!r}"


def token(rng: np.random.Generator, content: bytes) -> Tuple[bytes, str]:
    """A word becomes another."""
    found = list(_TOKEN.finditer(content))
    if not found:
        return append(rng, content)
    match, new = found[int(rng.integers(len(found)))], encoded(str(pick(rng, WORDS + NUMBERS)))
    return content[:match.start()] + new + content[match.end():], f"word {match.group()[:40]!r} at {match.start()} became {new[:40]!r}"


def insert(rng: np.random.Generator, content: bytes) -> Tuple[bytes, str]:
    """Characters come in between."""
    at, new = int(rng.integers(0, len(content) + 1)), encoded(str(pick(rng, WORDS))) * int(pick(rng, (1, 1, 1, 3)))
    return content[:at] + new + content[at:], f"{new[:40]!r} came in at {at}"


def lines(rng: np.random.Generator, content: bytes) -> Tuple[bytes, str]:
    """Lines are lost, doubled, moved or joined."""
    rows = content.split(b"\n")
    at, other = (int(v) for v in rng.integers(0, len(rows), 2))
    how = str(pick(rng, ("lost", "doubled", "moved", "joined", "indented", "many times")))
    if how == "lost":
        del rows[at]
    elif how == "doubled":
        rows.insert(at, rows[at])
    elif how == "moved":
        rows.insert(other, rows.pop(at))
    elif how == "joined" and at + 1 < len(rows):
        rows[at:at + 2] = [rows[at] + rows[at + 1]]
    elif how == "many times":
        rows[at:at] = [rows[at]] * 200
    else:
        rows[at] = b"   " + rows[at]
    return b"\n".join(rows), f"line {at} was {how}"


def ends(rng: np.random.Generator, content: bytes) -> Tuple[bytes, str]:
    """Ends of lines, encodings and marks of another system."""
    how = str(pick(rng, ("crlf", "cr", "utf-16", "bom", "latin-1", "tabs")))
    text = content.decode("utf-8", "replace")
    new = {"crlf": content.replace(b"\n", b"\r\n"), "cr": content.replace(b"\n", b"\r"), "utf-16": text.encode("utf-16"),
           "bom": b"\xef\xbb\xbf" + content, "latin-1": (text + "\xe9\xc5").encode("latin-1", "replace"),
           "tabs": content.replace(b" ", b"\t")}[how]
    return new, f"written as {how}"


def deep(rng: np.random.Generator, content: bytes) -> Tuple[bytes, str]:
    """Brackets within brackets, or one word without end."""
    new = pick(rng, (b"[" * 100000, b'{"a":' * 50000, b"<a>" * 100000, b"a = " + b"[" * 20000 + b"]" * 20000, b"x" * 200000,
                     b'"' + b"y" * 140000 + b'"', b"1" * 5000, b"a.b" + b".c" * 3000 + b" = 1"))
    at = int(pick(rng, (0, len(content), int(rng.integers(0, len(content) + 1)))))
    return content[:at] + new + content[at:], f"{new[:8]!r}... ({len(new)} bytes) came in at {at}"


BYTES: Tuple[Callable, ...] = (cut, flip, overwrite, append, drop, empty)
TEXT: Tuple[Callable, ...] = (number, number, number, token, token, insert, lines, lines, ends, cut, flip, overwrite, drop, empty, deep)


def damaged(rng: np.random.Generator, content: bytes, ways: Sequence[Callable]) -> Tuple[bytes, str]:
    """The content damaged in one or two of some ways, and what was done."""
    said: List[str] = []
    for _ in range(int(pick(rng, (1, 1, 1, 2)))):
        if content:
            content, words = pick(rng, ways)(rng, content)
            said.append(words)
    return content, "; ".join(said)
