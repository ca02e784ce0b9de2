"""Fetching an entry from a local server with EMDB's layout: resume, broken connections, checks, what is missing."""
from __future__ import annotations

import base64
import gzip
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from cryoqa_plugin.errors import FormatError, InputError
from cryoqa_plugin.io import download as download_module
from cryoqa_plugin.io.emdb import fetch, read_fsc_xml, read_header_xml
from cryoqa_plugin.io.maps import Map, read_map, write_map

TOP = "/structures/EMD-9999"
FSC = "<fsc title='half-maps'>" + "".join(f"<coordinate><x>{0.01 * i}</x><y>{1 - 0.1 * i}</y></coordinate>" for i in range(8)) + "</fsc>"
HEADER = """<emd emdb_id="EMD-9999" version="3.0.1.9"><admin><title>A small
  ball</title></admin><crossreferences><pdb_list><pdb_reference><pdb_id>1ABC</pdb_id></pdb_reference></pdb_list></crossreferences>
<structure_determination_list><structure_determination><method>singleParticle</method><singleparticle_processing><final_reconstruction>
<resolution units="A">3.4</resolution><resolution_method>FSC 0.143 CUT-OFF</resolution_method></final_reconstruction>
</singleparticle_processing>
</structure_determination></structure_determination_list>
<map><file>emd_9999.map.gz</file><dimensions><col>8</col><row>8</row><sec>8</sec></dimensions><pixel_spacing><x>1.5</x><y>1.5</y><z>1.5</z>
</pixel_spacing><contour_list><contour primary="true"><level>0.018</level></contour></contour_list></map>
<interpretation><half_map_list><half_map><file>emd_9999_half_map_1.map.gz</file></half_map><half_map><file>emd_9999_half_map_2.map.gz</file>
</half_map></half_map_list><segmentation_list><segmentation><mask_details><file>emd_9999_msk_1.map</file></mask_details></segmentation>
<segmentation><mask_details><file>../../etc/passwd</file></mask_details></segmentation></segmentation_list></interpretation>
<validation><fsc_curve><file>emd_9999_fsc.xml</file></fsc_curve></validation></emd>"""


