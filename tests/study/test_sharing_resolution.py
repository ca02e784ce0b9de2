"""The four global resolutions on one Study: what is shared is made once, is not changed, and gives the numbers of a Study of its own."""
import numpy as np
import pytest

from cryoqa_plugin import results
from cryoqa_plugin.core import fourier
from cryoqa_plugin.registry import BY_ID, resolve
from cryoqa_plugin.runner import perform
from cryoqa_plugin.study import Study

GLOBAL = ("fsc", "mtriage", "half_map_statistics", "directional_fsc")


@pytest.fixture(scope="module")
def given(tiny_halves):
    return {kind: tiny_halves[kind] for kind in ("half1", "half2", "mask")}


@pytest.fixture(scope="module")
def shared(given):
    study = Study(**given)
    return study, {i: results.to_document(perform(i, study, resolve(BY_ID[i].params)())) for i in GLOBAL}


@pytest.mark.parametrize("capability", GLOBAL)
def test_a_study_that_keeps_nothing_gives_the_same_numbers(given, shared, capability):
    alone = perform(capability, Study(budget=0, **given), resolve(BY_ID[capability].params)())
    assert results.to_document(alone) == shared[1][capability]


def test_shared_transforms_are_not_changed(given, shared):
    for half in ("half1", "half2"):
        np.testing.assert_array_equal(shared[0].transform(half), fourier.forward(given[half].data))


def test_they_say_the_same_of_the_half_maps(shared):
    said = [{n: m["value"] for n, m in document["metrics"].items() if n.startswith("half_maps_")} for document in shared[1].values()]
    assert len(said[0]) >= 12 and all(one == said[0] for one in said)
    assert said[0]["half_maps_identical"] is False and said[0]["half_maps_scale"] == pytest.approx(1, abs=0.02)
