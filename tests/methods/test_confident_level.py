"""What the half-maps say of the contour level of a map: where it shows noise."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cryoqa_plugin.core import filters, fourier
from cryoqa_plugin.core.masks import ball
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.map_info.confidence import ConfidenceParams, compute_confidence
from cryoqa_plugin.methods.map_info.contour import ContourParams, compute_contour
from cryoqa_plugin.study import Study

SHAPE = (48, 48, 48)


def _ball(radius):
    """A ball of so many voxels in the middle."""
    z, y, x = np.ogrid[:48, :48, :48]
    return (z - 24) ** 2 + (y - 24) ** 2 + (x - 24) ** 2 <= radius ** 2


def _halves(noise, seed=5, radius=9):
    """Two noisy half-maps of a ball of about 1 with detail, in smooth noise of ``noise``."""
    inside = _ball(radius)
    detail = gaussian_filter(np.random.default_rng(99).standard_normal(SHAPE), 1.2)
    truth = inside * (1 + 0.3 * detail / detail.std())
    rng = np.random.default_rng(seed)
    maps = []
    for _ in range(2):
        grains = gaussian_filter(rng.standard_normal(SHAPE), 0.7, mode="wrap")
        maps.append(Map((truth + noise * grains / grains.std()).astype(np.float32), (1.5,) * 3))
    return maps, inside


def _of_halves(maps, full=None, **values):
    mean = maps[0].with_data((maps[0].data + maps[1].data) / 2)
    full = mean if full is None else mean.with_data(full(mean.data).astype(np.float32))
    return compute_contour(Study(half1=maps[0], half2=maps[1], full_map=full), ContourParams(**values))


def _alone(map_):
    return compute_contour(Study(full_map=map_), ContourParams())


def test_the_confident_level_is_that_of_the_confidence_map():
    maps, inside = _halves(0.3)
    found = compute_confidence(Study(half1=maps[0], half2=maps[1]), ConfidenceParams())
    result = _of_halves(maps)
    assert result.contour_confident == pytest.approx(found.threshold_1_percent, rel=1e-6)
    assert result.half_maps_identical is False and result.level_verdict == "fits" and result.noise_above < 0.02
    scaled = _of_halves(maps, lambda data: 40 * data - 7)                    # the mean on any scale
    assert scaled.contour_confident == pytest.approx(40 * found.threshold_1_percent - 7, rel=1e-4)
    assert scaled.noise_above == pytest.approx(result.noise_above, abs=1e-4)


@pytest.mark.parametrize("seed", [5, 6])
def test_noise_above_a_level_is_the_noise_there_is(seed):
    maps, inside = _halves(0.5, seed)
    sd = 0.5 / np.sqrt(2)
    for level in (1.5 * sd, 2.5 * sd):
        result = _of_halves(maps, contour=level)
        above = (maps[0].data + maps[1].data) / 2 >= level
        reach = ball(above.shape, (1.5,) * 3, 36.0)
        truth = np.count_nonzero(above & ~inside & reach) / np.count_nonzero(above & reach)
        assert 0.9 * truth < result.noise_above < 1.6 * truth                # signal raises the level of the solvent a little
        assert result.level_verdict == "too low" and "of the density above it is noise" in result.warnings[-1]


def test_a_filtered_map_has_the_noise_that_the_filter_left():
    maps, _ = _halves(0.5)
    smooth = lambda data: gaussian_filter(data, 0.8, mode="wrap")            # noqa: E731
    own = _of_halves([m.with_data(smooth(m.data)) for m in maps])
    carried = _of_halves(maps, smooth)
    assert carried.contour_confident == pytest.approx(own.contour_confident, rel=0.05) and carried.contour_confident < \
        0.8 * _of_halves(maps).contour_confident
    masked = _of_halves(maps, lambda data: np.where(_ball(14), smooth(data), 0))
    assert 0.6 * own.contour_confident < masked.contour_confident < 1.05 * own.contour_confident         # fewer voxels to be wrong in
    assert masked.level_verdict == "fits"


@pytest.mark.parametrize("spoil", ["copies", "moved", "shared", "masked", "scaled"])
def test_half_maps_that_do_not_tell_the_noise_say_nothing_of_the_level(spoil):
    maps, inside = _halves(0.3)
    common = np.random.default_rng(8).standard_normal(inside.shape).astype(np.float32)
    made = {"copies": lambda: (maps[0].data, maps[0].data), "moved": lambda: (maps[0].data, np.roll(maps[1].data, 5, 1)),
            "shared": lambda: tuple(m.data + 0.4 * common for m in maps), "scaled": lambda: (maps[0].data, 3 * maps[1].data),
            "masked": lambda: tuple(m.data * _ball(15) for m in maps)}[spoil]()
    pair = [m.with_data(np.ascontiguousarray(d, dtype=np.float32)) for m, d in zip(maps, made)]
    result = _of_halves(pair)
    alone = _alone(pair[0].with_data((pair[0].data + pair[1].data) / 2))
    assert result.contour_confident is None and result.noise_above is None
    assert (result.contour_lowest, result.level_verdict, result.warnings) == (alone.contour_lowest, alone.level_verdict, alone.warnings)


@pytest.mark.heavy
@pytest.mark.realdata
def test_a_sharpened_map_is_drawn_above_its_noise(sim_case):
    folder = sim_case("p96")
    maps = [read_map(str(folder / f"p96_{name}.mrc")) for name in ("half1", "half2")]
    geo = fourier.geometry(maps[0].shape, maps[0].voxel_size)

    def sharper(b):
        gain = np.exp(b / 4 * np.minimum(fourier.frequencies(geo), 0.5) ** 2)
        return lambda data: fourier.inverse(filters.apply_radial(fourier.forward(data), geo, gain), geo.shape)

    good, noisy = _of_halves(maps, sharper(60)), _of_halves(maps, sharper(100))
    assert good.level_verdict == noisy.level_verdict == "fits" and good.noise_above < 1e-4 and 0.001 < noisy.noise_above < 0.02
    assert good.contour_confident < good.contour and 0.8 < noisy.contour_confident / noisy.contour < 1.4
    low = _of_halves(maps, sharper(100), contour=0.7 * noisy.contour)
    assert low.level_verdict == "too low" and low.noise_above > 0.15
