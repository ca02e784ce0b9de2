"""Map coefficients written as MTZ are those that gemmi computes, and give the map back."""
from __future__ import annotations

import gemmi
import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.io.maps import Map, read_map, write_map
from cryoqa_plugin.io.mtz import coefficients, write_mtz

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
