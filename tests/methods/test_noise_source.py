"""Local resolutions of half-maps or of a map alone: the resolution they go by, where noise is from, what cannot be told."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.methods.local_resolution.local_resolution import LocalResolution
from cryoqa_plugin.methods.local_resolution.noise_source import copies_words, resolution_of_whole, solvent_outside, unknown_notes
from cryoqa_plugin.registry import BY_ID, resolve
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.mask import UsedMask

QUICK = {"monores": {"levels": 8}, "monodir": {"directions": "21"}, "resmap": {"step": 2.5}}
N = 40


def radii():
    z, y, x = np.ogrid[:N, :N, :N]
    return np.sqrt((z - N // 2) ** 2 + (y - N // 2) ** 2 + (x - N // 2) ** 2)


@pytest.fixture(scope="module")
def maps():
    """A ball of coloured detail in white noise, twice, their mean, and the ball as mask."""
    rng = np.random.default_rng(12)
    s2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(N),) * 3, indexing="ij", sparse=True))
    ball = np.clip((11 - radii()) / 3 + 0.5, 0, 1)
    signal = np.fft.ifftn(np.fft.fftn(rng.standard_normal((N,) * 3)) * np.exp(-40 * s2)).real * 12 * ball
    halves = [Map((signal + rng.standard_normal(signal.shape)).astype(np.float32), (1.5,) * 3, path=f"half{i}.mrc") for i in (1, 2)]
    mean = halves[0].with_data((halves[0].data + halves[1].data) / 2, "mean.mrc")
    return dict(half1=halves[0], half2=halves[1], full_map=mean, mask=mean.with_data(ball.astype(np.float32), "mask.mrc"))


def halves_of(maps, **more):
    return Study(half1=maps["half1"], half2=maps["half2"], **more)


def test_the_resolution_gone_by_hangs_on_no_mask(maps):
    plain, masked = halves_of(maps), halves_of(maps, mask=maps["mask"])
    assert resolution_of_whole(plain, None) == resolution_of_whole(masked, None) == plain.unmasked_resolution
    assert resolution_of_whole(plain, 7.0) == 7.0 and unknown_notes(plain, None) == []
    alone = Study(full_map=maps["full_map"])
    assert resolution_of_whole(alone, None) == alone.resolution


def test_half_maps_that_share_nothing():
    rng = np.random.default_rng(3)
    study = Study(**{k: Map(rng.standard_normal((N,) * 3).astype(np.float32), (1.5,) * 3, path=f"{k}.mrc") for k in ("half1", "half2")})
    assert resolution_of_whole(study, None) == pytest.approx(4 * 3.0)
    assert "share no signal" in unknown_notes(study, None)[0] and unknown_notes(study, 5.0) == []


def test_copies_are_said(maps):
    one = maps["half1"]
    assert copies_words(Study(full_map=one)) is None and copies_words(halves_of(maps)) is None
    assert "copies" in copies_words(Study(half1=one, half2=one))
    assert "inverted" in copies_words(Study(half1=one, half2=one.with_data(-one.data)))


@pytest.mark.parametrize("name", QUICK)
def test_inverted_copies_give_a_result_and_a_sentence(name, maps):
    one = maps["half1"]
    study = Study(half1=one, half2=one.with_data(-one.data), mask=maps["mask"])
    out = runner.perform(name, study, resolve(BY_ID[name].params)(**QUICK[name]))
    assert out.half_maps_inverted and "contrast inverted" in out.summary and out.summary.endswith(".")
    assert sum("inverted" in w for w in out.warnings) == 1


def test_where_the_solvent_is(maps):
    study = Study(full_map=maps["full_map"], mask=maps["mask"])
    np.testing.assert_array_equal(solvent_outside(study, study.used_mask), maps["mask"].data <= 0.01)
    sphere = np.where(radii() < 17, maps["full_map"].data, 0).astype(np.float32)
    small = maps["mask"].with_data((radii() < 8).astype(np.float32))
    round_ = Study(full_map=maps["full_map"].with_data(sphere), mask=small)
    solvent = radii()[solvent_outside(round_, round_.used_mask)]
    assert solvent.min() == 8 and 11 < solvent.max() < 14                 # 8 Å off what was cut, not 17


def test_a_map_where_nothing_stands_out_has_no_solvent(maps):
    whole = UsedMask(maps["mask"].with_data(np.ones((N,) * 3, np.float32)), "none")
    with pytest.raises(InputError, match=r"No mask could be made from the map, which shows no molecule above the noise \(mean.mrc\)"):
        solvent_outside(Study(full_map=maps["full_map"]), whole)


@pytest.mark.parametrize("name", QUICK)
def test_a_single_map_that_was_masked_is_refused(name, maps):
    cut = maps["full_map"].with_data(maps["full_map"].data * maps["mask"].data, "cut.mrc")
    for mask in (None, maps["mask"]):
        with pytest.raises(InputError, match="was not masked off"):
            runner.perform(name, Study(full_map=cut, mask=mask), resolve(BY_ID[name].params)(resolution=5.0, **QUICK[name])
                           if name != "resmap" else resolve(BY_ID[name].params)(**QUICK[name]))


@pytest.mark.parametrize("name", [*QUICK, "map_resolution"])
def test_all_of_them_say_the_same_by_the_same_names(name, maps):
    """The numbers of every local resolution, and a made mask that is written and said once."""
    out = runner.perform(name, Study(full_map=maps["full_map"]), resolve(BY_ID[name].params)(**QUICK.get(name, {})))
    values = out.resolution_map.data[out.mask_used.data >= 0.5]
    assert isinstance(out, LocalResolution) and (values > 0).all()
    assert out.median == pytest.approx(np.median(values)) and [out.p5, out.p95] == pytest.approx(list(np.percentile(values, (5, 95))))
    assert out.mask_source == "made" and sum("No mask was given" in w for w in out.warnings) == 1
    assert out.mask_fraction == np.mean(out.mask_used.data >= 0.5) and out.histogram.y.sum() == pytest.approx(100)
    assert 0 <= out.unresolved_fraction < 0.5 and 0 <= out.nyquist_fraction < 0.5
    assert out.percentiles.rows[0][1:] == (out.p5, out.p25, out.median, out.p75, out.p95)
