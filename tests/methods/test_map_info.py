"""What map_info says about maps whose history is known."""
from __future__ import annotations

import mrcfile
import numpy as np
import pytest

import cryoqa_plugin
from cryoqa_plugin.core import masks
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import Map, read_map, write_map
from cryoqa_plugin.methods.map_info.map_info import MapInfoParams, compute_map_info, spectrum_end
from cryoqa_plugin.runner import perform
from cryoqa_plugin.study import Study


def _info(map_, **inputs):
    return compute_map_info(Study(full_map=map_, **inputs), MapInfoParams())


def test_statistics_and_placement(tiny_halves):
    full = read_map(tiny_halves["paths"]["full_map"])
    out = _info(full)
    data = full.data.astype(np.float64)
    assert out.mean == pytest.approx(data.mean(), abs=1e-9) and out.sd == pytest.approx(data.std())
    assert out.skewness == pytest.approx((((data - data.mean()) / data.std()) ** 3).mean(), rel=1e-6)
    assert out.kurtosis == pytest.approx((((data - data.mean()) / data.std()) ** 4).mean() - 3, rel=1e-6)
    assert (out.minimum, out.maximum) == (data.min(), data.max())
    assert out.header_agrees is True and out.full_cell and not out.masked and not out.inverted
    assert out.box == "32, 32, 32" and out.voxel_size == "1.5, 1.5, 1.5" and out.origin == "3, 4.5, 6"
    assert out.nyquist == 3.0 and out.corner_limit == pytest.approx(3.0 / np.sqrt(3))
    assert out.histogram.y.sum() == 32 ** 3
    assert "32 x 32 x 32" in out.summary


def test_power_spectrum_of_white_noise_is_flat_at_its_variance():
    data = 2 * np.random.default_rng(0).standard_normal((40, 42, 44)).astype(np.float32)
    out = _info(Map(data, (1.0, 1.0, 1.0)))
    assert out.power_spectrum.y[5:].mean() == pytest.approx(np.log10(4), abs=0.01)


def test_a_mask_is_noticed(tiny_halves):
    full = tiny_halves["full_map"]
    assert _info(full.with_data(full.data * tiny_halves["mask"].data)).masked
    ball = masks.soft_edge(masks.ball(full.shape, full.voxel_size, 17), 2)
    out = _info(full.with_data(full.data * ball))
    assert out.masked and out.constant_fraction > 0.1 and "masked" in out.summary


def test_a_low_pass_is_noticed_where_it_is():
    noise = Map(np.random.default_rng(6).standard_normal((32, 32, 32)).astype(np.float32), (1.5,) * 3)
    assert not _info(noise).filtered
    out = _info(noise.with_data(masks.lowpass(noise.data, noise.voxel_size, 4.8)))
    assert out.filtered and out.filtered_at == pytest.approx(4.8, abs=0.7)


def test_spectrum_end_ignores_decay():
    s = np.arange(60) / 120
    assert spectrum_end(np.log10(np.exp(-100 * s * s) + 1e-4)) is None
    cut = np.log10(np.exp(-100 * s * s) + 1e-4)
    cut[40:] -= 4
    assert abs(spectrum_end(cut) - 40) <= 3


def test_inverted_contrast(tiny_halves):
    full = tiny_halves["full_map"]
    up, down = _info(full), _info(full.with_data(-full.data))
    assert not up.inverted and down.inverted
    assert down.contour == pytest.approx(-up.contour, rel=1e-5) and down.volume == pytest.approx(up.volume)


def test_wrapping_of_a_period_and_of_a_part():
    noise = np.random.default_rng(3).standard_normal((48, 48, 48)).astype(np.float32)
    period = masks.lowpass(noise, (1.0,) * 3, 5.0)
    assert _info(Map(period, (1.0,) * 3)).wrapping == "yes"
    part = np.ascontiguousarray(period[5:29, 5:29, 5:29])
    assert _info(Map(part, (1.0,) * 3)).wrapping == "no"


