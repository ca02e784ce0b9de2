"""Servers that mean harm or are broken: every request ends, and nothing but the file of the entry is written."""
from __future__ import annotations

import gzip
import threading
import time
import urllib.request
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from cryoqa_plugin.errors import FormatError, InputError
from cryoqa_plugin.io import download as download_module
from cryoqa_plugin.io import emdb, web
from cryoqa_plugin.io.download import check_url, download
from cryoqa_plugin.io.emdb_xml import EmdbHeader

MOST = 1 << 20


class _Server(ThreadingHTTPServer):
    """Answers every request as ``behaviour`` (a function of the handler) does; ``asked`` counts."""

    daemon_threads = True

    def __init__(self):
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                self.server.asked += 1
                self.server.behaviour(self)
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.behaviour = 0, None
        self.url = f"http://127.0.0.1:{self.server_address[1]}/file"

    def handle_error(self, request, client_address):
        pass


@pytest.fixture
def server(monkeypatch):
    one = _Server()
    threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    monkeypatch.setattr(download_module, "WAITS", (0.0, 0.0, 0.0))
    yield one
    one.shutdown()
    one.server_close()


def head(handler, code=200, **headers):
    handler.send_response(code)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), str(value))
    handler.end_headers()


def never_good(path):
    raise FormatError("it is no map.")


def test_a_server_that_cuts_and_completes_with_a_bad_file_is_asked_a_few_times(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download_module, "_NEWS", 1000)
    body = bytes(5000)

    def behaviour(handler):
        asked = handler.headers.get("Range")
        start = int(asked[6:-1]) if asked else 0
        more = {"Content_Range": f"bytes {start}-4999/5000"} if start else {}
        head(handler, 206 if start else 200, Content_Length=5000 - start, ETag='"one"', **more)
        handler.wfile.write(body[start:] if start else body[:2500])

    server.behaviour = behaviour
    with pytest.raises(InputError, match="cannot be fetched .it is no map.; check the network"):
        download(server.url, str(tmp_path / "file"), most=MOST, check=never_good)
    assert server.asked == 4 and not list(tmp_path.iterdir())


def test_a_server_that_always_begins_anew_is_asked_a_bounded_number_of_times(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download_module, "_NEWS", 1000)

    def behaviour(handler):
        if handler.headers.get("Range"):
            return head(handler, 416, Content_Length=0)
        head(handler, Content_Length=90000, ETag='"one"')
        handler.wfile.write(bytes(5000))

    server.behaviour = behaviour
    with pytest.raises(InputError, match="cannot be fetched"):
        download(server.url, str(tmp_path / "file"), most=MOST)
    assert server.asked <= 6


def test_a_server_that_brings_a_little_each_time_is_asked_a_bounded_number_of_times(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download_module, "_NEWS", 10)
    monkeypatch.setattr(download_module, "TRIES", 12)

    def behaviour(handler):
        asked = handler.headers.get("Range")
        start = int(asked[6:-1]) if asked else 0
        more = {"Content_Range": f"bytes {start}-89999/90000"} if start else {}
        head(handler, 206 if start else 200, Content_Length=90000 - start, ETag='"one"', **more)
        handler.wfile.write(bytes(20))

    server.behaviour = behaviour
    with pytest.raises(InputError, match="broke after 240 of 90000 bytes"):
        download(server.url, str(tmp_path / "file"), most=MOST)
    assert server.asked == 12 and (tmp_path / "file.part").stat().st_size == 240


def dribble(handler, step=0.02):
    """One byte at a time, for ten seconds: far longer than any test waits."""
    for _ in range(500):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(step)


@pytest.mark.parametrize("how", ("with a length", *(pytest.param(how, marks=pytest.mark.heavy) for how in ("without", "in chunks"))))
def test_a_server_that_dribbles_is_left(server, tmp_path, monkeypatch, how):
    monkeypatch.setattr(web, "WINDOW", 0.2)

    def behaviour(handler):
        if how == "in chunks":
            handler.protocol_version = "HTTP/1.1"
            head(handler, Transfer_Encoding="chunked")
            for _ in range(500):
                handler.wfile.write(b"1\r\nx\r\n")
                handler.wfile.flush()
                time.sleep(0.02)
            return
        head(handler, **({"Content_Length": 500} if how == "with a length" else {}))
        dribble(handler)

    server.behaviour = behaviour
    began = time.monotonic()
    with pytest.raises(InputError, match=r"the server sends \d+ bytes a second"):
        download(server.url, str(tmp_path / "file"), most=MOST)
    assert time.monotonic() - began < 5 and server.asked == 4


