"""What map_info says about maps whose history is known."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.core import masks
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.inputs import Inputs
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.map_info.map_info import MapInfoParams, compute_map_info, spectrum_end


def _info(map_, **inputs):
    return compute_map_info(Inputs(full_map=map_, **inputs), MapInfoParams())


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
    ball = masks.soft_edge(masks.ball(full.shape, full.voxel_size, 20), 2)
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
    assert good.halves_identical is False and good.halves_masked is False
    assert good.halves_scale == pytest.approx(h1.data.std() / h2.data.std(), rel=1e-6)
    assert good.halves_correlation == pytest.approx(np.corrcoef(h1.data.ravel(), h2.data.ravel())[0, 1], abs=1e-6)
    assert good.halves_agreement > 0.999
    same = _info(full, half1=h1, half2=h1)
    assert same.halves_identical is True and "identical" in same.summary
    shifted = h1.with_data(np.roll(h1.data, 8, 0)), h2.with_data(np.roll(h2.data, 8, 0))
    assert _info(full, half1=shifted[0], half2=shifted[1]).halves_agreement < 0.7
    masked = h1.with_data(h1.data * tiny_halves["mask"].data)
    assert _info(full, half1=masked, half2=h2).halves_masked is True


def test_no_half_map_no_value(tiny_halves):
    out = _info(tiny_halves["full_map"])
    assert out.halves_identical is None and out.halves_agreement is None


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
