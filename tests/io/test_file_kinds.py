"""Files of other kinds are named for what they are, by every reader, with what to do; SPIDER volumes are read."""
from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zipfile

import numpy as np
import pytest

from cryoqa_plugin.errors import FormatError
from cryoqa_plugin.io.file_kinds import kind_of, told
from cryoqa_plugin.io.maps import Map, read_header, read_map, write_map
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.io.mtz import read_mtz
from cryoqa_plugin.io.sequences import read_sequences
from cryoqa_plugin.io.star import read_star


def _npz():
    stream = io.BytesIO()
    np.savez(stream, a=np.zeros(3))
    return stream.getvalue()


def _npy():
    stream = io.BytesIO()
    np.save(stream, np.zeros((4, 4, 4), np.float32))
    return stream.getvalue()


def _zip():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("map.mrc", b"1" * 2000)
    return stream.getvalue()


FILES = {                                                    # content, words of the name, words of what to do with a map
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(2000), "an HDF5 file", "e2proc3d.py"),
    "xz": (lzma.compress(b"1" * 999), "a file compressed with xz", "unpack"),
    "zip": (_zip(), "a zip archive", "unpack it"), "npz": (_npz(), "archive of numpy arrays", "write one as MRC"),
    "npy": (_npy(), "an array of numpy", "with its voxel size"),
    "html": (b"\n <!DOCTYPE html><html>" + b" " * 2000, "a web page", "fetch it"),
    "xml": (b"<?xml version='1.0'?><emd/>" + b" " * 2000, "an XML file", "give a map"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n", "a pointer of Git LFS", "git lfs pull"),
    "annex": (b"/annex/objects/SHA256E-s1--2.mrc\n", "git-annex", "git annex get"),
    "tiff": (b"II*\0" + bytes(2000), "a TIFF file", "as MRC"),
    "eer": (b"II+\0\x08\0\0\0" + bytes(2000), "EER", "give a map"),
    "jpeg": (b"\xff\xd8\xff\xe0" + bytes(2000), "a picture (JPEG)", "a map"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(2000), "a picture (PNG)", "give a map"),
    "pdf": (b"%PDF-1.4" + bytes(2000), "a PDF", "give a map"),
    "pdb": (b"REMARK   1\nATOM      1  N   GLY A   1      22.0\n" * 40, "an atomic model (PDB)", "give a map"),
    "cif": (b"# made\ndata_1ABC\n_entry.id 1ABC\nloop_\n_atom_site.id\n" * 30, "an atomic model (mmCIF)", "give a map"),
    "star": (b"# version 30001\n\ndata_particles\n\nloop_\n_rlnX #1\n" * 30, "a STAR or mmCIF file", "give a map"),
    "fasta": (b">chain A\nMKV\n" * 200, "a FASTA file", "give a map"), "json": (b'{"a": 1}' * 200, "a JSON file", "give a map"),
    "cs": (b"\x94CSDAT" + bytes(2000), "cryoSPARC", "map that it names"),
    "sqlite": (b"SQLite format 3\0" + bytes(2000), "a set of Scipion", "the map that it names"),
    "dm3": (struct.pack(">III", 3, 4000000, 1) + b"\0" * 3000, "Digital Micrograph", "save it as MRC"),
    "dm4": (struct.pack(">IQI", 4, 4000000, 1) + b"\0" * 3000, "Digital Micrograph", "save it as MRC"),
    "tar": (b"map.mrc".ljust(257, b"\0") + b"ustar\0" + bytes(1000), "a tar archive", "unpack it"),
    "twice": (gzip.compress(gzip.compress(np.random.default_rng(1).bytes(3000))), "compressed twice", "unpack it"),
    "empty": (b"", "an empty file (0 bytes)", "copy or fetch it again"),
    "empty gz": (gzip.compress(b""), "an empty file", "fetch it again"),
    "zeros": (bytes(4000), "nothing but zeros", "copy or fetch it again"),
    "text": (b"Dear colleague, here is the map.\n" * 60, "a text (it begins with 'dear colleague, here is the ma')", "give a map")}