@pytest.mark.parametrize("what", ("line", pytest.param("headers", marks=pytest.mark.heavy)))
def test_a_head_that_dribbles_is_left(server, tmp_path, monkeypatch, what):
    monkeypatch.setattr(web, "HEAD_SECONDS", 0.2)

    def behaviour(handler):
        if what == "headers":
            handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-One: ")
        dribble(handler)

    server.behaviour = behaviour
    began = time.monotonic()
    with pytest.raises(InputError, match="cannot be fetched"):
        download(server.url, str(tmp_path / "file"), most=MOST)
    assert time.monotonic() - began < 5 and server.asked == 4 and not (tmp_path / "file").exists()


def test_the_time_of_a_file_is_bounded_over_all_tries(server, tmp_path, monkeypatch):
    """Fast enough, and each try brings news: still it ends."""
    monkeypatch.setattr(web, "_SPARE", 0.3)
    monkeypatch.setattr(web, "_USUAL_SPEED", 1e12)
    monkeypatch.setattr(download_module, "_NEWS", 1)

    def behaviour(handler):
        head(handler)
        for _ in range(1000):
            handler.wfile.write(bytes(100))
            time.sleep(0.01)

    server.behaviour = behaviour
    began = time.monotonic()
    with pytest.raises(InputError, match="it took longer than 0 s"):
        download(server.url, str(tmp_path / "file"), most=MOST)
    assert time.monotonic() - began < 5 and server.asked == 1


@pytest.mark.parametrize("said", (True, False))
def test_a_body_that_is_too_large_is_not_kept(server, tmp_path, said):
    def behaviour(handler):
        head(handler, **({"Content_Length": 10 * MOST} if said else {}))
        try:
            while True:
                handler.wfile.write(bytes(65536))
        except OSError:
            server.stopped = True

    server.behaviour = behaviour
    with pytest.raises(InputError, match="more than 1 MB"):
        download(server.url, str(tmp_path / "file"), most=MOST)
    assert server.asked == 1 and not list(tmp_path.iterdir())


