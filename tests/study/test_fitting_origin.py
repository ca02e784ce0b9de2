"""A model off its map: the origin that would fit is found, named, said once and never applied."""
from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cryoqa_plugin import limits
from cryoqa_plugin.checks import causes_first, evaluate
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.models import Model
from cryoqa_plugin.methods.model.model_fit import ModelFitParams, compute_model_fit
from cryoqa_plugin.methods.model.model_overfitting import ModelOverfittingParams, compute_model_overfitting
from cryoqa_plugin.methods.resolution.mtriage import MtriageParams, compute_mtriage
from cryoqa_plugin.results import to_document
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.fitting_origin import fitting_origin, other_origins
from overfitted import moved

ORIGIN = (31.0, -44.0, 12.0)
METHODS = {"mtriage": (compute_mtriage, MtriageParams()), "model_fit": (compute_model_fit, ModelFitParams(resolution=6.0)),
           "model_overfitting": (compute_model_overfitting, ModelOverfittingParams())}


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=48)


def header(origin=(0.0, 0.0, 0.0), nstart=(0, 0, 0)):
    return SimpleNamespace(header_origin=origin, nstart=nstart, warnings=(), voxel_size_warnings=())


def centre(map_):
    return tuple(v * (n // 2) for v, n in zip(map_.voxel_size, map_.shape[::-1]))


def case(demo, name):
    """A map whose origin is wrong, a model, the origin that fits and what it is called."""
    map_, middle = demo.full_map, centre(demo.full_map)
    nstart = (10, -20, 5)
    by_nstart = tuple(n * v for n, v in zip(nstart, map_.voxel_size))
    minus = tuple(-v for v in ORIGIN)
    away = (200.0, 200.0, 200.0)
    cases = {"ORIGIN of the header": (away, header(ORIGIN), ORIGIN), "minus ORIGIN of the header": (ORIGIN, header(ORIGIN), minus),
             "NSTART of the header": (ORIGIN, header(ORIGIN, nstart), by_nstart),
             "minus NSTART of the header": (away, header(away, nstart), tuple(-v for v in by_nstart)),
             "no origin": (ORIGIN, None, (0.0, 0.0, 0.0)), "the centre of the box": (away, None, middle),
             "minus the centre of the box": (away, None, tuple(-v for v in middle)),
             "minus the origin that the map has": (ORIGIN, None, minus)}
    has, kept, right = cases[name]
    return replace(map_, origin=has, header=kept), moved(demo.model, demo.model.xyz + np.array(right)), right


NAMES = ("ORIGIN of the header", "minus ORIGIN of the header", "NSTART of the header", "minus NSTART of the header", "no origin",
         "the centre of the box", "minus the centre of the box", "minus the origin that the map has")


@pytest.mark.parametrize("name", NAMES)
def test_each_origin_is_found_and_named(demo, name):
    map_, model, right = case(demo, name)
    found = fitting_origin(model, map_)
    assert found.origin == pytest.approx(right) and found.name == name and name in found.words
    assert found.there > 2 and found.here < 0.5 * found.there and map_.origin != pytest.approx(right)
    fits = fitting_origin(model, replace(map_, origin=right))
    assert fits.origin is None and fits.words == "none" and fits.here == pytest.approx(found.there, abs=1e-6)


def test_origins_that_are_one_are_looked_at_once(demo):
    map_ = replace(demo.full_map, header=header((0.03, 0.0, 0.0)))
    assert set(other_origins(map_).values()) == {"minus the centre of the box", "the centre of the box"}
    assert fitting_origin(demo.model, map_).origin is None


def halves(demo, origin):
    return [replace(h, origin=origin) for h in (demo.half1, demo.half2)]


@pytest.mark.heavy
@pytest.mark.parametrize("name", sorted(METHODS))
def test_one_sentence_in_place_of_a_list_of_low_scores(demo, name):
    run, params = METHODS[name]
    one, two = halves(demo, (25.0, 0.0, 0.0))
    made = run(Study(half1=one, half2=two, model=demo.model), params)
    outcomes = causes_first(evaluate(limits.CHECKS[name], to_document(made)["metrics"]), limits.EXPLAINED)
    bad = [o for o in outcomes if o["status"] in ("warn", "fail")]
    assert [o["metric"] for o in bad] == ["fitting_origin"] and "fits with the origin 0, 0, 0 Å (no origin)" in bad[0]["claim"]
    assert sum("0, 0, 0 Å instead of 25, 0, 0 Å" in w for w in made.warnings) == 1
    right = run(Study(half1=demo.half1, half2=demo.half2, model=demo.model), params)
    assert right.fitting_origin == "none" and not any("origin" in w for w in right.warnings)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_with_all_atoms_outside_the_same_is_said(demo, name):
    run, params = METHODS[name]
    one, two = halves(demo, (400.0, 0.0, 0.0))
    with pytest.raises(InputError, match=r"With the origin at 0, 0, 0 Å, \d+ of them would: that is no origin\. Move the model"):
        run(Study(half1=one, half2=two, model=demo.model), params)


def test_a_model_of_another_molecule_has_no_origin_that_fits(demo):
    rng = np.random.default_rng(4)
    xyz = rng.uniform(20.0, 95.0, demo.model.xyz.shape)
    found = fitting_origin(moved(demo.model, xyz), demo.full_map)
    assert found.origin is None and found.here < 1


@pytest.mark.realdata
def test_a_real_map_whose_origin_is_wrong_and_its_nstart_right(shared):
    """EMD-5168 with 3MFP: ORIGIN is 0 in the header and NSTART is right."""
    folder = shared / "data" / "maps" / "emd5168_actin_tempy"
    study = Study.read({"full_map": str(folder / "emd_5168.map"), "model": str(folder / "3MFP.pdb")})
    right = study.fitting_origin
    assert right.origin is None and right.here > 2
    wrong = study.with_(full_map=replace(study.full_map, origin=(30.0, 30.0, 30.0))).fitting_origin
    assert wrong.origin == pytest.approx((-87.1, -87.1, -87.1), abs=0.1) and "NSTART" in wrong.words
    assert isinstance(study.model, Model) and wrong.there == pytest.approx(right.here, abs=1e-6)
