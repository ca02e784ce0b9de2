"""Map files written byte by byte, and the files of the wild."""
from __future__ import annotations

import bz2
import gzip
import itertools
import os
import struct
import tracemalloc

import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.errors import FormatError, InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_header, read_map, write_map
from cryoqa_plugin.naming import OPTION, naming
from cryoqa_plugin.study import Study

TYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}


def _bytes(data, *, mode=2, axes=(1, 2, 3), nstart=(0, 0, 0), origin=(0, 0, 0), cell=None, order="<", extended=0, stamp=None,
           sampling=None, ispg=1, angles=(90, 90, 90), imod=False):
    """A map file with voxels of 2 Å; ``data`` is [section, row, column], ``nstart`` in file order, ``cell`` and ``sampling`` in x, y, z."""
    ns, nr, nc = data.shape
    in_xyz = [0, 0, 0]
    for axis, n in zip(axes, (nc, nr, ns)):
        in_xyz[axis - 1] = n
    sampling, cell = sampling or in_xyz, cell or [2.0 * n for n in in_xyz]
    head = bytearray(1024)
    struct.pack_into(order + "10i6f3i3f2i", head, 0, nc, nr, ns, mode, *nstart, *sampling, *cell, *angles, *axes,
                     float(data.min()), float(data.max()), float(data.mean()), ispg, extended)
    struct.pack_into(order + "3f", head, 196, *origin)
    head[208:212] = b"MAP "
    head[212:216] = stamp if stamp is not None else {"<": b"\x44\x44\0\0", ">": b"\x11\x11\0\0"}[order]
    if imod:
        struct.pack_into(order + "2i", head, 152, 1146047817, 0)
    kind = "u1" if imod else TYPES[mode]
    return bytes(head) + b"\7" * extended + data.astype(order + kind).tobytes()


def _write(tmp_path, block, name="map with space, comma.mrc"):
    path = tmp_path / name
    path.write_bytes(block)
    return str(path)


@pytest.mark.parametrize("mode", sorted(TYPES))
@pytest.mark.parametrize("order", ["<", ">"])
def test_modes_and_byte_orders(mode, order, tmp_path):
    data = np.random.default_rng(mode).integers(0 if mode == 6 else -100, 100, (3, 4, 5))
    map_ = read_map(_write(tmp_path, _bytes(data, mode=mode, order=order)))
    np.testing.assert_array_equal(map_.data, data)
    assert map_.data.dtype == np.float32 and map_.data.flags.c_contiguous and map_.header.mode == mode
    assert map_.header.warnings == ()


def test_old_imod_bytes_have_no_sign(tmp_path):
    data = np.array([[[0, 100, 200]]])
    np.testing.assert_array_equal(read_map(_write(tmp_path, _bytes(data, mode=0, imod=True))).data, data)


@pytest.mark.parametrize("axes", list(itertools.permutations((1, 2, 3))))
def test_every_order_of_axes(axes, tmp_path):
    """data[z, y, x] = 100 z + 10 y + x whatever the file order."""
    nx, ny, nz = 3, 4, 5
    z, y, x = np.mgrid[:nz, :ny, :nx]
    data = 100 * z + 10 * y + x                                # axis 0, 1, 2 = z, y, x
    place = {1: 2, 2: 1, 3: 0}
    in_file = data.transpose([place[axes[2]], place[axes[1]], place[axes[0]]])
    start = {1: 7, 2: 8, 3: 9}
    block = _bytes(in_file, axes=axes, nstart=[start[a] for a in axes], cell=[3.0, 8.0, 15.0])
    map_ = read_map(_write(tmp_path, block))
    np.testing.assert_array_equal(map_.data, data)
    assert map_.voxel_size == (1.0, 2.0, 3.0) and map_.origin == (7.0, 16.0, 27.0)
    assert map_.header.nstart == (7, 8, 9) and map_.header.shape == (nz, ny, nx)


