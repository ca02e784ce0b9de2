"""What no reader opens, and what no library's error passes: one sentence with the file and what to do."""
from __future__ import annotations

import bz2
import gzip
import logging
import os
import socket
import time
import zlib

import numpy as np
import pytest

from cryoqa_plugin.batch.lists import read_list
from cryoqa_plugin.errors import CryoqaError, FormatError, InputError, MissingInputError
from cryoqa_plugin.io.cs import read_cs, read_csg, volumes
from cryoqa_plugin.io.curves import read_fsc_curve, read_mtf
from cryoqa_plugin.io.emdb_xml import read_fsc_xml, read_header_xml
from cryoqa_plugin.io.inputs import missing
from cryoqa_plugin.io.jobs import read_job
from cryoqa_plugin.io.limits_file import read_limits
from cryoqa_plugin.io.maps import Map, read_header, read_map, write_map
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.io.mtz import read_mtz, read_mtz_header
from cryoqa_plugin.io.particles import read_particles
from cryoqa_plugin.io.reading import reader, reason
from cryoqa_plugin.io.sequences import read_sequences
from cryoqa_plugin.io.star import read_star, read_version
from cryoqa_plugin.io.symmetry import read_symmetry

READERS = (read_map, read_header, read_model, read_mtz, read_mtz_header, read_star, read_version, read_cs, volumes, read_csg, read_fsc_xml,
           read_header_xml, read_mtf, read_fsc_curve, read_sequences, read_particles, read_symmetry, read_limits,
           lambda path: read_list(path, "out"))
PIPES = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have names on Unix only")


def _special(tmp_path):
    """Path and words of what is no plain file."""
    os.mkfifo(str(tmp_path / "pipe"))
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    (tmp_path / "folder").mkdir()
    server = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(str(tmp_path))                                  # names of sockets are short
    server.bind("socket")
    os.chdir(here)
    server.close()
    return {"pipe": "is a pipe", "one": "cannot be read .*levels of symbolic links", "dangling": "a link to a file that does not exist",
            "folder": "is a folder; give the file in it", "socket": "is a socket", "nowhere": "does not exist",
            "n" * 300: "name too long", "file/below": "cannot be read .Not a directory|does not exist", os.devnull: "is a device"}


@PIPES
@pytest.mark.parametrize("read", READERS, ids=lambda f: f.__name__)
def test_no_reader_opens_what_is_no_plain_file(read, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for name, words in _special(tmp_path).items():
        path = str(tmp_path / name)
        with pytest.raises((InputError, MissingInputError), match=f"(?i){words}") as caught:
            read(path)
        assert path in str(caught.value) and "\n" not in str(caught.value)


@PIPES
def test_what_is_no_plain_file_is_no_input_and_no_job(tmp_path):
    for name, words in _special(tmp_path).items():
        if name.startswith("file/"):
            continue
        path = str(tmp_path / name)
        sentence, = missing((), {"half1": path})
        assert sentence.startswith(f"Half-map 1 '{path}' ") and sentence.endswith(".")
        if name != "folder":
            with pytest.raises(CryoqaError, match=f"(?i){words}"):
                read_job(path)
            assert len(missing((), {"job": path})) == 1
    assert missing((), {"job": str(tmp_path / "folder")}) == []


@PIPES
@pytest.mark.parametrize("name", ["job.star", "run.job", "job.json", "J3_volume.csg", "J3_fsc_iteration_001.txt", "postprocess.star",
                                  "run_half1_class001_unfil.mrc", "J3_map.cs", "job_pipeline.star", "run_model.star"])
def test_a_pipe_in_a_job_folder_is_not_waited_for(name, tmp_path):
    os.mkfifo(str(tmp_path / name))
    try:
        assert read_job(str(tmp_path)).warnings is not None
    except CryoqaError as error:
        assert str(tmp_path) in str(error)


# ---------------------------------------------------------------- errors of libraries

ERRORS = (zlib.error("Error -3 while decompressing data"), EOFError("ended"), ValueError("bad"), TypeError("NoneType"), KeyError("x"),
          IndexError("tuple index"), StopIteration(), RecursionError("maximum"), OverflowError("large"), LookupError("unknown encoding"),
          UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), MemoryError(), AssertionError(), RuntimeError("two\nlines"),
          gzip.BadGzipFile("Not a gzipped file"), ArithmeticError(), NotImplementedError("kind \x1b[31m"), AttributeError("no x"))


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_every_error_of_a_library_becomes_one_sentence(error, tmp_path, caplog):
    path = tmp_path / "a.xyz"
    path.write_bytes(b"1 2 3")

    @reader("table", "write it again")
    def read(path):
        raise error

    with caplog.at_level(logging.DEBUG, "cryoqa_plugin"), pytest.raises(FormatError) as caught:
        read(str(path))
    said = str(caught.value)
    assert str(path) in said and said.endswith(".") and all(c.isprintable() for c in said)
    if isinstance(error, MemoryError):
        assert said.startswith("There is not enough memory to read the table")
    else:
        assert said.startswith("The table") and said.endswith("; write it again.")
        assert caplog.records and caplog.records[-1].exc_info[1] is error, "what was raised stands in the log"
    assert "NoneType" not in said and "tuple" not in said


