"""One file from a web server, whole or not at all: resumed where it broke off, checked against what the server says.

A download goes to ``FILE.part`` with the server's mark of the version (ETag or date) in ``FILE.part.tag``; a later call
asks for the rest of that version only. The finished file is compared with the length and, where the server sends one,
the checksum (headers ``Content-MD5``, ``Digest``, ``Repr-Digest``), then given to the caller's own check.

The server is not trusted: size, time, speed and the number of requests have limits, only http and https are spoken, and what began
encrypted stays so.
"""
from __future__ import annotations

import base64
import hashlib
import http.client
import os
import re
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Tuple

from .. import __version__
from ..errors import CryoqaError, InputError
from .web import Patience, opener

WAITS = (1.0, 2.0, 4.0)             # seconds before each further try that brings nothing new
TIMEOUT = 60.0
TRIES = 100                         # requests for one file, whatever they bring
_BLOCK = 1 << 18
_NEWS = 1 << 20                     # bytes that a try has to bring before the next ones are counted anew
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_DIGESTS = {"sha-256": "sha256", "sha-512": "sha512", "md5": "md5", "sha": "sha1"}


@dataclass(frozen=True)
class Download:
    """A file that is there: ``size`` in bytes, its ``sha256``, and the names of the checks it passed."""

    path: str
    url: str
    size: int
    sha256: str
    checked: Tuple[str, ...]


class _Broken(Exception):
    """The connection or the server failed in a way that another try may cure."""


class _Spoilt(_Broken):
    """The file came whole and is no good; one more try, not three."""


def check_url(url: str) -> str:
    """The address, when it can be one.

    Parameters
    ----------
    url
        Address of a server or a file.

    Returns
    -------
    str
        The same.

    Raises
    ------
    InputError
        It is not http or https, has no server, or characters or parts that an address of a public file has not.
    """
    def refuse(why: str) -> InputError:
        return InputError(f"'{url}' is no http or https address ({why}); give one that begins with https://.")
    strange = re.search(r"[^!#-;=?-\[\]_a-z~]", url)
    if strange:
        raise refuse(f"{strange.group()!r} cannot stand in it")
    try:
        parts = urllib.parse.urlsplit(url)
        sound = parts.port != 0 and bool(parts.hostname)
    except ValueError as error:
        raise refuse(str(error)) from None
    if parts.scheme not in ("http", "https"):
        raise refuse(f"it begins with '{parts.scheme}:'" if parts.scheme else "nothing says how to ask")
    if not sound:
        raise refuse("it names no server")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise refuse("a user, a question or a mark in it is not used")
    return url


def download(url: str, path: str, *, most: int, check: Optional[Callable[[str], None]] = None,
             progress: Optional[Callable[[int, int], None]] = None) -> Optional[Download]:
    """Fetch ``url`` into ``path``.

    Parameters
    ----------
    url
        Address, http or https.
    path
        Where the file goes; its folder exists.
    most
        Bytes that the file may have.
    check
        Called with the path of the complete file before it gets its name; raises FormatError when it is no good.
    progress
        Called with the bytes that are there and the bytes in all (0 when the server does not say).

    Returns
    -------
    Download or None
        None when the server says that there is no such file (404 or 410).
    """
    check_url(url)
    part, failures, spoilt, best = path + ".part", 0, 0, _size(path + ".part")
    patience = Patience(most)
    last: Exception = _Broken("it is no good")
    for _ in range(TRIES):
        try:
            answer = _attempt(url, part, most, patience, progress)
            if answer is None:
                _remove(part, part + ".tag")
                return None
            checked = _verify(part, answer, check)
            break
        except _Broken as error:
            spoilt += isinstance(error, _Spoilt)
            failures = 0 if _size(part) >= best + _NEWS else failures + 1
            best = max(best, _size(part))
            if failures > len(WAITS) or spoilt > 1 or patience.is_over():
                raise _given_up(url, error) from None
            last = error
            time.sleep(WAITS[failures - 1] if failures else 0)
    else:
        raise _given_up(url, last)
    done = Download(path, url, _size(part), sha256(part), checked)
    os.replace(part, path)
    _remove(part + ".tag")
    return done


def _given_up(url: str, error: Exception) -> InputError:
    return InputError(f"{url} cannot be fetched ({error}); check the network and try again, what is there is kept, or give another server.")


def sha256(path: str) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    return _digest(path, "sha256").hexdigest()


def _attempt(url: str, part: str, most: int, patience: Patience, progress: Optional[Callable[[int, int], None]]) -> Any:
    """One request, appended to ``part``; the headers of the answer, or None for 'no such file'."""
    have, tag = _size(part), _read_tag(part)
    request = urllib.request.Request(url, headers={"User-Agent": f"cryoqa/{__version__}", "Accept-Encoding": "identity"})
    if have and tag:
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", tag)
    try:
        with opener().open(request, timeout=TIMEOUT) as answer:
            return _receive(answer, part, have, most, patience, progress)
    except CryoqaError:
        raise
    except urllib.error.HTTPError as error:
        return _refused(error, url, part)
    except urllib.error.URLError as error:
        raise _Broken(str(getattr(error.reason, "strerror", None) or error.reason)) from None
    except (http.client.HTTPException, ConnectionError, TimeoutError, ValueError) as error:
        raise _Broken(f"the connection broke, {type(error).__name__}") from None
    except OSError as error:                                 # socket.timeout of Python < 3.10, ssl.SSLError
        raise _Broken(str(error) or "the server does not answer") from None


