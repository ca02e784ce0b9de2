"""What all sharpening shares: the resolution it goes by, and the sentences about its inputs."""
from __future__ import annotations

import json

import numpy as np
import pytest

from cryoqa_plugin.core import fourier
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.methods.sharpening.common import finish, sharpening_inputs
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.resolution import of_map


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=64)


def test_the_map_alone_tells_nearly_the_resolution_of_the_half_maps(demo):
    inputs = sharpening_inputs(Study(half1=demo.half1, half2=demo.half2, mask=demo.mask))
    assert inputs.halves and set(inputs.maps) == {"sharpened", "sharpened_half1", "sharpened_half2"}
    assert inputs.resolution == pytest.approx(demo.truth["masked"]["resolution_0143"], rel=0.05)
    assert of_map(demo.full_map) == pytest.approx(inputs.resolution, rel=0.12)


def test_a_given_resolution_is_kept_and_one_past_nyquist_refused(demo):
    assert sharpening_inputs(Study(full_map=demo.full_map), 5.0).resolution == 5.0
    with pytest.raises(InputError, match="hold nothing finer than"):
        sharpening_inputs(Study(full_map=demo.full_map), 0.5)


def test_what_is_missing_is_named(demo):
    with pytest.raises(MissingInputError, match="give a map, or both half-maps"):
        sharpening_inputs(Study(mask=demo.mask))
    with pytest.raises(MissingInputError, match="Half-map 2"):
        sharpening_inputs(Study(full_map=demo.full_map, half1=demo.half1))
    with pytest.raises(MissingInputError, match="Half-map 1"):
        sharpening_inputs(Study(full_map=demo.full_map), need_halves=True)


def test_a_map_without_solvent_needs_a_resolution(demo):
    masked = demo.full_map.with_data(demo.full_map.data * (demo.mask.data > 0.5))
    with pytest.raises(InputError, match="give the resolution"):
        of_map(masked)


def test_the_b_factor_applied_is_the_difference(demo):
    inputs = sharpening_inputs(Study(full_map=demo.full_map), 6.0)
    geo = inputs.geo
    ft = fourier.forward(demo.full_map.data)
    nz, ny, nx = geo.shape
    k2 = sum((np.fft.fftfreq(n)[tuple(slice(None) if a == i else None for a in range(3))] / demo.full_map.voxel) ** 2
             for i, n in enumerate(geo.shape))[..., :nx // 2 + 1]
    sharp = fourier.inverse((ft * np.exp(60 * k2 / 4)).astype(np.complex64), geo.shape)
    fields = finish(inputs, {"sharpened": sharp})
    assert fields["bfactor_after"] - fields["bfactor_before"] == pytest.approx(60, abs=1)
    assert isinstance(fields["sharpened"], Map) and fields["sharpened"].origin == demo.full_map.origin


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("case", ["p96", "odd97", "fine128", "t160", "l160", "rna128"])
def test_the_estimate_from_one_map_lies_at_that_of_the_half_maps(sim_case, case):
    folder = sim_case(case)
    maps = {k: read_map(str(folder / f"{case}_{k}.mrc")) for k in ("full", "half1", "half2", "mask")}
    masked = sharpening_inputs(Study(half1=maps["half1"], half2=maps["half2"], mask=maps["mask"])).resolution
    d143 = json.loads((folder / f"{case}_truth.json").read_text())["d143"]
    assert of_map(maps["full"]) == pytest.approx(masked, abs=0.05)
    assert masked < d143
