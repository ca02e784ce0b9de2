"""No sharpening makes, by default, the map worse than it was: l160, whose B-factors rise outwards so that one B-factor suits no part."""
from __future__ import annotations

import importlib

import pytest

from cryoqa_plugin import registry
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.study import Study
from sharpening_cases import score

CASE, UNSHARPENED = "l160", 0.920
# capability: correlation with the density inside the mask, at least
LEAST = {"shell_sharpen": 0.96, "auto_sharpen": 0.95, "local_sharpen": 0.95, "locscale": 0.94, "postprocess": 0.96, "optimal_map": 0.97,
         "localdeblur": UNSHARPENED}
# guinier, compare_maps, local_filter and denoise sharpen nothing by default; density_modify has tests of its own


def load(where):
    module, name = where.split(":")
    return getattr(importlib.import_module(f"cryoqa_plugin.{module}"), name)


@pytest.fixture(scope="module")
def maps(sim_case):
    return {k: read_map(str(sim_case(CASE) / f"{CASE}_{k}.mrc")) for k in ("half1", "half2", "mask")}


def test_every_sharpening_is_in_the_list():
    made = {c.id for c in registry.CAPABILITIES if c.run.startswith("methods.sharpening.") and "half1" in c.needs + c.takes}
    assert made - set(LEAST) == {"guinier", "compare_maps", "local_filter", "locspiral", "denoise", "density_modify", "noise2noise"}


def run_default(id, given):
    row = next(c for c in registry.CAPABILITIES if c.id == id)
    return load(row.run)(Study(**{k: v for k, v in given.items() if k in row.needs + row.takes}), load(row.params)())


@pytest.mark.heavy
@pytest.mark.parametrize("id", sorted(set(LEAST) - {"localdeblur"}))
def test_no_default_is_worse_than_no_sharpening(sim_case, maps, id):
    assert score(sim_case(CASE), run_default(id, maps).sharpened.data).truth >= LEAST[id] >= UNSHARPENED


@pytest.mark.heavy
@pytest.mark.parametrize("case", ["g1_120", "g4_100"])
def test_defaults_on_cases_that_they_were_not_chosen_by(sim_case, case):
    """Of 0.752 and 0.480 (g1_120) and of 0.853 and 0.602 they make at least this."""
    folder = sim_case(case)
    given = {k: read_map(str(folder / f"{case}_{k}.mrc")) for k in ("half1", "half2", "mask")}
    density, points = dict(g1_120=(0.92, 0.67), g4_100=(0.97, 0.82))[case]
    for id in sorted(set(LEAST) - {"localdeblur"}):
        found = score(folder, run_default(id, given).sharpened.data)
        assert found.truth >= density and found.b0 >= points, id


@pytest.mark.heavy
def test_localdeblur_is_worse_only_where_the_resolution_is_finer_than_that_of_its_authors(sim_case, shared, maps):
    """The exception: what it does follows from the resolution map it is given, and its constants are those published and of Xmipp.

    With the MonoRes map it was made for it is better than no sharpening; with the true local resolution, which is finer, it is sharper
    than the density, though still nearer to point atoms than the map was.
    """
    folder = sim_case(CASE)
    mean = maps["half1"].with_data((maps["half1"].data + maps["half2"].data) / 2)
    monores = mean.with_data(read_map(str(shared / "reference" / CASE / "monores.mrc.gz")).data)
    found = score(folder, run_default("localdeblur", dict(full_map=mean, resolution_map=monores)).sharpened.data)
    assert found.truth >= LEAST["localdeblur"]
    true = read_map(str(folder / f"{CASE}_locres.mrc"))
    found = score(folder, run_default("localdeblur", dict(full_map=mean, resolution_map=true)).sharpened.data)
    assert 0.90 <= found.truth < UNSHARPENED and found.b0 > 0.434 + 0.1
