"""Texts and tables that are damaged: read as before, or one sentence with file, column, row and value."""
from __future__ import annotations

import json
import pickle
import re

import numpy as np
import pytest

from cryoqa_plugin.errors import CryoqaError, FormatError
from cryoqa_plugin.io.cs import read_cs, volumes
from cryoqa_plugin.io.curves import read_fsc_curve
from cryoqa_plugin.io.emdb_xml import read_fsc_xml, read_header_xml
from cryoqa_plugin.io.jobs import read_job
from cryoqa_plugin.io.maps import Map, write_map
from cryoqa_plugin.io.particles import read_particles
from cryoqa_plugin.io.star import read_star

# ---------------------------------------------------------------- .cs

FIELDS = [("blob/path", "S20"), ("blob/idx", "u4"), ("blob/shape", "u4", (2,)), ("blob/psize_A", "f4"), ("ctf/df1_A", "f4"),
          ("ctf/accel_kv", "f4"), ("alignments3D/pose", "f4", (3,)), ("alignments3D/shift", "f4", (2,)), ("alignments3D/split", "u4")]


def _particles(count=4):
    data = np.zeros(count, FIELDS)
    data["blob/path"], data["blob/idx"], data["blob/shape"], data["blob/psize_A"] = b"J1/a.mrcs", np.arange(count), 64, 1.5
    data["ctf/df1_A"], data["ctf/accel_kv"], data["alignments3D/pose"] = 12000, 300, 0.3
    return data


def _save(path, data):
    with open(path, "wb") as stream:
        np.save(stream, data)
    return str(path)


@pytest.mark.parametrize("name, value, words", [
    ("ctf/df1_A", np.nan, "Column ctf/df1_A of '.*a.cs' has nan in row 3, which is no finite number"),
    ("blob/psize_A", np.inf, "Column blob/psize_A of .* has inf in row 3"),
    ("blob/psize_A", -1.5, "Particle 3 of .* has -1.5 Å for the pixel size"),
    ("ctf/df1_A", 1e9, "has 1e.09 Å for the defocus u; it must be from -1e.06"), ("ctf/accel_kv", 0, "has 0 kV for the voltage"),
    ("blob/shape", 0, "has 0 pixels for the box"), ("alignments3D/split", 7, "has 8 for the half; it must be from 0 to 2"),
    ("alignments3D/shift", 1e20, "Å for the shifts")])
def test_values_of_particles_that_cannot_be(name, value, words, tmp_path):
    data = _particles()
    assert len(read_particles(_save(tmp_path / "a.cs", data))) == 4
    data[name][2] = value
    with pytest.raises(FormatError, match=words):
        read_particles(_save(tmp_path / "a.cs", data))


@pytest.mark.parametrize("name, kind, words", [
    ("blob/psize_A", "S4", r"Column blob/psize_A of '.*a.cs' holds values of type .*, such as b'1.5' in row 1, where each row has one"),
    ("blob/shape", "u4", "Column blob/shape of .* where each row has 2 numbers"), ("blob/idx", "M8[s]", "Column blob/idx of"),
    ("alignments3D/pose", "S8", "each row has 3 numbers"), ("ctf/df1_A", "c8", "type complex64"), ("ctf/df1_A", "V4", "Column ctf/df1_A")])
def test_columns_of_another_kind(name, kind, words, tmp_path):
    old = _particles()
    fields = [(f[0], kind) if f[0] == name else f for f in FIELDS]
    data = np.zeros(4, fields)
    for field in FIELDS:
        if field[0] != name:
            data[field[0]] = old[field[0]]
    if kind.startswith("S"):
        data[name] = b"1.5"
    with pytest.raises(FormatError, match=words):
        read_particles(_save(tmp_path / "a.cs", data))


class _Told:
    """Its unpickling is seen."""

    seen = False

    def __reduce__(self):
        return _tell, ()


def _tell():
    _Told.seen = True