def test_origin_goes_before_nstart_and_a_conflict_is_said(tmp_path):
    data = np.arange(8.0).reshape(2, 2, 2)
    header = read_header(_write(tmp_path, _bytes(data, nstart=(1, 2, 3), origin=(10, 20, 30))))
    assert header.origin == (10, 20, 30) and any("NSTART" in w for w in header.warnings)
    agreeing = read_header(_write(tmp_path, _bytes(data, nstart=(1, 2, 3), origin=(2, 4, 6))))
    assert agreeing.origin == (2, 4, 6) and agreeing.warnings == ()
    assert read_header(_write(tmp_path, _bytes(data, origin=(np.nan, 0, 0)))).origin == (0, 0, 0)


def test_a_part_of_a_cell_keeps_its_voxel_size(tmp_path):
    data = np.zeros((2, 3, 4))
    data[0, 0, 0] = 1
    header = read_header(_write(tmp_path, _bytes(data, cell=[50.0, 60.0, 70.0], sampling=[100, 100, 100])))
    assert header.voxel_size == pytest.approx((0.5, 0.6, 0.7)) and header.sampling == (100, 100, 100)


@pytest.mark.parametrize("change, words, voxel", [
    (dict(stamp=b"AM\0\0"), "machine stamp", 2), (dict(cell=[0.0, 0.0, 0.0]), "cell of 0", 1),
    (dict(sampling=[0, 0, 0]), "0 sampling", 2), (dict(ispg=0), "stack of images", 2), (dict(ispg=401), "stack of volumes", 2),
    (dict(ispg=401, sampling=[5, 4, 0]), "stack of volumes", 2), (dict(angles=(0, 0, 0)), None, 2)])
def test_odd_headers_are_read_and_said(change, words, voxel, tmp_path):
    data = np.random.default_rng(0).random((3, 4, 5)).astype(np.float32)
    map_ = read_map(_write(tmp_path, _bytes(data, **change)))
    np.testing.assert_array_equal(map_.data, data)
    assert map_.voxel_size == (voxel, voxel, voxel)
    assert (any(words in w for w in map_.header.warnings)) if words else not map_.header.warnings


@pytest.mark.parametrize("change, voxel, words", [
    (dict(cell=[0.0, 0.0, 0.0]), (1, 1, 1), "a cell of 0 x 0 x 0 Å, so that the voxel size is unknown; 1 Å is taken, give the voxel size."),
    (dict(cell=[10.0, 8.0, 0.0]), (2, 2, 1), "a cell of 10 x 8 x 0 Å, so that the voxel size along z is unknown"),
    (dict(cell=[5.0, 4.0, 3.0]), (1, 1, 1), "The voxel size is exactly 1 Å in all axes, which many programs write when they do not know "
     "it; check it."),
    (dict(cell=[100.0, 80.0, 600.0], sampling=[5, 4, 1]), (20, 20, 20), "that is voxels of 600 Å along z; 20 Å is taken"),
    (dict(cell=[0.5, 0.4, 0.3]), (0.1,) * 3, "outside 0.2 to 20 Å (1 Å if it is in nanometres)"),
    (dict(cell=[125.0, 100.0, 75.0]), (25,) * 3, "outside 0.2 to 20 Å; give the voxel size if the header is wrong"),
    (dict(cell=[10.0, 8.0, 6.0], sampling=[5, 4, 1]), (2, 2, 2), "1 sampling interval along z for 3 sections (a stack written as a "
     "volume), that is voxels of 6 Å along z; 2 Å is taken")])
def test_a_doubtful_voxel_size_is_noted_once(change, voxel, words, tmp_path):
    header = read_header(_write(tmp_path, _bytes(np.arange(60.0).reshape(3, 4, 5), **change)))
    assert header.voxel_size == pytest.approx(voxel) and header.origin == (0, 0, 0)
    assert len(header.warnings) == 1 and words in header.warnings[0] and header.voxel_size_warnings == header.warnings


@pytest.mark.parametrize("cell, words", [
    ([10.0, 8.0, np.nan], "voxels of nan Å;"), ([1e30, 1e30, 1e30], "voxels of 2e+29 Å;"), ([1e-30, 1e-30, 1e-30], "voxels of 2e-31 Å;"),
    ([-10.0, 8.0, 6.0], "voxels of -2 Å;"), ([10.0, 8.0, np.inf], "voxels of inf Å;"), ([1005.0, 800.0, 600.0], "voxels of 201 Å;"),
    ([5e-10, 4e-10, 3e-10], "voxels of 1e-10 Å (1 Å if it is in metres);"), ([0.0, 8.0, 1e9], "a cell of 0 x 8 x 1e+09 Å")])
