"""One file from a web server, whole or not at all: resumed where it broke off, checked against what the server says.

A download goes to ``FILE.part`` with the server's mark of the version (ETag or date) in ``FILE.part.tag``; a later call
asks for the rest of that version only. The finished file is compared with the length and, where the server sends one,
the checksum (headers ``Content-MD5``, ``Digest``, ``Repr-Digest``), then given to the caller's own check.
"""
from __future__ import annotations

import base64
import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Tuple

from .. import __version__
from ..errors import FormatError, InputError

WAITS = (1.0, 2.0, 4.0)             # seconds before each further try that brings nothing new
TIMEOUT = 60.0
_BLOCK = 1 << 20
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

    weight = 1


class _Spoilt(_Broken):
    """The file came whole and is no good; one more try, not three."""

    weight = 2


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects, but never from https to anything else."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise InputError(f"{req.full_url} leads to {newurl}, which is not encrypted; give another server.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(url: str, path: str, *, check: Optional[Callable[[str], None]] = None,
             progress: Optional[Callable[[int, int], None]] = None) -> Optional[Download]:
    """Fetch ``url`` into ``path``.

    Parameters
    ----------
    url
        Address, http or https.
    path
        Where the file goes; its folder exists.
    check
        Called with the path of the complete file before it gets its name; raises FormatError when it is no good.
    progress
        Called with the bytes that are there and the bytes in all (0 when the server does not say).

    Returns
    -------
    Download or None
        None when the server says that there is no such file (404 or 410).
    """
    if not re.match(r"https?://[^/\s]+/", url):
        raise InputError(f"'{url}' is no http or https address; give one that begins with https://.")
    part, failures = path + ".part", 0
    while True:
        before = _size(part)
        try:
            answer = _attempt(url, part, progress)
            if answer is None:
                _remove(part, part + ".tag")
                return None
            checked = _verify(part, answer, check)
            break
        except _Broken as error:
            failures = 0 if _size(part) > before else failures + error.weight
            if failures > len(WAITS):
                raise InputError(f"{url} cannot be fetched ({error}); check the network and try again, what is there is kept, "
                                 "or give another server.") from None
            time.sleep(WAITS[failures - 1] if failures else 0)
    done = Download(path, url, _size(part), sha256(part), checked)
    os.replace(part, path)
    _remove(part + ".tag")
    return done


def sha256(path: str) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    return _digest(path, "sha256").hexdigest()


def _attempt(url: str, part: str, progress: Optional[Callable[[int, int], None]]) -> Any:
    """One request, appended to ``part``; the headers of the answer, or None for 'no such file'."""
    have, tag = _size(part), _read_tag(part)
    request = urllib.request.Request(url, headers={"User-Agent": f"cryoqa/{__version__}", "Accept-Encoding": "identity"})
    if have and tag:
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", tag)
    try:
        with urllib.request.build_opener(_Redirects()).open(request, timeout=TIMEOUT) as answer:
            return _receive(answer, part, have, progress)
    except urllib.error.HTTPError as error:
        return _refused(error, url, part)
    except urllib.error.URLError as error:
        raise _Broken(str(getattr(error.reason, "strerror", None) or error.reason)) from None
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
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


def _receive(answer: Any, part: str, have: int, progress: Optional[Callable[[int, int], None]]) -> Any:
    headers, start = answer.headers, 0
    if answer.status == 206:
        span = re.match(r"bytes (\d+)-", headers.get("Content-Range", ""))
        if not span or int(span.group(1)) != have:
            _remove(part, part + ".tag")
            raise _Broken("the server sent another part of the file than was asked for")
        start = have
    length = headers.get("Content-Length")
    total = start + int(length) if length and length.isdigit() else 0
    found = start
    with _Writer(part, start, headers) as writer:
        for block in iter(lambda: answer.read(_BLOCK), b""):
            writer.write(block)
            found += len(block)
            if progress:
                progress(found, total)
    if total and found < total:
        raise _Broken(f"the connection broke after {found} of {total} bytes")
    if total and found > total:
        _remove(part, part + ".tag")
        raise _Broken(f"{found} bytes came instead of {total}")
    return headers


class _Writer:
    """The file that a download goes to, and the mark of its version; one sentence when it cannot be written."""

    def __init__(self, part: str, start: int, headers: Any) -> None:
        self._part = part
        try:
            _write_tag(part, headers)
            self._stream = open(part, "ab" if start else "wb")
            self._stream.truncate(start)
        except OSError as error:
            raise self._sentence(error) from None

    def write(self, block: bytes) -> None:
        try:
            self._stream.write(block)
        except OSError as error:
            raise self._sentence(error) from None

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
        except FormatError as error:
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
    with open(part + ".tag", "w", encoding="latin-1") as stream:
        stream.write(tag)


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