def _put(tmp_path, content, name="given.mrc"):
    path = tmp_path / name
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize("kind", sorted(FILES))
def test_a_file_given_as_a_map_is_named(kind, tmp_path):
    content, name, remedy = FILES[kind]
    path = _put(tmp_path, content)
    for read in (read_header, read_map):
        with pytest.raises(FormatError) as caught:
            read(path)
        text = str(caught.value)
        assert text.startswith(f"'{path}' is not an MRC, CCP4 or MAP file but ") and name in text and remedy in text and text.endswith(".")


def test_every_prefix_of_a_kind_is_told_apart_from_noise():
    """Noise is nothing in particular, and a map is a map: what is told is never a guess."""
    rng = np.random.default_rng(3)
    assert not any(kind_of(rng.bytes(1024)) for _ in range(300))
    assert kind_of(rng.standard_normal(256).astype("<f4").tobytes()) is None


@pytest.mark.parametrize("reader, words", [(read_model, "model"), (read_star, "STAR file"), (read_sequences, "FASTA"),
                                           (read_mtz, "MTZ")])
@pytest.mark.parametrize("kind", ["hdf5", "html", "lfs", "xz", "png", "empty", "map"])
def test_other_readers_name_it_too(reader, words, kind, tmp_path):
    if kind == "map":
        path = str(tmp_path / "a.mrc")
        write_map(path, Map(np.zeros((8, 8, 8), np.float32), (1.0,) * 3))
        name = "a density map (MRC, CCP4 or MAP)"
    else:
        path, name = _put(tmp_path, FILES[kind][0]), FILES[kind][1]
    with pytest.raises(FormatError) as caught:
        reader(path)
    assert words in str(caught.value) and f"It is {name}" in str(caught.value)


def test_what_was_asked_for_is_not_named(tmp_path):
    path = _put(tmp_path, FILES["star"][0], "a.star")
    assert told(path, "STAR") == "" and told(path) == " It is a STAR or mmCIF file."
    assert told(_put(tmp_path, FILES["text"][0])) == "" and told(str(tmp_path / "nowhere")) == ""


def spider(data, order="<", size=0.0):
    """A SPIDER volume as its manual describes it."""
    nz, ny, nx = data.shape
    records = -(-1024 // (4 * nx))
    head = np.zeros(records * nx, order + "f4")
    for word, value in ((1, nz), (2, ny), (5, 3), (12, nx), (13, records), (22, records * nx * 4), (23, nx * 4), (38, size)):
        head[word - 1] = value
    return head.tobytes() + data.astype(order + "f4").tobytes()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("shape", [(5, 6, 7), (32, 32, 32), (3, 4, 300), (2, 2, 256)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_a_spider_volume_is_read(order, shape, pack, tmp_path):
    data = np.random.default_rng(5).standard_normal(shape).astype(np.float32)
    map_ = read_map(_put(tmp_path, pack(spider(data, order, 1.25)), "a.vol"))
    np.testing.assert_array_equal(map_.data, data)
    assert map_.voxel_size == (1.25,) * 3 and map_.origin == (0, 0, 0) and map_.header.labels == ("SPIDER volume",)
    assert map_.header.warnings == () and read_header(_put(tmp_path, spider(data, order, 1.25), "b.vol")).shape == shape


def test_a_spider_volume_without_a_voxel_size_says_so_and_a_short_one_is_refused(tmp_path):
    data = np.ones((8, 8, 8), np.float32)
    map_ = read_map(_put(tmp_path, spider(data)))
    assert map_.voxel_size == (1, 1, 1) and "the voxel size is unknown" in map_.header.warnings[0]
    with pytest.raises(FormatError, match="truncated"):
        read_map(_put(tmp_path, spider(data)[:-4]))
    image = bytearray(spider(data))
    image[16:20] = np.float32(1).tobytes()                   # IFORM 1 is an image
    with pytest.raises(FormatError, match="not an MRC"):
        read_map(_put(tmp_path, bytes(image)))