def test_a_voxel_size_that_cannot_be_is_asked_for(cell, words, tmp_path):
    data = np.arange(60.0).reshape(3, 4, 5)
    path = _write(tmp_path, _bytes(data, cell=cell))
    for read in (read_header, read_map):
        with pytest.raises(InputError) as caught:
            read(path)
        assert words in str(caught.value) and path in str(caught.value) and "from 0.02 to 200 Å" in str(caught.value)
    sources = {"full_map": path}
    with naming(OPTION):
        assert runner.problems("map_info", sources)[0].endswith("Give the voxel size (--voxel-size), or correct the header.")
        assert runner.problems("map_info", sources, voxel_sizes={"full_map": 1.5}) == []
    given = Study.read(sources, {"full_map": 1.5})
    assert given.full_map.voxel_size == (1.5, 1.5, 1.5) and given.notes() == []
    np.testing.assert_array_equal(given.full_map.data, data)


@pytest.mark.parametrize("size", [0.02, 60.0, 200.0])
def test_voxels_at_the_ends_of_the_range_are_read(size, tmp_path):
    header = read_header(_write(tmp_path, _bytes(np.arange(60.0).reshape(3, 4, 5), cell=[5 * size, 4 * size, 3 * size])))
    assert header.voxel_size == pytest.approx((size,) * 3) and header.voxel_size_fault == ""


@pytest.mark.parametrize("cell, sampling, voxel", [([50.0, 60.0, 70.0], [100, 100, 100], (0.5, 0.6, 0.7)),
                                                    ([10.0, 8.0, 2.0], [5, 4, 1], (2, 2, 2)), ([10.0, 12.0, 6.0], [5, 4, 1], (2, 3, 6))])
def test_a_voxel_size_that_is_no_cube_is_left_alone(cell, sampling, voxel, tmp_path):
    header = read_header(_write(tmp_path, _bytes(np.arange(60.0).reshape(3, 4, 5), cell=cell, sampling=sampling)))
    assert header.voxel_size == pytest.approx(voxel) and header.warnings == ()


def test_a_start_that_cannot_be_is_not_used(tmp_path):
    header = read_header(_write(tmp_path, _bytes(np.arange(60.0).reshape(3, 4, 5), nstart=(-2 ** 31, 0, 2 ** 31 - 1))))
    assert header.origin == (0, 0, 0) and header.nstart == (-2 ** 31, 0, 2 ** 31 - 1)
    assert header.warnings == ("The NSTART (-2147483648, 0, 2147483647) of the header makes no sense and is not used.",)


def test_a_cubic_box_of_space_group_0_is_a_volume_and_a_stack_is_said(tmp_path):
    data = np.random.default_rng(0).random((4, 4, 4))
    assert read_header(_write(tmp_path, _bytes(data, ispg=0))).warnings == ()
    stack = read_header(_write(tmp_path, _bytes(data, ispg=0, sampling=[4, 4, 1], cell=[8.0, 8.0, 2.0])))
    assert "stack of images" in stack.warnings[0] and stack.voxel_size == (2, 2, 2)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_bytes_past_the_end_are_said(pack, tmp_path):
    data = np.arange(24.0).reshape(2, 3, 4)
    map_ = read_map(_write(tmp_path, pack(_bytes(data) + b"12345")))
    np.testing.assert_array_equal(map_.data, data)
    assert map_.header.warnings == ("The file has 5 bytes more than its header asks for; they are not read.",)


def test_statistics_that_are_not_numbers(tmp_path):
    block = bytearray(_bytes(np.arange(24.0).reshape(2, 3, 4)))
    block[76:88] = np.full(3, np.nan, "<f4").tobytes()
    header = read_header(_write(tmp_path, bytes(block)))
    assert np.isnan(header.header_stats[:3]).all() and header.shape == (2, 3, 4)


def test_axes_of_zero_are_taken_as_xyz(tmp_path):
    block = bytearray(_bytes(np.arange(24.0).reshape(2, 3, 4)))
    block[64:76] = bytes(12)
    map_ = read_map(_write(tmp_path, bytes(block)))
    assert map_.shape == (2, 3, 4) and any("axes" in w for w in map_.header.warnings)