class _Server(ThreadingHTTPServer):
    """Serves ``files`` (path -> bytes); ``breaks`` and ``faults`` say which answers go wrong, ``asked`` is the log."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.asked, self.breaks, self.faults, self.headers, self.moved = {}, [], {}, {}, {}, {}
        self.no_ranges = False
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        pass


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        server, path = self.server, self.path
        server.asked.append((path, self.headers.get("Range")))
        if path in server.moved:
            self.send_response(302)
            self.send_header("Location", server.moved[path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        fault = server.faults.get(path, [])
        if fault or path not in server.files:
            self.send_error(fault.pop(0) if fault else 404)
            return
        body, tag, start = server.files[path], f'"{hashlib.md5(server.files[path]).hexdigest()[:8]}"', 0
        asked = self.headers.get("Range")
        if asked and not server.no_ranges and self.headers.get("If-Range") == tag:
            start = int(asked[6:].rstrip("-"))
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.send_header("ETag", tag)
        for name, value in server.headers.get(path, {}).items():
            self.send_header(name, value)
        self.end_headers()
        stop = server.breaks.get(path, [])
        end = start + stop.pop(0) if stop else len(body)
        self.wfile.write(body[start:end])
        if end < len(body):
            self.wfile.flush()
            self.close_connection = True


@pytest.fixture
def server(tmp_path, monkeypatch):
    rng = np.random.default_rng(5)
    one = _Server()
    for name in ("map/emd_9999.map.gz", "other/emd_9999_half_map_1.map.gz", "other/emd_9999_half_map_2.map.gz", "masks/emd_9999_msk_1.map"):
        local = tmp_path / name.rsplit("/", 1)[1]
        write_map(str(local), Map(rng.standard_normal((8, 8, 8)).astype(np.float32), (1.5, 1.5, 1.5)))
        one.files[f"{TOP}/{name}"] = local.read_bytes()
    one.files[f"{TOP}/header/emd-9999.xml"] = HEADER.encode()
    one.files[f"{TOP}/fsc/emd_9999_fsc.xml"] = FSC.encode()
    one.files["/pdb/1abc.cif"] = b"data_1ABC\n#\n"
    thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    monkeypatch.setenv("CRYOQA_EMDB_URL", one.url)
    monkeypatch.setenv("CRYOQA_PDB_URL", one.url + "/pdb")
    monkeypatch.setattr(download_module, "WAITS", (0.0, 0.0, 0.0))
    yield one
    one.shutdown()
    one.server_close()


def test_whole_entry(server, tmp_path):
    steps = []
    report = fetch("emd_9999", str(tmp_path / "out"), progress=lambda fraction, message: steps.append((fraction, message)))
    assert set(report.files) == {"header", "full_map", "half1", "half2", "mask", "fsc", "model"} and not report.missing
    assert read_map(report.files["half2"]).voxel == 1.5
    assert report.header.resolution == 3.4 and report.header.contour == 0.018 and report.header.pdb_ids == ("1abc",)
    fractions = [f for f, _ in steps]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    text = report.text()
    assert "EMD-9999: A small ball" in text and "3.4 Å" in text and "fetched" in text
    manifest = json.loads((tmp_path / "out" / "EMD-9999" / "manifest.json").read_text())
    entry = manifest["files"]["full_map"]
    assert entry["sha256"] == hashlib.sha256(server.files[f"{TOP}/map/emd_9999.map.gz"]).hexdigest()
    assert entry["checked"] == ["length", "content"]
    assert not list((tmp_path / "out" / "EMD-9999").glob("*.part*"))
    freq, values = read_fsc_xml(report.files["fsc"])["half-maps"]
    assert freq[3] == pytest.approx(0.03) and values[3] == pytest.approx(0.7)


def test_second_fetch_downloads_nothing_and_a_changed_file_is_fetched_again(server, tmp_path):
    first = fetch("9999", str(tmp_path))
    server.asked.clear()
    again = fetch("EMD-9999", str(tmp_path))
    assert server.asked == [] and again.files == first.files and again.fetched == () and "was there" in again.text()
    with open(first.files["half1"], "ab") as stream:
        stream.write(b"x")
    assert fetch("EMD-9999", str(tmp_path)).fetched == ("half1",)
    assert [p for p, _ in server.asked] == [f"{TOP}/other/emd_9999_half_map_1.map.gz"]


def test_broken_connection_resumes_with_range(server, tmp_path):
    path = f"{TOP}/other/emd_9999_half_map_1.map.gz"
    server.breaks[path] = [500, 700]
    report = fetch("9999", str(tmp_path), parts=("half_maps",))
    assert [r for p, r in server.asked if p == path] == [None, "bytes=500-", "bytes=1200-"]
    with open(report.files["half1"], "rb") as stream:
        assert stream.read() == server.files[path]


def test_later_call_resumes_a_part_and_restarts_when_the_file_changed(server, tmp_path):
    path = f"{TOP}/map/emd_9999.map.gz"
    server.breaks[path] = [300, 0, 0, 0, 0]
    with pytest.raises(InputError, match="cannot be fetched .*broke after"):
        fetch("9999", str(tmp_path), parts=("map",))
    part = tmp_path / "EMD-9999" / "emd_9999.map.gz.part"
    assert part.stat().st_size == 300
    server.breaks.clear()
    server.asked.clear()
    assert fetch("9999", str(tmp_path), parts=("map",)).fetched == ("full_map",)
    assert server.asked == [(path, "bytes=300-")]
    (tmp_path / "EMD-9999" / "emd_9999.map.gz").unlink()
    part.write_bytes(b"old" * 50)
    (part.parent / (part.name + ".tag")).write_text('"another"')
    report = fetch("9999", str(tmp_path), parts=("map",))
    with open(report.files["full_map"], "rb") as stream:
        assert stream.read() == server.files[path]


def test_server_without_ranges_starts_again(server, tmp_path):
    server.no_ranges = True
    path = f"{TOP}/map/emd_9999.map.gz"
    server.breaks[path] = [400]
    report = fetch("9999", str(tmp_path), parts=("map",))
    with open(report.files["full_map"], "rb") as stream:
        assert stream.read() == server.files[path]


def test_checksum_of_the_server_is_checked(server, tmp_path):
    path = f"{TOP}/map/emd_9999.map.gz"
    right = base64.b64encode(hashlib.md5(server.files[path]).digest()).decode()
    server.headers[path] = {"Content-MD5": right, "Repr-Digest": "sha-256=:" + base64.b64encode(
        hashlib.sha256(server.files[path]).digest()).decode() + ":"}
    fetch("9999", str(tmp_path / "a"), parts=("map",))
    manifest = json.loads((tmp_path / "a" / "EMD-9999" / "manifest.json").read_text())
    assert manifest["files"]["full_map"]["checked"] == ["length", "md5", "sha256", "content"]
    server.headers[path] = {"Content-MD5": base64.b64encode(b"0" * 16).decode()}
    server.asked.clear()
    with pytest.raises(InputError, match="its md5 is not the one that the server gives"):
        fetch("9999", str(tmp_path / "b"), parts=("map",))
    assert len([p for p, _ in server.asked if p == path]) == 2
    assert not list((tmp_path / "b" / "EMD-9999").glob("emd_9999*"))


@pytest.mark.parametrize("spoil, words", [
    (lambda body: gzip.compress(gzip.decompress(body)[:-100]), "truncated|bytes instead of"),
    (lambda body: body[:-8] + bytes(4) + body[-4:], "CRC|damaged"),
    (lambda body: b"<html>log in first</html>" * 100, "not an MRC"),
])
def test_content_is_checked(server, tmp_path, spoil, words):
    path = f"{TOP}/map/emd_9999.map.gz"
    server.files[path] = spoil(server.files[path])
    with pytest.raises(InputError, match=words):
        fetch("9999", str(tmp_path), parts=("map",))
    assert not (tmp_path / "EMD-9999" / "emd_9999.map.gz").exists()


def test_parts_the_entry_does_not_have(server, tmp_path):
    for name in ("other/emd_9999_half_map_1.map.gz", "other/emd_9999_half_map_2.map.gz", "masks/emd_9999_msk_1.map",
                 "fsc/emd_9999_fsc.xml"):
        del server.files[f"{TOP}/{name}"]
    report = fetch("9999", str(tmp_path))
    assert set(report.files) == {"header", "full_map", "model"}
    assert [m.split(":")[0] for m in report.missing] == ["No half-maps", "No mask", "No FSC curve"]
    assert "No half-maps" in report.text()
    assert all("passwd" not in p for p, _ in server.asked)


def test_redirects_busy_server_and_refusal(server, tmp_path):
    path = f"{TOP}/map/emd_9999.map.gz"
    server.files["/mirror/map"] = server.files.pop(path)
    server.moved[path] = server.url + "/mirror/map"
    server.faults["/mirror/map"] = [503, 429]
    assert fetch("9999", str(tmp_path / "a"), parts=("map",)).fetched == ("header", "full_map")
    server.faults["/mirror/map"] = [403]
    with pytest.raises(InputError, match="is refused by the server .403"):
        fetch("9999", str(tmp_path / "b"), parts=("map",))


def test_one_sentence_for_wrong_entries_servers_and_parts(server, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="There is no entry EMD-1234"):
        fetch("1234", str(tmp_path))
    for wrong in ("banana", "EMD-", "../9999"):
        with pytest.raises(InputError, match="is no EMDB entry"):
            fetch(wrong, str(tmp_path))
    with pytest.raises(InputError, match="no part 'halves'"):
        fetch("9999", str(tmp_path), parts=("halves",))
    with pytest.raises(InputError, match="cannot be fetched .*give another server"):
        fetch("9999", str(tmp_path / "c"), base_url="http://127.0.0.1:9")
    with pytest.raises(InputError, match="no http or https address"):
        fetch("9999", str(tmp_path / "c"), base_url="file:///etc")


def test_base_url_may_name_the_structures_folder(server, tmp_path, monkeypatch):
    monkeypatch.setenv("CRYOQA_EMDB_URL", "http://127.0.0.1:9")
    assert "full_map" in fetch("9999", str(tmp_path), base_url=server.url + "/structures/", parts=("map",)).files


def test_xml_that_is_none(tmp_path):
    path = tmp_path / "x.xml"
    path.write_text("<a><b></a>")
    for reader in (read_fsc_xml, read_header_xml):
        with pytest.raises(FormatError, match="not well-formed"):
            reader(str(path))
    path.write_text("<a/>")
    with pytest.raises(FormatError, match="no EMDB header"):
        read_header_xml(str(path))
    with pytest.raises(FormatError, match="no <fsc>"):
        read_fsc_xml(str(path))
    path.write_text("<fsc><coordinate><x>a</x><y>1</y></coordinate></fsc>")
    with pytest.raises(FormatError, match="no number"):
        read_fsc_xml(str(path))


def test_numbers_that_cannot_be_are_refused_with_their_range(tmp_path):
    path = tmp_path / "x.xml"
    for old, new, words in (("<z>1.5</z>", "<z>-1</z>", "-1 for map/pixel_spacing/z, which is from 0.02 to 200 Å"),
                            (">3.4<", ">1e30<", "1e\\+30 for final_reconstruction/resolution, which is from 0.1 to 10000 Å")):
        path.write_text(HEADER.replace(old, new))
        with pytest.raises(FormatError, match=words):
            read_header_xml(str(path))
    path.write_text(HEADER.replace(">3.4<", ">0<"))
    assert read_header_xml(str(path)).resolution is None


@pytest.mark.parametrize("encoding", ("utf-8", "utf-16"))
def test_entities_that_grow_are_not_read(tmp_path, encoding):
    """Ten levels of ten: 10^10 letters from a file of a kilobyte. Nor does an entity read another file."""
    declared = '<!ENTITY a0 "aaaaaaaaaa">' + "".join(f'<!ENTITY a{i} "{10 * f"&a{i - 1};"}">' for i in range(1, 10))
    for subset, word in ((declared, "&a9;"), ('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"), ("", "")):
        path = tmp_path / "x.xml"
        head = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE emd [{subset}]>'
        path.write_bytes(f"{head}<emd><admin><title>{word}</title></admin></emd>".encode(encoding))
        for reader in (read_header_xml, read_fsc_xml):
            with pytest.raises(FormatError, match="declares a document type"):
                reader(str(path))


@pytest.mark.realdata
def test_real_header(shared):
    header = read_header_xml(str(shared / "data" / "reference" / "emdb_header" / "emd-0001.xml"))
    assert header.entry == "EMD-0001" and header.resolution == 3.4 and header.contour == 0.018
    assert header.pdb_ids == ("6gh5",) and header.voxel_size == (1.06, 1.06, 1.06) and header.shape == (256, 256, 256)
    assert header.title.startswith("Cryo-EM structure of bacterial RNA polymerase") and header.fsc_files == ("emd_6549_fsc.xml",)