def _refused(error: urllib.error.HTTPError, url: str, part: str) -> None:
    if error.code in (404, 410):
        return None
    if error.code == 416:                                    # there is nothing after what we have: begin again
        _remove(part, part + ".tag")
        raise _Broken("the server has another version of the file")
    if error.code in _BUSY:
        raise _Broken(f"the server answers {error.code} {error.reason}")
    raise InputError(f"{url} is refused by the server ({error.code} {error.reason}); check the address, or give another server.")


def _receive(answer: Any, part: str, have: int, most: int, patience: Patience,
             progress: Optional[Callable[[int, int], None]]) -> Any:
    headers, start = answer.headers, 0
    if answer.status == 206:
        span = re.match(r"bytes (\d+)-", headers.get("Content-Range", ""))
        if not span or int(span.group(1)) != have:
            _remove(part, part + ".tag")
            raise _Broken("the server sent another part of the file than was asked for")
        start = have
    length = headers.get("Content-Length") or ""
    total = start + int(length) if re.match(r"[0-9]{1,18}$", length) else 0
    found = start
    _refuse_large(total, most, part, answer.url)
    patience.begin(total)
    with _Writer(part, start, headers) as writer:
        for block in iter(lambda: answer.read1(_BLOCK), b""):
            writer.write(block)
            found += len(block)
            if found > most:
                writer.drop()
                _refuse_large(found, most, part, answer.url)
            late = patience.late(len(block))
            if late:
                raise _Broken(late)
            if progress and patience.may_tell():
                progress(found, total)
    if progress:
        progress(found, total)
    if total and found < total:
        raise _Broken(f"the connection broke after {found} of {total} bytes")
    if total and found > total:
        _remove(part, part + ".tag")
        raise _Broken(f"{found} bytes came instead of {total}")
    return headers


def _refuse_large(size: int, most: int, part: str, url: str) -> None:
    """Raise InputError when a file is larger than it may be, or than the disk has room for."""
    if size > most:
        raise InputError(f"{url} has more than {most / 1e6:.0f} MB, which a file of its kind of this entry should not have; "
                         "nothing was kept. Check the entry, or give another server.")
    free = shutil.disk_usage(os.path.dirname(os.path.abspath(part))).free
    if size - _size(part) > free:
        raise InputError(f"{part} would need {size / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free; make room, or choose another folder.")


class _Writer:
    """The file that a download goes to, and the mark of its version; one sentence when it cannot be written."""

    def __init__(self, part: str, start: int, headers: Any) -> None:
        self._part = part
        try:
            _write_tag(part, headers)
            self._stream = open(part, "ab" if start else "wb", opener=_no_link)
            self._stream.truncate(start)
        except OSError as error:
            raise self._sentence(error) from None

    def write(self, block: bytes) -> None:
        try:
            self._stream.write(block)
        except OSError as error:
            raise self._sentence(error) from None

    def drop(self) -> None:
        """Keep nothing of what came."""
        self._stream.close()
        _remove(self._part, self._part + ".tag")

    def _sentence(self, error: OSError) -> InputError:
        return InputError(f"{self._part} cannot be written ({error.strerror or error}); make room, or choose another folder.")

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *exc: Any) -> None:
        self._stream.close()


def _verify(part: str, headers: Any, check: Optional[Callable[[str], None]]) -> Tuple[str, ...]:
    """Names of the checks that the complete file passed; a failed one throws the file away."""
    passed: List[str] = ["length"] if headers.get("Content-Length") else []
    for kind, wanted in _promised(headers):
        if _digest(part, kind).digest() != wanted:
            _remove(part, part + ".tag")
            raise _Spoilt(f"its {kind} is not the one that the server gives")
        passed.append(kind)
    if check:
        try:
            check(part)
        except CryoqaError as error:
            _remove(part, part + ".tag")
            raise _Spoilt(str(error).rstrip(".")) from None
        passed.append("content")
    return tuple(passed)


def _promised(headers: Any) -> List[Tuple[str, bytes]]:
    """Checksums in the headers of a whole-file answer: (name in hashlib, digest)."""
    out = []
    partial = headers.get("Content-Range") is not None
    values = [] if partial or not headers.get("Content-MD5") else [("md5", headers["Content-MD5"])]
    for name in ("Digest", "Repr-Digest"):
        for item in (headers.get(name) or "").split(","):
            kind, _, value = item.strip().partition("=")
            if kind.lower() in _DIGESTS and value:
                values.append((_DIGESTS[kind.lower()], value.strip(":")))
    for kind, value in values:
        try:
            digest = base64.b64decode(value.strip(), validate=True)
        except ValueError:
            continue
        if len(digest) == hashlib.new(kind).digest_size:
            out.append((kind, digest))
    return out


def _digest(path: str, kind: str) -> Any:
    digest = hashlib.new(kind)
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(_BLOCK), b""):
            digest.update(block)
    return digest


def _write_tag(part: str, headers: Any) -> None:
    tag = headers.get("ETag") or ""
    if not tag or tag.startswith("W/"):
        tag = headers.get("Last-Modified") or ""
    with open(part + ".tag", "w", encoding="latin-1", errors="replace", opener=_no_link) as stream:
        stream.write(tag)


def _no_link(path: str, flags: int) -> int:
    """Open for writing what is no link: in a folder of many users it may lead to any file of this one."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def _read_tag(part: str) -> str:
    try:
        with open(part + ".tag", encoding="latin-1") as stream:
            return stream.read().strip()
    except OSError:
        return ""


def _size(path: str) -> int:
    return os.path.getsize(path) if os.path.isfile(path) else 0


def _remove(*paths: str) -> None:
    for path in paths:
        if os.path.isfile(path):
            os.remove(path)