def test_nothing_is_unpickled(tmp_path):
    data = np.array([(_Told(),)], dtype=[("blob/path", "O")])
    with open(tmp_path / "a.cs", "wb") as stream:
        np.save(stream, data, allow_pickle=True)
    pickle.loads(pickle.dumps(_Told()))
    assert _Told.seen
    _Told.seen = False
    for read in (read_cs, volumes, read_particles):
        with pytest.raises(FormatError, match="a.cs' cannot be read as a .cs file"):
            read(str(tmp_path / "a.cs"))
    assert not _Told.seen


def _damaged(block, rng):
    out = bytearray(block)
    kind, at = rng.integers(4), int(rng.integers(len(out)))
    if kind == 0:
        return bytes(out[:at])
    if kind == 1:
        for _ in range(int(rng.integers(1, 6))):
            out[int(rng.integers(len(out)))] = int(rng.integers(256))
    elif kind == 2:
        out[at:at] = rng.bytes(int(rng.integers(1, 40)))
    else:
        del out[at:at + int(rng.integers(1, 40))]
    return bytes(out)


def _survive(path, whole, read, rng, rounds=120):
    """How many of the damaged files were refused; nothing but a sentence that names the file may come out."""
    said = 0
    for _ in range(rounds):
        path.write_bytes(_damaged(whole, rng))
        try:
            read(str(path))
        except CryoqaError as error:
            said += 1
            assert str(path) in str(error) and "\n" not in str(error) and len(str(error)) < 1200
    return said


def test_a_damaged_cs_file_is_read_or_one_sentence(tmp_path):
    path = tmp_path / "a.cs"
    whole = (tmp_path / _save(tmp_path / "whole.cs", _particles())).read_bytes()
    for seed, read in enumerate((read_cs, volumes, read_particles)):
        assert _survive(path, whole, read, np.random.default_rng(seed)) > 30


# ---------------------------------------------------------------- STAR, XML

FSC_STAR = ("data_fsc\n\nloop_\n_rlnSpectralIndex #1\n_rlnResolution #2\n_rlnFourierShellCorrelationCorrected #3\n"
            + "".join(f"{i} {i / 60:.6f} {1 - i / 20:.6f}\n" for i in range(12)))
FSC_XML = ("<?xml version='1.0' encoding='UTF-8'?>\n<fsc title='a'>"
           + "".join(f"<coordinate><x>{i / 60:.6f}</x><y>{1 - i / 20:.6f}</y></coordinate>" for i in range(12)) + "</fsc>\n")
HEADER_XML = ("<?xml version='1.0' encoding='UTF-8'?>\n<emd emdb_id='EMD-1'><map><file>a.map.gz</file><dimensions><col>10</col>"
              "<row>10</row><sec>10</sec></dimensions><pixel_spacing><x>1.5</x><y>1.5</y><z>1.5</z></pixel_spacing><contour_list>"
              "<contour primary='true'><level>0.3</level></contour></contour_list></map></emd>\n")


@pytest.mark.parametrize("text, read", [(FSC_STAR, read_star), (FSC_STAR, read_fsc_curve), (FSC_XML, read_fsc_xml),
                                        (FSC_XML, read_fsc_curve), (HEADER_XML, read_header_xml)])