def test_huge_extended_header(tmp_path):
    data = np.arange(24.0).reshape(2, 3, 4)
    map_ = read_map(_write(tmp_path, _bytes(data, extended=3_000_000)))
    np.testing.assert_array_equal(map_.data, data)
    assert map_.header.extended_bytes == 3_000_000


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_an_extended_header_that_is_not_there(pack, tmp_path):
    """NSYMBT says 1024 and the voxels follow the header at once."""
    data = np.arange(600.0).reshape(5, 10, 12)
    block = bytearray(_bytes(data))
    block[92:96] = struct.pack("<i", 1024)
    map_ = read_map(_write(tmp_path, pack(bytes(block))))
    np.testing.assert_array_equal(map_.data, data)
    assert map_.header.extended_bytes == 0 and map_.header.warnings == (
        "The header says that 1024 bytes of an extended header follow, but the file has just room for the voxels; they are read from "
        "byte 1024 on.",)
    with pytest.raises(FormatError, match="asks for 4448 bytes and there are 3420"):
        read_map(_write(tmp_path, pack(bytes(block)[:-4])))


@pytest.mark.parametrize("name, pack", [("a.mrc.gz", gzip.compress), ("a.map.bz2", bz2.compress), ("gzip_by_content.mrc", gzip.compress)])
def test_compressed(name, pack, tmp_path):
    data = np.arange(24.0).reshape(2, 3, 4)
    map_ = read_map(_write(tmp_path, pack(_bytes(data, extended=80)), name))
    np.testing.assert_array_equal(map_.data, data)
    assert map_.data.flags.writeable and map_.data.flags.c_contiguous


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_truncated(pack, tmp_path):
    data = np.arange(240.0).reshape(4, 6, 10)
    path = _write(tmp_path, pack(_bytes(data)[:1500]))
    with pytest.raises(FormatError, match="10 x 6 x 4.*1984 bytes.*1500") as error:
        read_map(path)
    assert path in str(error.value)


def test_damaged_compression_is_one_sentence(tmp_path):
    path = _write(tmp_path, gzip.compress(_bytes(np.arange(2400.0).reshape(24, 10, 10)))[:-200], "a.mrc.gz")
    with pytest.raises(FormatError, match="damaged|truncated"):
        read_map(path)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_no_damaged_byte_of_a_compressed_map_goes_unnoticed(pack, tmp_path):
    """Also in voxels that still unpack: the checksum stands behind the last of them, so that the stream is read to its end."""
    data = np.random.default_rng(4).standard_normal((8, 9, 10)).astype(np.float32)
    good = pack(_bytes(data))
    harmless = range(10) if pack is gzip.compress else ()     # time, flags and system in the head of a .gz
    for at in range(0, len(good), 7):
        block = bytearray(good)
        block[at] ^= 0x10
        if at in harmless or block[:2] not in (b"\x1f\x8b", b"BZ"):
            continue
        with pytest.raises(FormatError, match="damaged|truncated|not an MRC"):
            read_map(_write(tmp_path, bytes(block)))


def test_a_compressed_map_with_an_absurd_box_is_one_sentence(tmp_path):
    block = bytearray(_bytes(np.arange(24.0).reshape(2, 3, 4)))
    block[:12] = struct.pack("<3i", 65000, 65000, 65000)
    with pytest.raises(FormatError, match="65000 x 65000 x 65000"):
        read_map(_write(tmp_path, gzip.compress(bytes(block)), "a.mrc.gz"))


@pytest.mark.parametrize("block, words", [
    (b"", "0 bytes"), (b"ATOM" * 400, "not an MRC"), (b"\0" * 2000, "not an MRC")])
def test_not_a_map(block, words, tmp_path):
    with pytest.raises(FormatError, match=words):
        read_header(_write(tmp_path, block))