def test_a_file_that_the_disk_has_no_room_for_is_not_begun(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download_module.shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    server.behaviour = lambda handler: head(handler, Content_Length=5000)
    with pytest.raises(InputError, match="make room"):
        download(server.url, str(tmp_path / "file"), most=MOST)


@pytest.mark.parametrize("length", ("-5", "9" * 5000, "1e3", "²"))
def test_a_length_that_is_no_number_is_as_none(server, tmp_path, length):
    def behaviour(handler):
        handler.wfile.write(f"HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\nabc".encode("latin-1"))

    server.behaviour = behaviour
    assert download(server.url, str(tmp_path / "file"), most=MOST).size == 3


@pytest.mark.parametrize("junk", (b"", b"\x00" * 100, b"HTTP/1.0 abc\r\n\r\n", b"SSH-2.0-OpenSSH\r\n",
                                  b"HTTP/1.0 200 OK\r\n" + b"A: b\r\n" * 300,
                                  b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                                  b"HTTP/1.0 302 x\r\nLocation: http://[::1\r\n\r\n",
                                  b"HTTP/1.0 302 x\r\nLocation: http://a:b/\r\n\r\n", b"HTTP/1.0 302 x\r\n\r\n",
                                  b"HTTP/1.0 999 \x1b[2J\r\n\r\n",
                                  b"HTTP/1.0 200 OK\r\nETag: \xff\xfe\r\nContent-Length: 5\r\n\r\nab"))
def test_junk_gives_a_sentence(server, tmp_path, junk):
    server.behaviour = lambda handler: handler.wfile.write(junk)
    with pytest.raises(InputError, match="cannot be fetched|is refused"):
        download(server.url, str(tmp_path / "file"), most=MOST)
    assert server.asked <= 4 and not (tmp_path / "file").exists()


def test_a_redirect_in_a_circle_and_one_with_an_endless_body(server, tmp_path):
    def behaviour(handler):
        head(handler, 302, Location=server.url)
        try:
            while True:
                handler.wfile.write(bytes(65536))
        except OSError:
            pass

    server.behaviour = behaviour
    with pytest.raises(InputError, match="is refused by the server"):
        download(server.url, str(tmp_path / "file"), most=MOST)
    assert server.asked <= 11


@pytest.mark.parametrize("target", ("ftp://127.0.0.1/x", "file:///etc/passwd", "data:,abc", "gopher://x/"))
def test_a_redirect_to_anything_but_http_is_not_followed(server, tmp_path, target):
    server.behaviour = lambda handler: head(handler, 302, Location=target)
    with pytest.raises(InputError, match="no http or https address"):
        download(server.url, str(tmp_path / "file"), most=MOST)
    assert server.asked == 1 and not (tmp_path / "file").exists()


@pytest.mark.parametrize("target, good", [("https://other.org/b", True), ("HTTPS://other.org/b", True), ("http://other.org/b", False),
                                          ("Http://other.org/b", False), ("ftp://other.org/b", False), ("file:///etc/passwd", False)])
@pytest.mark.parametrize("code", (301, 302, 303, 307, 308))
def test_what_began_encrypted_stays_so(target, good, code):
    handler, request = web._Redirects(), urllib.request.Request("https://one.org/a")
    if good:
        assert handler.redirect_request(request, None, code, "", Message(), target).full_url.lower() == target.lower()
    else:
        with pytest.raises(InputError, match="which is not encrypted"):
            handler.redirect_request(request, None, code, "", Message(), target)


def test_only_http_and_https_can_be_opened(tmp_path):
    (tmp_path / "secret").write_text("x")
    for address in (f"file://{tmp_path}/secret", "data:,abc", "ftp://127.0.0.1/x"):
        with pytest.raises(urllib.error.URLError, match="unknown url type"):
            web.opener().open(address)


@pytest.mark.parametrize("address, words", [
    ("ftp://a.org", "begins with 'ftp:'"), ("file:///etc", "begins with 'file:'"), ("a.org/x", "nothing says how"),
    ("", "nothing says how"),
    ("https://", "names no server"), ("https:///x", "names no server"), ("https://a.org:0", "names no server"),
    ("https://a b.org", "' ' cannot"),
    ("https://a.org/ö", "'ö' cannot"), ("https://a.org/\x1b[2J", r"'\\x1b' cannot"), ("https://a.org/\r\nHost: x", r"'\\r' cannot"),
    ("https://a.org\n", r"'\\n' cannot"), ("https://a.org:port", "Port could not|invalid|no number"), ("https://a.org:99999", "range"),
    ("https://[::1", "IPv6"), ("https://user:word@a.org", "a user"), ("https://a.org/?x=1", "a question"), ("https://a.org/#x", "a mark")])
def test_addresses_that_are_none(address, words, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=words):
        check_url(address)
    if address:
        with pytest.raises(InputError, match=words):
            emdb.fetch("9999", str(tmp_path), base_url=address)
        monkeypatch.setenv("CRYOQA_PDB_URL", address)
        with pytest.raises(InputError):
            emdb.fetch("9999", str(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("address", ("https://a.org", "http://127.0.0.1:8080/pub", "https://[::1]:8443/x", "https://a.org/~emdb/pub_1.0",
                                     emdb.EMDB_URL, emdb.PDB_URL))
def test_addresses_that_are_some(address):
    assert check_url(address) == address


@pytest.mark.parametrize("end", (".part", ".part.tag"))
def test_a_link_in_the_place_of_the_part_is_not_followed(server, tmp_path, end):
    def behaviour(handler):
        head(handler, Content_Length=3)
        handler.wfile.write(b"abc")

    server.behaviour = behaviour
    (tmp_path / "mine").write_text("kept")
    (tmp_path / ("file" + end)).symlink_to(tmp_path / "mine")
    with pytest.raises(InputError, match="cannot be written"):
        download(server.url, str(tmp_path / "file"), most=MOST)
    assert (tmp_path / "mine").read_text() == "kept"


# ---------------------------------------------------------------- names and sizes of the entry

def items(**header):
    fetcher = emdb._Fetcher("9999", "folder", "https://a.org", "https://b.org", lambda *a: None)
    return {i.kind: i for i in fetcher._items(EmdbHeader("EMD-9999", **header))}


def names(item):
    return [u.rsplit("/", 1)[1] for u in item.urls]


@pytest.mark.parametrize("name", ("manifest.json", "../x", "../../emd_9999_half_map_1.map.gz", "emd_9999.map.gz", "emd_9999.map",
                                  "EMD_9999.MAP.GZ", "emd_1234_half_map_1.map.gz", "emd_9999_half_map_1.map.gz.part", "emd_9999_half.map\n",
                                  "emd_9999_half_map_1.map.gz\x00", "emd_9999_half_\u202emap.map", "emd_9999_fsc.xml", "emd-9999.xml",
                                  "emd_9999_msk_1.map", "emd_9999_half_" + "a" * 300 + ".map", "", "/etc/emd_9999_half_map_1.map"))
def test_a_header_cannot_name_a_half_map_like_anything_else(name):
    found = items(half_map_files=(name, "emd_9999_half_map_2.map.gz"))
    assert names(found["half1"]) == ["emd_9999_half_map_1.map.gz"] and names(found["half2"]) == ["emd_9999_half_map_2.map.gz"]


def test_names_of_the_entry_are_used_and_each_once():
    found = items(half_map_files=("emd_9999_half_a.map.gz", "emd_9999_half_b.map.gz"), mask_files=("emd_9999_msk_7.map",),
                  fsc_files=("emd_9999_fsc_2.xml",), map_file="emd_9999_half_a.map.gz")
    assert names(found["half1"])[0] == "emd_9999_half_a.map.gz" and names(found["half2"])[0] == "emd_9999_half_b.map.gz"
    assert names(found["mask"])[0] == "emd_9999_msk_7.map" and names(found["fsc"])[0] == "emd_9999_fsc_2.xml"
    same = items(half_map_files=("emd_9999_half_a.map.gz", "emd_9999_half_a.map.gz"))
    assert names(same["half1"]) == ["emd_9999_half_map_1.map.gz"] and names(same["half2"]) == ["emd_9999_half_map_2.map.gz"]
    mixed = items(half_map_files=("emd_9999_half_msk.map", "emd_9999_half_b.map"), mask_files=("emd_9999_half_msk.map",))
    assert names(mixed["half1"])[0] == "emd_9999_half_msk.map" and names(mixed["mask"])[0] == "emd_9999_msk_1.map"
    every = [n for item in mixed.values() for n in names(item)]
    assert len(every) == len(set(every)) and all(n.startswith("emd_9999") for n in every)


@pytest.mark.parametrize("pdb", ("../x", "..", "passwd", "emd_9999", "1abc/../x", "1abc\n", "manifest", "१abc"))
def test_a_header_names_a_model_by_an_id_of_the_pdb_or_none(pdb):
    assert "model" not in items(pdb_ids=(pdb,))
    found = items(pdb_ids=(pdb, "7xyz", "pdb_00001abc"))
    assert names(found["model"]) == ["7xyz.cif", "7xyz.cif.gz"] and names(found["model2"])[0] == "pdb_00001abc.cif"


def test_sizes_follow_the_header_within_reason():
    assert items(shape=(256, 256, 256))["half1"].most == 1 << 30
    assert items(shape=(512, 512, 512))["full_map"].most == 16 * 512 ** 3
    assert items()["mask"].most == items(shape=(10 ** 9, 10 ** 9, 10 ** 9))["mask"].most == 64 << 30
    assert items()["fsc"].most == 64 << 20 and items(pdb_ids=("1abc",))["model"].most == 4 << 30


def test_a_file_that_unpacks_without_an_end_is_no_map(tmp_path):
    path = tmp_path / "bomb.map.gz"
    path.write_bytes(gzip.compress(bytes(20 << 20)))
    assert path.stat().st_size < 100_000
    with pytest.raises(FormatError, match="unpacks to more than 1 MB"):
        emdb._map_check(1 << 20)(str(path))