def test_half_maps_are_compared(tiny_halves):
    h1, h2, full = (tiny_halves[n] for n in ("half1", "half2", "full_map"))
    good = _info(full, half1=h1, half2=h2)
    assert good.half_maps_identical is False and good.half_maps_masked is False
    ratio = h1.data.std() / h2.data.std()
    assert good.half_maps_scale == pytest.approx(max(ratio, 1 / ratio), rel=1e-6)
    assert good.half_maps_consistency > 0.95 and good.half_maps_curve.y.min() > 0.99
    assert good.half_maps_correlation == pytest.approx(np.corrcoef(h1.data.ravel(), h2.data.ravel())[0, 1], abs=1e-6)
    assert good.half_maps_agreement > 0.999
    same = _info(full, half1=h1, half2=h1)
    assert same.half_maps_identical is True and "copy of the other" in same.summary
    copy = _info(full, half1=h1, half2=h1.with_data(-2.5 * h1.data + 1))
    assert copy.half_maps_identical is False and copy.half_maps_inverted
    assert copy.half_maps_scale == pytest.approx(2.5, rel=1e-5) and copy.half_maps_consistency < -0.99
    assert _info(full, half1=h1, half2=h1.with_data(2.5 * h1.data + 1)).half_maps_identical is True
    assert _info(full, half1=h1, half2=h2.with_data(np.roll(h2.data, 8, 0))).half_maps_consistency < 0.7
    shifted = h1.with_data(np.roll(h1.data, 8, 0)), h2.with_data(np.roll(h2.data, 8, 0))
    assert _info(full, half1=shifted[0], half2=shifted[1]).half_maps_agreement < 0.7
    masked = h1.with_data(h1.data * tiny_halves["mask"].data)
    assert _info(full, half1=masked, half2=h2).half_maps_masked is True


def test_no_half_map_no_value(tiny_halves):
    out = _info(tiny_halves["full_map"])
    assert out.half_maps_identical is None and out.half_maps_agreement is None and out.half_maps_curve is None
    one = perform("map_info", Study(full_map=tiny_halves["full_map"], half1=tiny_halves["half1"]), MapInfoParams())
    assert one.half_maps_identical is None and any("Only one half-map" in w for w in one.warnings)


def test_centre_and_percentiles():
    data = np.random.default_rng(1).standard_normal((20, 24, 28)).astype(np.float32) * 0.01
    data[4:9, 6:11, 20:25] += 1
    out = compute_map_info(Study(full_map=Map(data, (5.0, 6.0, 7.0), (-10.0, 0.0, 3.0))), MapInfoParams(threshold=0.5))
    assert out.volume == 125 * 210 and out.centre == "100, 48, 45"
    assert out.centre_offset == pytest.approx(np.sqrt((8 / 28) ** 2 + (4 / 24) ** 2 + (4 / 20) ** 2))
    rows = {row[0]: row for row in out.percentiles.rows}
    assert rows[50][1] == pytest.approx(np.median(data)) and rows[95][2] == pytest.approx((rows[95][1] - out.mean) / out.sd)
    assert any("not cubes" in w for w in out.warnings)


def test_a_contour_past_the_values_is_said(tiny_halves):
    out = compute_map_info(Study(full_map=tiny_halves["full_map"]), MapInfoParams(threshold=1e6))
    assert out.volume == 0 and out.centre_offset is None and any("No voxel lies beyond" in w for w in out.warnings)


def test_a_box_full_of_molecules_has_a_contour_too():
    wave = np.sin(np.arange(24) * np.pi / 4).astype(np.float32)
    out = _info(Map(wave[:, None, None] * wave[None, :, None] + 0 * wave, (5.0,) * 3))
    assert out.minimum < out.contour < out.maximum and out.volume > 0


def test_notes_on_the_header(tmp_path):
    data = np.random.default_rng(1).standard_normal((20, 20, 20)).astype(np.float32)
    path = tmp_path / "a.mrc"
    write_map(str(path), Map(data, (1.0,) * 3))
    assert any("exactly 1" in w for w in perform("map_info", Study.read({"full_map": str(path)}), MapInfoParams()).warnings)
    block = bytearray(path.read_bytes())
    block[28:40] = np.array([40, 40, 40], "<i4").tobytes()
    block[64:76] = np.array([3, 2, 1], "<i4").tobytes()
    path.write_bytes(block)
    out = _info(read_map(str(path)))
    assert out.full_cell is False and out.wrapping == "no" and out.voxel_size == "0.5, 0.5, 0.5"
    assert any("order 3, 2, 1" in w for w in out.warnings) and any("part of a unit cell of 40, 40, 40" in w for w in out.warnings)


@pytest.mark.parametrize("cell, said", [
    ((16, 20, 24), None), ((20, 16, 24), "swapped"), ((16, 20, 48), "a part"), ((16, 19, 24), "more than")])