def test_a_damaged_text_is_read_or_one_sentence(text, read, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(text)
    read(str(path))
    assert _survive(path, text.encode(), read, np.random.default_rng(3)) > 5


@pytest.mark.parametrize("old, new, words", [
    ("1.000000\n", "high\n", r"Table 'fsc' of '.*a.star' has 'high' in row 1 of column _rlnFourierShellCorrelationCorrected"),
    (" 0.016667 ", " 1_6 ", "has '1_6' in row 2 of column _rlnResolution"), (" 0.016667 ", " 1e30 ", "a frequency of 1e.30 1/Å"),
    (" 0.016667 ", " -0.5 ", "a frequency of -0.5 1/Å at its point 2; it must be from 0 to 10"), ("0.950000", "7", "values up to 7")])
def test_a_curve_of_a_star_file_is_looked_at(old, new, words, tmp_path):
    (tmp_path / "a.star").write_text(FSC_STAR.replace(old, new, 1))
    with pytest.raises(FormatError, match=words):
        read_fsc_curve(str(tmp_path / "a.star"))


@pytest.mark.parametrize("old, new, words", [
    ("UTF-8", "klingon", "cannot be read|well-formed"), ("UTF-8", "utf-32", "cannot be read|well-formed"),
    ("<col>10</col>", "<col>inf</col>", "has 'inf' for map/dimensions/col, which is no number"),
    ("<col>10</col>", "<col>1e30</col>", r"gives a map of 1e\+30 x 10 x 10 voxels"), ("<col>10</col>", "<col>ten</col>", "has 'ten' for"),
    ("<x>1.5</x>", "<x>4e9</x>",
     r"has 4e\+09 for map/pixel_spacing/x, which is from 0\.02 to 200 Å"), ("<level>0.3", "<level>nan", "has 'nan' for"),
    ("</emd>", "", "not well-formed"), ("<emd ", "<other ", "not well-formed"),
    ("<map>", "<map>" + 20000 * "<a>", "not well-formed|cannot")])
def test_an_emdb_header_is_looked_at(old, new, words, tmp_path):
    (tmp_path / "a.xml").write_text(HEADER_XML.replace(old, new, 1))
    with pytest.raises(FormatError, match=words) as caught:
        read_header_xml(str(tmp_path / "a.xml"))
    assert str(tmp_path / "a.xml") in str(caught.value)


def test_entities_do_not_multiply(tmp_path):
    """A billion laughs: ten entities, each ten of the one before."""
    lines = ["<!ENTITY a0 'ha'>"] + [f"<!ENTITY a{i} '{10 * f'&a{i - 1};'}'>" for i in range(1, 11)]
    (tmp_path / "a.xml").write_text(f"<?xml version='1.0'?><!DOCTYPE emd [{''.join(lines)}]><emd><map><file>&a10;</file></map></emd>")
    with pytest.raises(FormatError, match="declares a document type"):
        read_header_xml(str(tmp_path / "a.xml"))


# ---------------------------------------------------------------- job.json

def _job(folder, description):
    map_ = Map(np.arange(512, dtype=np.float32).reshape(8, 8, 8), (1.5, 1.5, 1.5))
    for name in ("map_half_A", "map_half_B"):
        write_map(str(folder / f"J7_004_volume_{name}.mrc"), map_)
    (folder / "job.json").write_bytes(description)
    return read_job(str(folder))


@pytest.mark.parametrize("description, words", [
    (b"{", "cannot be read"), (b"\xff" * 40, "cannot be read"), (b"[" * 100000 + b"]" * 100000, "nested too deeply"),
    (b"", "cannot be read"),
    (b'{"type": "x", "uid": "J7", ' + b'"a": {' * 3000, "nested too deeply|cannot be read")])
def test_a_damaged_description_of_a_job_is_said_and_the_rest_is_read(description, words, tmp_path):
    job = _job(tmp_path, description)
    note = next(w for w in job.warnings if "job.json" in w)
    assert re.search(words, note) and job.half1.endswith("map_half_A.mrc") and job.half2.endswith("map_half_B.mrc")


def test_a_description_nested_as_deeply_as_json_reads_it(tmp_path):
    text = json.dumps({"type": "nonuniform_refine_new", "uid": "J7", "deep": [1, {"radwn_final_A": 3.2}]})
    deep = 900 * "[" + 900 * "]"
    job = _job(tmp_path, text.replace("[1,", f"[{deep},").encode())
    assert job.resolution == 3.2 and not any("job.json" in w for w in job.warnings)


@pytest.mark.parametrize("value", ["true", "NaN", "-3", "1e30", '"3.2"', "null", "[3.2]"])
def test_a_resolution_that_is_none_is_passed_over(value, tmp_path):
    assert _job(tmp_path, b'{"type": "x", "uid": "J7", "radwn_final_A": ' + value.encode() + b"}").resolution is None