@pytest.mark.parametrize("start, words", [
    (b"\xfd7zXZ\0\0", "compressed with xz; unpack it"), (b"PK\x03\x04", "a zip archive"), (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\n<!DOCTYPE html>", "a web page; the download went wrong"), (b"<HTML>", "a web page"), (b"HEADER    VIRUS", "an atomic model"),
    (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS")])
@pytest.mark.parametrize("length", [100, 4000])
def test_other_files_are_called_by_their_name(start, words, length, tmp_path):
    with pytest.raises(FormatError, match=f"is not an MRC, CCP4 or MAP file but .*{words}"):
        read_map(_write(tmp_path, start.ljust(length, b"\1")))


@pytest.mark.parametrize("mode", [5, 7, 16])
@pytest.mark.parametrize("order", ["<", ">"])
def test_modes_that_do_not_exist_are_named_with_the_true_box(mode, order, tmp_path):
    block = bytearray(_bytes(np.zeros((2, 3, 4)) + 1, order=order))
    block[12:16] = struct.pack(order + "i", mode)
    with pytest.raises(FormatError, match=rf"has the mode {mode} \(box 4 x 3 x 2\), and mode {mode} is no MRC mode"):
        read_map(_write(tmp_path, bytes(block)))


def test_transforms_and_skewed_cells_are_refused(tmp_path):
    with pytest.raises(FormatError, match="mode 4"):
        block = bytearray(_bytes(np.zeros((2, 2, 2)) + 1))
        block[12:16] = struct.pack("<i", 4)
        read_header(_write(tmp_path, bytes(block)))
    with pytest.raises(FormatError, match="111.5"):
        read_header(_write(tmp_path, _bytes(np.ones((2, 2, 2)), angles=(90, 111.5, 90))))
    with pytest.raises(MissingInputError, match="nowhere"):
        read_map(str(tmp_path / "nowhere.mrc"))


@pytest.mark.parametrize("name", ["out, 1.mrc", "out.map.gz"])
def test_round_trip(name, tmp_path):
    mrcfile = pytest.importorskip("mrcfile")
    rng = np.random.default_rng(2)
    map_ = Map(rng.standard_normal((5, 6, 7)).astype(np.float32), (1.06, 1.5, 2.0), (-3.0, 4.5, 6.25))
    path = str(tmp_path / name)
    write_map(path, map_, labels=("made for a test", "µ is not ASCII", "x" * 200))
    back = read_map(path)
    np.testing.assert_array_equal(back.data, map_.data)
    assert back.voxel_size == map_.voxel_size and back.origin == map_.origin
    assert back.header.labels == ("made for a test", "? is not ASCII", "x" * 80) and back.header.ispg == 1
    with mrcfile.open(path) as other:
        np.testing.assert_array_equal(other.data, map_.data)
        assert float(other.header.rms) == pytest.approx(map_.data.std(), rel=1e-5)
        assert other.voxel_size.x == pytest.approx(1.06)
    assert mrcfile.validate(path, print_file=open(os.devnull, "w"))
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["a.mrc", "a.mrc.gz"])
def test_the_voxels_are_in_memory_once(name, tmp_path):
    """Reading takes the array and a few blocks, writing nothing of the size of the map."""
    map_ = Map(np.random.default_rng(3).standard_normal((96, 128, 128)).astype(np.float32), (2.0,) * 3)
    path = str(tmp_path / name)
    assert _peak(lambda: write_map(path, map_)) < 0.2 * map_.data.nbytes
    assert map_.data.nbytes <= _peak(lambda: read_map(path)) < 1.4 * map_.data.nbytes


def _peak(action):
    """Most bytes that an action holds at once beyond what is held before."""
    action()
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_nothing_is_half_written(tmp_path):
    class Broken(np.ndarray):
        pass

    path = tmp_path / "old.mrc"
    path.write_bytes(b"precious")
    with pytest.raises(ValueError):
        write_map(str(path), Map(np.zeros((2, 2)), (1.0,) * 3))
    assert path.read_bytes() == b"precious" and os.listdir(tmp_path) == ["old.mrc"]
    with pytest.raises(InputError, match="cannot be written"):
        write_map(str(tmp_path / "no folder" / "a.mrc"), Map(np.zeros((2, 2, 2)), (1.0,) * 3))


@pytest.mark.realdata
def test_every_header_of_the_collection(shared):
    """Each reads right or gives one sentence; the expectations are those of its README and of other readers."""
    good, refused = {}, {}
    for path in sorted((shared / "data" / "headers").iterdir()):
        if path.suffix in (".pdb", ".ncs_spec"):
            continue
        try:
            good[path.name] = read_map(str(path))
        except FormatError as error:
            refused[path.name] = str(error)
    assert set(refused) == {"EMD-3001.map", "emd_8216.map.gz", "test_data_corrupt_header.map"}
    assert "94.326" in refused["EMD-3001.map"] and "1108" in refused["test_data_corrupt_header.map"]
    assert good["EMD-3197.map"].origin == pytest.approx((-22.8, 0, 0))
    np.testing.assert_array_equal(good["EMD-3197.map"].data, good["EMD-3197.map.bz2"].data)
    np.testing.assert_array_equal(good["EMD-3197.map"].data, good["emd_3197.map.gz"].data)
    assert good["emd_1155.ccp4"].shape == (281, 91, 141) and good["emd_1155.ccp4"].voxel_size == (16.4,) * 3
    assert good["1jzv.ccp4"].shape == (70, 96, 76) and good["1jzv.ccp4"].header.axis_order == (2, 1, 3)
    assert good["h2o-elf-nstart-origin.mrc"].origin == pytest.approx((1.2, 3.4, 5.6))
    start = good["ccp4_20_21_22_to_30_40_50.ccp4"]
    assert start.header.nstart == (20, 21, 22) and start.shape == (29, 20, 11)
    for name, map_ in good.items():
        assert np.isfinite(map_.data).all(), name
        assert map_.header.header_stats[2] == pytest.approx(float(map_.data.mean(dtype=np.float64)), rel=1e-3, abs=1e-6), name


MAPS = {                                                     # box x, y, z; voxel size; origin
    "betagal_relion_ngl/betaGal.mrc": ((100, 100, 100), (3.54,) * 3, (0, 0, 0)),
    "betagal_relion_ngl/localResolution.mrc": ((100, 100, 100), (1.0,) * 3, (0, 0, 0)),
    "emd1080_groel_imp/groel-11.5A.mrc": ((100, 100, 100), (2.7,) * 3, (-135, -135, -135)),
    "emd1461_vp6_gorgon/vp6-96o.mrc": ((96, 96, 96), (1.23,) * 3, (0, 0, 0)),
    "emd2566_3j6b_daq/2566_3J6B_9.mrc": ((35, 52, 47), (1.34,) * 3, (356.44, 155.44, 159.46)),
    "emd3186_5fj6/emd_3186.map": ((100, 100, 100), (1.35,) * 3, (0, 0, 0)),
    "emd5168_actin_tempy/emd_5168.map": ((100, 100, 100), (1.742,) * 3, (-87.1, -87.1, -87.1)),
    "emd6272_3j9s_strudel/6272.mrc": ((52, 52, 52), (1.023,) * 3, (0, 0, 0)),
    "emd6824_diffmodeler/6824.mrc": ((70, 70, 70), (2.64,) * 3, (0, 0, 0)),
    "slac_multibody/relion_locres_filtered.mrc": ((90, 90, 90), (4.1004,) * 3, (0, 0, 0)),
}


@pytest.mark.realdata
def test_every_map_of_the_collection(shared):
    """Each reads, with the values that mrcfile reads; the axes of the EMRinger map are 3, 2, 1 in its file."""
    mrcfile = pytest.importorskip("mrcfile")
    top = shared / "data" / "maps"
    paths = sorted(p for p in top.glob("*/*") if p.suffix in (".mrc", ".map", ".ccp4"))
    assert len(paths) >= 20
    for path in paths:
        map_, name = read_map(str(path)), f"{path.parent.name}/{path.name}"
        with mrcfile.open(str(path), permissive=True) as other:
            place = [2 - map_.header.axis_order.index(axis) for axis in (3, 2, 1)]
            np.testing.assert_array_equal(map_.data, other.data.transpose(place), err_msg=name)
        if name in MAPS:
            box, voxel, origin = MAPS[name]
            assert map_.shape == box[::-1], name
            np.testing.assert_allclose(map_.voxel_size, voxel, rtol=1e-4, err_msg=name)
            np.testing.assert_allclose(map_.origin, origin, atol=1e-2, err_msg=name)
    assert read_header(str(top / "emringer_test" / "tests_test_map.ccp4")).axis_order == (3, 2, 1)
