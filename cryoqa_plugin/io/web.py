"""How a server that is not trusted is asked: http and https only, and never without an end."""
from __future__ import annotations

import http.client
import io
import socket
import threading
import time
import urllib.request
from typing import Any, Type
from urllib.parse import urlsplit

from ..errors import InputError

HEAD_SECONDS = 120.0                # for the head of an answer, however it dribbles
WINDOW = 60.0                       # seconds over which the speed is looked at
LEAST_SPEED = 1000.0                # bytes a second
_USUAL_SPEED = 10e3                 # bytes a second, with which a file takes as long as it may
_SPARE = 600.0
_LONGEST = 86400.0


class Patience:
    """How long one file may take, over all tries.

    Parameters
    ----------
    most
        Bytes that it may have.
    """

    def __init__(self, most: int) -> None:
        self._began = self._from = self._told = time.monotonic()
        self._allowed = min(_SPARE + most / _USUAL_SPEED, _LONGEST)
        self._came = 0

    def begin(self, total: int) -> None:
        """An answer begins, of a file with this many bytes (0 when the server does not say)."""
        self._from, self._came = time.monotonic(), 0
        if total:
            self._allowed = min(self._allowed, _SPARE + total / _USUAL_SPEED)

    def is_over(self) -> bool:
        """Whether the file has taken longer than it may."""
        return time.monotonic() - self._began > self._allowed

    def late(self, came: int) -> str:
        """Note that bytes came; the reason to hang up, empty when there is none."""
        self._came += came
        now = time.monotonic()
        if self.is_over():
            return f"it took longer than {self._allowed:.0f} s"
        if now - self._from < WINDOW:
            return ""
        speed = self._came / (now - self._from)
        self._from, self._came = now, 0
        return f"the server sends {speed:.0f} bytes a second" if speed < LEAST_SPEED else ""

    def may_tell(self) -> bool:
        """True some times a second: progress that is told with every packet costs more than the file."""
        now = time.monotonic()
        if now - self._told < 0.1:
            return False
        self._told = now
        return True


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects to http and https, but never from https to anything else."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        before, after = urlsplit(req.full_url).scheme.lower(), urlsplit(newurl).scheme.lower()
        if before == "https" and after != "https":
            raise InputError(f"{req.full_url} leads to {newurl}, which is not encrypted; give another server.")
        if after not in ("http", "https"):
            raise InputError(f"{req.full_url} leads to {newurl}, which is no http or https address; give another server.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        target = headers.get("location") or headers.get("uri") or ""
        if urlsplit(target).scheme.lower() not in ("", "http", "https"):      # Python would answer with an HTTPError or speak ftp
            self.redirect_request(req, fp, code, msg, headers, target)
        fp.close()                                           # Python would read it to its end, which it may not have
        return super().http_error_302(req, io.BytesIO(), code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _impatient(kind: Type[Any]) -> Type[Any]:
    """A connection that hangs up when the head of the answer does not come."""

    class Connection(kind):  # type: ignore[misc]
        def getresponse(self) -> Any:
            late = threading.Event()

            def hang_up() -> None:
                late.set()
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

            timer = threading.Timer(HEAD_SECONDS, hang_up)
            timer.daemon = True
            timer.start()
            try:
                answer = super().getresponse()
            finally:
                timer.cancel()
            if late.is_set():
                raise ConnectionError("no answer")
            return answer

    return Connection


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: Any) -> Any:
        return self.do_open(_impatient(http.client.HTTPConnection), req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: Any) -> Any:
        return self.do_open(_impatient(http.client.HTTPSConnection), req)


def opener() -> urllib.request.OpenerDirector:
    """What opens an address; of Python's own it knows no ftp, file or data."""
    out = urllib.request.OpenerDirector()
    for handler in (urllib.request.ProxyHandler(), urllib.request.UnknownHandler(), _Http(), _Https(),
                    urllib.request.HTTPDefaultErrorHandler(), _Redirects(), urllib.request.HTTPErrorProcessor()):
        out.add_handler(handler)
    return out