def test_box_and_cell(cell, said, tmp_path):
    path = tmp_path / "a.mrc"
    write_map(str(path), Map(np.random.default_rng(1).standard_normal((24, 20, 16)).astype(np.float32), (1.5,) * 3))
    block = bytearray(path.read_bytes())
    block[28:40] = np.array(cell, "<i4").tobytes()
    path.write_bytes(block)
    out = _info(read_map(str(path)))
    assert out.full_cell is (said is None) and (said is None or any(said in w for w in out.warnings))


def test_header_that_lies(tiny_halves, tmp_path):
    path = tmp_path / "lies.mrc"
    with open(tiny_halves["paths"]["full_map"], "rb") as stream:
        block = bytearray(stream.read())
    block[76:80] = np.float32(99).tobytes()                  # DMIN of 99 is above DMAX: unknown
    path.write_bytes(block)
    assert _info(read_map(str(path))).header_agrees is None
    block[76:80] = np.float32(-99).tobytes()
    path.write_bytes(block)
    assert _info(read_map(str(path))).header_agrees is False
    block[76:80] = np.float32(np.nan).tobytes()
    path.write_bytes(block)
    assert _info(read_map(str(path))).header_agrees is None
    write_map(str(path), tiny_halves["full_map"])
    block = bytearray(path.read_bytes())
    block[216:220] = np.float32(1e-3).tobytes()              # RMS
    path.write_bytes(block)
    assert _info(read_map(str(path))).header_agrees is False


def test_sentences(tiny_halves):
    full = tiny_halves["full_map"]
    bad = full.data.copy()
    bad[0, 0, :3] = np.nan
    with pytest.raises(InputError, match="3 voxels that are NaN"):
        _info(full.with_data(bad))
    with pytest.raises(InputError, match="same value, 2"):
        _info(full.with_data(np.full_like(bad, 2)))


@pytest.mark.realdata
def test_real_maps(shared):
    top = shared / "data" / "maps"
    masked = _info(read_map(str(top / "emd1080_groel_imp" / "groel-11.5A.mrc")))
    assert masked.masked and masked.constant_fraction > 0.8
    emd3186 = _info(read_map(str(top / "emd3186_5fj6" / "emd_3186.map")))
    assert emd3186.filtered_at == pytest.approx(7.5, abs=0.3) and not emd3186.masked and emd3186.wrapping == "yes"


def test_the_noise_of_the_half_maps(tiny_halves):
    """Shared noise, a damped solvent and a sphere are said; clean half-maps get no note."""
    rng = np.random.default_rng(3)
    z, y, x = np.mgrid[:64, :64, :64] - 32
    radius = np.sqrt(x * x + y * y + z * z)
    mask = np.clip((12 - np.abs(x)) / 3, 0, 1) * np.clip((24 - radius) / 3, 0, 1)
    signal = 6 * masks.lowpass(rng.standard_normal(mask.shape).astype(np.float32), (1.0,) * 3, 6.0) * mask.astype(np.float32)
    noise = [rng.standard_normal(mask.shape).astype(np.float32) for _ in range(3)]

    def info(*halves):
        maps = [Map(h.astype(np.float32), (1.1,) * 3) for h in halves]
        return perform("map_info", Study(full_map=maps[0], half1=maps[0], half2=maps[1]), MapInfoParams())

    clean = info(signal + noise[0], signal + noise[1])
    assert abs(clean.half_maps_shared_noise) < 4 * clean.half_maps_shared_noise_error and clean.warnings == ()
    assert clean.half_maps_noise_rim is None and clean.half_maps_noise.y == pytest.approx(1, abs=0.2)
    shared = info(*(signal + np.sqrt(0.9) * n + np.sqrt(0.1) * noise[2] for n in noise[:2]))
    assert shared.half_maps_shared_noise == pytest.approx(0.1, abs=0.01) and "% of their noise in the solvent" in shared.warnings[0]
    assert info(signal, signal).half_maps_shared_noise is None


def test_a_voxel_size_that_no_one_set_is_told_until_it_is_given(tmp_path):
    data = np.random.default_rng(5).normal(size=(16, 16, 16)).astype(np.float32)
    paths = {}
    for size in (1.0, 1.1):
        paths[size] = str(tmp_path / f"{size}.mrc")
        with mrcfile.new(paths[size]) as out:
            out.set_data(data)
            out.voxel_size = size
    unset = [cryoqa_plugin.open(full_map=paths[s], **more).map_info().voxel_size_unset
             for s, more in ((1.0, {}), (1.1, {}), (1.0, {"voxel_size": 1.0}))]
    assert unset == [True, False, False]
