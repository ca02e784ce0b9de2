"""What sharpening, local filter and local amplitudes share through the Study: nothing is changed in place, and less is computed twice."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin import params as parameters
from cryoqa_plugin import results
from cryoqa_plugin.core import fourier
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.registry import BY_ID, resolve
from cryoqa_plugin.runner import perform
from cryoqa_plugin.study import Study

RUNS = {"guinier": dict(write="bfactor"), "postprocess": dict(local="yes"), "optimal_map": {}, "locspiral": {}, "locbfactor": {},
        "lococcupancy": dict(rules="original"), "compare_maps": {}, "local_filter": {}, "localdeblur": dict(max_steps=2)}
ORDER = list(RUNS)


@pytest.fixture(scope="module")
def given():
    demo = make_demo_data(box=48)
    locres = demo.half1.with_data(np.where(demo.mask.data > 0.5, 6, 0).astype(np.float32))
    return dict(half1=demo.half1, half2=demo.half2, mask=demo.mask, model=demo.model, resolution_map=locres,
                others=(demo.full_map, demo.half1))


def _run(capability, study):
    row = BY_ID[capability]
    mine = study.only([kind for kind in row.needs + row.takes])
    return perform(capability, mine, parameters.build(resolve(row.params), RUNS[capability]))


def _same(one, other):
    assert one.summary == other.summary and one.warnings == other.warnings
    for role in ("metric", "map"):
        for name in results.declared(type(one), role):
            a, b = getattr(one, name), getattr(other, name)
            if role == "map" and a is not None:
                np.testing.assert_array_equal(a.data, b.data, err_msg=name)
            elif role == "metric":
                assert a == b or a != a and b != b, name


@pytest.mark.heavy
def test_a_shared_study_gives_what_each_gives_alone_and_stays_as_it_is(given, monkeypatch):
    transforms, plain = [], fourier.forward
    monkeypatch.setattr(fourier, "forward", lambda data: transforms.append(1) or plain(data))
    shared, alone, together = Study(**given), 0, 0
    for capability in ORDER:
        del transforms[:]
        own = _run(capability, Study(**given))
        alone += len(transforms)
        del transforms[:]
        _same(_run(capability, shared), own)
        together += len(transforms)
    assert together < alone - 25, (together, alone)
    for half in ("half1", "half2"):
        np.testing.assert_array_equal(shared.transform(half), plain(given[half].data))
    np.testing.assert_array_equal(shared.transform("average"), plain(shared.average.data))
    np.testing.assert_array_equal(shared.average.data, (given["half1"].data + given["half2"].data) * np.float32(0.5))


@pytest.mark.heavy
@pytest.mark.parametrize("capability", ORDER)
def test_nothing_is_kept_when_there_is_no_room(given, capability):
    """Answers that are made again have the same bits."""
    _same(_run(capability, Study(budget=0, **given)), _run(capability, Study(**given)))


@pytest.mark.parametrize("capability", ["guinier", "postprocess", "optimal_map", "locspiral", "locbfactor", "lococcupancy", "compare_maps"])
def test_notes_on_the_inputs_come_once_and_first(given, capability):
    study = Study(**dict(given, half2=given["half1"], mask=None))
    result = _run(capability, study)
    assert "copies of each other" in result.warnings[0] and result.half_maps_identical
    assert sum("copies" in w for w in result.warnings) == 1