def test_what_the_system_says_keeps_its_words(tmp_path):
    @reader("table", "write it again")
    def read(path):
        raise PermissionError(13, "Permission denied", path)

    with pytest.raises(InputError, match=r"The table '.*test_reading.py' cannot be read \(Permission denied\); check the path"):
        read(__file__)
    assert reason(ValueError("could not convert string to float: 'abc'")) == "'abc' is no number"
    assert reason(RuntimeError("Not a single character: None")) == "'None' stands where one letter belongs"
    for text in ("malformed node or string on line 1: <ast.Call object at 0x7fb6dd52b400>", "KeyError: 'x'", "got <class 'str'>"):
        assert reason(ValueError(text)) == "it is damaged, or of another kind"
    assert len(reason(ValueError("x" * 10000))) < 200


# ---------------------------------------------------------------- compressed files

def _whole(tmp_path):
    """A map of random voxels, which pack badly, and its bytes."""
    rng = np.random.default_rng(5)
    map_ = Map(rng.standard_normal((12, 13, 14)).astype(np.float32), (1.5, 1.5, 1.5))
    path = str(tmp_path / "whole.mrc")
    write_map(path, map_)
    with open(path, "rb") as stream:
        return map_.data, stream.read()


def _damaged(rng, packed):
    """The bytes of a compressed file after damage of one kind, and the kind."""
    kind, at = rng.choice(["cut", "flip", "flips", "tail", "zeros", "hole", "swap"]), int(rng.integers(1, len(packed)))
    if kind == "cut":
        return packed[:at], kind
    if kind == "tail":
        return packed + rng.bytes(int(rng.integers(1, 3000))), kind
    out = bytearray(packed)
    if kind in ("flip", "flips"):
        for _ in range(1 if kind == "flip" else 8):
            out[int(rng.integers(len(out)))] ^= 1 << int(rng.integers(8))
    elif kind == "zeros":
        out[at:at + 64] = bytes(len(out[at:at + 64]))
    elif kind == "hole":
        del out[at:at + int(rng.integers(1, 200))]
    else:
        to = int(rng.integers(1, len(packed)))
        out[at:at + 100], out[to:to + 100] = out[to:to + 100], out[at:at + 100]
    return bytes(out), kind


@pytest.mark.parametrize("pack, ending", [(gzip.compress, ".gz"), (bz2.compress, ".bz2")], ids=["gz", "bz2"])
def test_a_damaged_compressed_map_gives_the_right_voxels_or_one_sentence(pack, ending, tmp_path):
    data, plain = _whole(tmp_path)
    packed, rng, said = pack(plain), np.random.default_rng(20), []
    path = str(tmp_path / ("damaged.mrc" + ending))
    for number in range(150):
        block, kind = _damaged(rng, packed)
        with open(path, "wb") as stream:
            stream.write(block)
        try:
            found = read_map(path)
        except (FormatError, InputError) as error:
            said.append(kind)
            assert path in str(error) and "\n" not in str(error), (number, kind)
        else:
            np.testing.assert_array_equal(found.data, data, err_msg=f"{number} {kind}")
    assert len(said) > 100 and set(said) >= {"cut", "flips", "zeros", "hole", "swap"}


@pytest.mark.parametrize("pack, ending", [(gzip.compress, ".gz"), (bz2.compress, ".bz2")], ids=["gz", "bz2"])
def test_a_file_of_several_members_is_one_map(pack, ending, tmp_path):
    data, plain = _whole(tmp_path)
    path = str(tmp_path / ("parts.mrc" + ending))
    with open(path, "wb") as stream:
        stream.write(pack(plain[:1000]) + pack(plain[1000:5000]) + pack(b"") + pack(plain[5000:]))
    np.testing.assert_array_equal(read_map(path).data, data)
    with open(path, "wb") as stream:
        stream.write(pack(plain) + pack(plain))
    twice = read_map(path)
    np.testing.assert_array_equal(twice.data, data)
    assert any("bytes more than its header asks for" in w for w in twice.header.warnings)


def test_the_checksum_at_the_end_is_compared(tmp_path):
    """The last voxels, and the sum itself, wrong: nothing of the stream tells but the sum."""
    data, plain = _whole(tmp_path)
    packed = bytearray(gzip.compress(plain))
    packed[-6] ^= 1                                          # of the CRC
    (tmp_path / "crc.mrc.gz").write_bytes(bytes(packed))
    with pytest.raises(FormatError, match="CRC"):
        read_map(str(tmp_path / "crc.mrc.gz"))
    stored = bytearray(gzip.compress(plain, compresslevel=0))
    stored[len(stored) // 2] ^= 64                           # a voxel that was not packed
    (tmp_path / "stored.mrc.gz").write_bytes(bytes(stored))
    with pytest.raises(FormatError, match="CRC"):
        read_map(str(tmp_path / "stored.mrc.gz"))
    packed = bytearray(gzip.compress(plain))
    packed[-2] ^= 1                                          # of the length
    (tmp_path / "length.mrc.gz").write_bytes(bytes(packed))
    with pytest.raises(FormatError, match="length"):
        read_map(str(tmp_path / "length.mrc.gz"))


def test_an_error_that_quotes_a_whole_file_is_cut_at_once():
    """A pattern that looks for a word in 200 kB of one letter takes minutes."""
    begun = time.process_time()
    said = reason(ValueError("could not convert string to float: '" + 1_000_000 * "x" + "'"))
    assert time.process_time() - begun < 0.5 and len(said) < 200
