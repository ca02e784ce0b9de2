"""What all local resolutions share: their values, the overall resolution they go by, and the answers of one Study."""
from __future__ import annotations

import hashlib

import numpy as np
import pytest
from test_blocres import two_halves

from cryoqa_plugin.core import fourier
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.methods.local_resolution import local_resolution
from cryoqa_plugin.methods.local_resolution.blocres import BlocresParams
from cryoqa_plugin.methods.local_resolution.local_fsc import LocalFscParams
from cryoqa_plugin.methods.local_resolution.phenix_locres import PhenixLocresParams
from cryoqa_plugin.methods.local_resolution.relion_locres import RelionLocresParams
from cryoqa_plugin.runner import perform
from cryoqa_plugin.study import Study

RUNS = {"local_fsc": LocalFscParams(), "blocres": BlocresParams(box=12, whiten=True), "phenix_locres": PhenixLocresParams(),
        "relion_locres": RelionLocresParams(sampling=12.0, radius=6.0, edge=10.0, randomise_from=10.0)}


def small_study(inside=slice(0, 10)):
    data = np.zeros((16, 16, 16), np.float32)
    data[inside] = 1
    grid = Map(data, (1.0, 1.0, 1.0), (1.0, 2.0, 3.0))
    study = Study(full_map=grid, mask=grid)
    return study, study.used_mask


def test_values_are_those_of_the_mask():
    study, used = small_study()
    found = np.full((16, 16, 16), 3, np.float32)
    found[:5] = 2
    found[0] = 0                                             # in the mask and without a resolution
    found[10:] = 50                                          # outside the mask
    out = local_resolution.local_resolution_values(study, used, found, unresolved=np.float32(0.1), nyquist=0.25, label=0.143, column="FSC",
                                                   others={0.5: found + 1, 0.7: 0 * found})
    assert (out["p5"], out["p25"], out["median"], out["p95"]) == (2, 2, 3, 3)
    assert (out["unresolved_fraction"], out["nyquist_fraction"]) == (pytest.approx(0.1), 0.25)
    assert out["mask_fraction"] == 10 / 16 and out["mask_source"] == "given" and "mask_used" not in out
    assert out["percentiles"].columns[0] == "FSC" and out["percentiles"].rows == ((0.143, 2, 2, 3, 3, 3), (0.5, 1, 3, 3.5, 4, 4))
    assert out["resolution_map"].data is found and out["resolution_map"].origin == (1, 2, 3)
    assert out["histogram"].y.sum() == pytest.approx(100) and out["histogram"].x.size == 60


def test_without_a_resolution_there_are_no_percentiles():
    study, used = small_study()
    out = local_resolution.local_resolution_values(study, used, np.zeros((16, 16, 16), np.float32), unresolved=1, nyquist=0)
    assert out["unresolved_fraction"] == 1 and not {"median", "histogram", "percentiles"} & set(out)


def test_a_mask_that_holds_nothing_is_refused():
    study, _ = small_study()
    with pytest.raises(InputError, match="No voxel of the mask reaches 0.5, its largest value is 0.4"):
        local_resolution.usable_mask(study.with_(mask=study.mask.with_data(0.4 * study.mask.data)))


def test_the_overall_resolution_has_a_floor_and_a_value_without_agreement():
    halves, _, _, _ = two_halves((48, 48, 48))
    study = Study(half1=halves[0], half2=halves[1])
    assert local_resolution.overall_resolution(study) == study.unmasked_resolution < 5
    rng = np.random.default_rng(4)
    noise = [Map(rng.standard_normal((32, 32, 32)).astype(np.float32), (1.5, 1.5, 1.5)) for _ in range(2)]
    assert local_resolution.overall_resolution(Study(half1=noise[0], half2=noise[1])) == pytest.approx(4 * 3)
    z, y, x = np.mgrid[:64, :64, :64] - 32.0
    blob = np.exp(-(x * x + y * y + z * z) / 400)
    coarse = [Map((blob + rng.standard_normal(blob.shape)).astype(np.float32), (1.0, 1.0, 1.0)) for _ in range(2)]
    study = Study(half1=coarse[0], half2=coarse[1])
    assert study.unmasked_resolution > 16 and local_resolution.overall_resolution(study) == pytest.approx(8 * 2)


def test_part_of_the_curves_that_fall_twice():
    curves = np.array([[1, 0.8, 0.2, 0.1], [1, 0.2, 0.7, 0.1], [1, 1, 1, 1]], np.float32)
    assert local_resolution.several_fraction(curves, 0.5) == pytest.approx(1 / 3)
    assert local_resolution.several_fraction(curves, 0.15) == 0


@pytest.mark.heavy
def test_all_methods_on_one_study_transform_each_half_map_once_and_leave_it(monkeypatch):
    halves, mask, _, _ = two_halves((48, 48, 48))
    study = Study(half1=halves[0], half2=halves[1], mask=mask)
    alone = {name: perform(name, Study(half1=halves[0], half2=halves[1], mask=mask), params) for name, params in RUNS.items()}
    calls, forward = [], fourier.forward
    monkeypatch.setattr(fourier, "forward", lambda data: calls.append(data.shape) or forward(data))
    before = [hashlib.sha256(study.transform(name).tobytes()).hexdigest() for name in ("half1", "half2")]
    for name, params in RUNS.items():
        together = perform(name, study, params)
        assert together.median == alone[name].median, name
        np.testing.assert_array_equal(together.resolution_map.data, alone[name].resolution_map.data)
    assert calls.count((48, 48, 48)) == 2
    assert before == [hashlib.sha256(study.transform(name).tobytes()).hexdigest() for name in ("half1", "half2")]
