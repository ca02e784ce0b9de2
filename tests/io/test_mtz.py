"""Map coefficients written as MTZ are those that gemmi computes, and give the map back."""
from __future__ import annotations

import gemmi
import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.errors import FormatError, InputError, MissingInputError
from cryoqa_plugin.io.inputs import read_headers
from cryoqa_plugin.io.maps import Map, read_header, read_map, write_map
from cryoqa_plugin.io.mtz import NO_ORIGIN, coefficients, read_mtz, read_mtz_header, write_mtz

VOXEL = (1.1, 1.2, 1.3)


def _map(shape=(12, 14, 16)):
    return Map(np.random.default_rng(4).standard_normal(shape).astype(np.float32), VOXEL)


def _grid(map_):
    grid = gemmi.FloatGrid(np.ascontiguousarray(map_.data.transpose(2, 1, 0)))
    nz, ny, nx = map_.shape
    grid.set_unit_cell(gemmi.UnitCell(nx * VOXEL[0], ny * VOXEL[1], nz * VOXEL[2], 90, 90, 90))
    grid.spacegroup = gemmi.SpaceGroup("P 1")
    return grid


@pytest.mark.parametrize("shape", [(12, 14, 16), (13, 15, 11)], ids=str)
def test_coefficients_are_those_of_gemmi(shape, tmp_path):
    map_ = _map(shape)
    path = str(tmp_path / "a b.mtz")
    write_mtz(path, map_)
    mtz = gemmi.read_mtz_file(path)
    reference = gemmi.transform_map_to_f_phi(_grid(map_))
    table = np.array(mtz, copy=False)
    assert [c.label for c in mtz.columns] == ["H", "K", "L", "FWT", "PHWT"]
    for h, k, l, amplitude, phase in table[::7]:
        value = reference.get_value(int(h), int(k), int(l))
        assert amplitude * np.exp(1j * np.radians(phase)) == pytest.approx(value, abs=2e-4 * abs(table[:, 3]).max())
    assert mtz.resolution_high() == pytest.approx(max(2 * VOXEL[0], *(n * v / (n // 2) for n, v in zip(shape[::-1], VOXEL))), rel=0.05)


def test_one_of_each_friedel_pair():
    hkl, f = coefficients(_map())
    rows = {tuple(int(v) for v in r) for r in hkl}
    assert len(rows) == f.size and (0, 0, 0) in rows
    assert not any((-h, -k, -l) in rows for h, k, l in rows if (h, k, l) != (0, 0, 0))


def test_the_coefficients_give_the_map_back(tmp_path):
    rng = np.random.default_rng(5)
    ft = np.fft.fftn(rng.standard_normal((16, 16, 16)))
    s2 = sum(k ** 2 for k in np.meshgrid(*3 * [np.fft.fftfreq(16)], indexing="ij"))
    smooth = np.fft.ifftn(np.where(s2 < 0.18, ft, 0)).real.astype(np.float32)
    path = str(tmp_path / "c.mtz")
    write_mtz(path, Map(smooth, (2.0, 2.0, 2.0)))
    grid = gemmi.read_mtz_file(path).transform_f_phi_to_map("FWT", "PHWT", exact_size=(16, 16, 16))
    back = np.array(grid, copy=False).transpose(2, 1, 0)
    np.testing.assert_allclose(back, smooth, atol=1e-4 * np.abs(smooth).max())


@pytest.mark.parametrize("shape, voxel", [((12, 14, 16), VOXEL), ((13, 15, 11), VOXEL), ((16, 16, 16), (1.5,) * 3),
                                          ((9, 9, 9), (2.0,) * 3)], ids=str)
def test_a_map_that_was_written_is_read_again(shape, voxel, tmp_path):
    """What lies beyond the sphere of Nyquist is not written, so that a map is compared that has been through a file once."""
    paths = [str(tmp_path / f"{i}.mtz") for i in range(2)]
    first = Map(_map(shape).data, voxel)
    write_mtz(paths[0], first)
    once = read_mtz(paths[0])
    write_mtz(paths[1], once)
    twice = read_mtz(paths[1])
    assert once.shape == shape and once.voxel_size == pytest.approx(voxel) and once.origin == (0, 0, 0) and once.path == paths[0]
    np.testing.assert_allclose(twice.data, once.data, atol=2e-6 * np.abs(once.data).max())
    np.testing.assert_allclose(coefficients(once)[1], coefficients(first)[1], atol=2e-6 * np.abs(coefficients(once)[1]).max())
    assert once.data.dtype == np.float32 and once.data.flags.c_contiguous and once.header.warnings == (NO_ORIGIN,)
    header = read_headers({"map_coefficients": paths[0]})["map_coefficients"]
    assert header == read_mtz_header(paths[0]) and header.shape == shape and header.voxel_size == once.voxel_size


def _foreign(path, columns=(("FC", "F"), ("PHIC", "P")), cell=(24, 24, 24, 90, 90, 90), group="P 1", history=(), map_=None):
    """An MTZ file of another program: coefficients of the smooth map to 4 Å, in columns of other names."""
    hkl, f = coefficients(map_ or _smooth())
    asu = gemmi.ReciprocalAsu(gemmi.SpaceGroup(group))
    fine = ((hkl ** 2).sum(axis=1) <= 36) & [asu.is_in([int(v) for v in row]) for row in hkl]
    hkl, f = hkl[fine], f[fine]
    mtz = gemmi.Mtz(with_base=True)
    mtz.spacegroup = gemmi.SpaceGroup(group)
    mtz.set_cell_for_all(gemmi.UnitCell(*cell))
    mtz.history = list(history)
    mtz.add_dataset("other")
    mtz.add_column("SIGF", "Q")
    for label, sort in columns:
        mtz.add_column(label, sort)
    values = {"F": np.abs(f), "P": np.degrees(np.angle(f))}
    mtz.set_data(np.column_stack([hkl, np.ones(len(f)), *(values.get(sort, np.zeros(len(f))) for _, sort in columns)]).astype(np.float32))
    mtz.write_to_file(str(path))
    return str(path)


def _smooth():
    ft = np.fft.fftn(np.random.default_rng(6).standard_normal((24, 24, 24)))
    s2 = sum(k ** 2 for k in np.meshgrid(*3 * [np.fft.fftfreq(24, 1 / 24)], indexing="ij"))
    return Map(np.fft.ifftn(np.where(s2 <= 36, ft, 0)).real.astype(np.float32), (1.0, 1.0, 1.0))


def test_files_of_other_programs(tmp_path):
    """Another grid of the same cell, three voxels or more to the resolution; the values at common points are those of the map."""
    truth = _smooth()
    found = read_mtz(_foreign(tmp_path / "a.mtz"))
    assert found.shape == (18, 18, 18) and found.voxel_size == pytest.approx((4 / 3,) * 3)
    assert found.header.warnings == ("The map is made of the columns FC and PHIC.", NO_ORIGIN)
    np.testing.assert_allclose(found.data[::3, ::3, ::3], truth.data[::4, ::4, ::4], atol=1e-5)
    both = read_mtz(_foreign(tmp_path / "b.mtz", (("FC", "F"), ("PHIC", "P"), ("FWT", "F"), ("PHWT", "P"))))
    np.testing.assert_array_equal(both.data, found.data)
    assert both.header.warnings == (NO_ORIGIN,)
    small = read_mtz(_foreign(tmp_path / "c.mtz", history=["cryoqa: box 6 6 6", "cryoqa: box 24 24"]))
    assert small.shape == (18, 18, 18), "a box that does not hold the coefficients is not believed"
    assert read_mtz(_foreign(tmp_path / "d.mtz", history=["cryoqa: box 24 24 24"])).data == pytest.approx(truth.data, abs=1e-5)


def test_reflections_that_were_not_measured_count_as_zeros(tmp_path):
    path = _foreign(tmp_path / "a.mtz")
    mtz = gemmi.read_mtz_file(path)
    table = np.array(mtz)
    table[7, 4:] = np.nan
    mtz.set_data(table)
    mtz.write_to_file(str(tmp_path / "nan.mtz"))
    table[7, 4:] = 0
    mtz.set_data(table)
    mtz.write_to_file(str(tmp_path / "zero.mtz"))
    np.testing.assert_array_equal(read_mtz(str(tmp_path / "nan.mtz")).data, read_mtz(str(tmp_path / "zero.mtz")).data)


@pytest.mark.parametrize("group, up", [("P 1 2 1", 0), ("P 1 21 1", 12)])
def test_a_space_group_gives_the_whole_cell(group, up, tmp_path):
    """A two-fold or screw axis along b: of a map that has it the coefficients of one half give the map back."""
    truth = _smooth()
    turned = np.roll(np.flip(truth.data, axis=(0, 2)), (1, up, 1), axis=(0, 1, 2))
    both = truth.with_data((truth.data + turned) / 2)
    path = _foreign(tmp_path / "p2.mtz", group=group, history=["cryoqa: box 24 24 24"], map_=both)
    assert gemmi.read_mtz_file(path).nreflections < 300 < coefficients(both)[1].size
    np.testing.assert_allclose(read_mtz(path).data, both.data, atol=1e-5)


def test_files_that_hold_no_map(tmp_path):
    with pytest.raises(FormatError, match="columns are H, K, L, SIGF, FC. Give map"):
        read_mtz(_foreign(tmp_path / "no.mtz", (("FC", "F"),)))
    with pytest.raises(InputError, match="angles of 90, 90 and 120"):
        read_mtz(_foreign(tmp_path / "hex.mtz", cell=(24, 24, 24, 90, 90, 120)))
    with pytest.raises(MissingInputError, match="nowhere.mtz' does not exist"):
        read_mtz(str(tmp_path / "nowhere.mtz"))
    for content in (b"", b"not an mtz file", b"MTZ " + bytes(40)):
        (tmp_path / "bad.mtz").write_bytes(content)
        with pytest.raises(FormatError, match="bad.mtz' cannot be read as MTZ"):
            read_mtz(str(tmp_path / "bad.mtz"))


def test_a_run_writes_them_beside_its_maps(tiny_halves, tmp_path):
    map_ = tiny_halves["half1"]
    moved = str(tmp_path / "moved.mrc")
    write_map(moved, Map(map_.data, map_.voxel_size, (3.0, -4.0, 5.0)))
    document = runner.execute("mask", {"full_map": moved}, {}, str(tmp_path / "out"), also=("mtz", "shifted"))
    entry = document["maps"]["mask"]
    shifted, kept = (read_map(str(tmp_path / "out" / entry[k])) for k in ("shifted", "path"))
    assert kept.origin == (3.0, -4.0, 5.0) and shifted.origin == (0.0, 0.0, 0.0)
    np.testing.assert_array_equal(kept.data, shifted.data)
    assert gemmi.read_mtz_file(str(tmp_path / "out" / entry["mtz"])).nreflections > 100


@pytest.mark.parametrize("label, value, words", [("FWT", np.inf, "1 amplitudes or phases that are infinite"),
                                                 ("PHWT", -np.inf, "infinite")])
def test_infinite_coefficients_are_refused(label, value, words, tiny_halves, tmp_path):
    path = str(tmp_path / "a.mtz")
    write_mtz(path, tiny_halves["half1"])
    mtz = gemmi.read_mtz_file(path)
    mtz.column_with_label(label).array[7] = value
    mtz.write_to_file(path)
    with pytest.raises(FormatError, match=words):
        read_mtz(path)


@pytest.mark.parametrize("cell, words", [((1e9, 24, 24), "reflections are too few"),
                                         ((0.024, 0.024, 0.024), "a voxel is from 0.02 to 200 Å")])
def test_a_cell_that_cannot_be_is_refused_before_its_box_is_made(cell, words, tiny_halves, tmp_path):
    path = str(tmp_path / "a.mtz")
    write_mtz(path, tiny_halves["half1"])
    mtz = gemmi.read_mtz_file(path)
    mtz.set_cell_for_all(gemmi.UnitCell(*cell, 90, 90, 90))
    mtz.write_to_file(path)
    with pytest.raises((FormatError, InputError), match=words):
        read_mtz(path)


@pytest.mark.parametrize("capability, values", [("map_info", {}), ("auto_sharpen", dict(method="b_iso", resolution=4.0, b_iso=40.0))])
def test_what_takes_a_map_takes_map_coefficients(capability, values, tiny_halves, tmp_path):
    """The numbers are those of the same map as MRC: low-passed at Nyquist, as coefficients end there."""
    path, same = str(tmp_path / "map.mtz"), str(tmp_path / "map.mrc")
    write_mtz(path, tiny_halves["full_map"])
    write_map(same, read_map(path))
    assert read_header(path).shape == read_map(path).shape == tiny_halves["full_map"].shape
    of_mtz, of_mrc = (runner.execute(capability, {"full_map": p}, values, str(tmp_path / name))
                      for p, name in ((path, "mtz"), (same, "mrc")))
    for name, entry in of_mrc["metrics"].items():
        found = of_mtz["metrics"][name]["value"]
        if name != "header_agrees":                          # coefficients have no statistics to compare with
            value = entry["value"]
            assert found == (pytest.approx(value, rel=1e-4, abs=1e-6) if isinstance(value, float) else value), name
    assert any("know no origin" in text for text in of_mtz["warnings"])
    assert not any("know no origin" in text for text in of_mrc["warnings"])


def test_an_mtz_file_that_is_none_is_refused_as_a_map(tmp_path):
    path = tmp_path / "bad.mtz"
    path.write_bytes(b"MTZ \x15\0\0\0" + bytes(2000))
    for read in (read_map, read_header):
        with pytest.raises(FormatError, match="cannot be read as MTZ"):
            read(str(path))
