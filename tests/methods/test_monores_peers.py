"""MonoRes against Xmipp's maps, and against simulated half-maps whose local resolution is known."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.study import Study
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.methods.local_resolution.monores import MonoresParams, compute_monores

pytestmark = pytest.mark.realdata


def _run(folder, case, **values):
    inputs = Study.read({k: str(folder / f"{case}_{k}.mrc") for k in ("half1", "half2", "mask")})
    return inputs.mask.data >= 0.5, compute_monores(inputs, MonoresParams(**values))


@pytest.mark.parametrize("case, start", [("p96", 13.0), *(pytest.param(case, start, marks=pytest.mark.heavy) for case, start in
                                                         (("a96", 13.0), ("t160", 15.0), ("l160", 15.0)))])
def test_equal_to_xmipp(sim_case, shared, case, start):
    inside, result = _run(sim_case(case), case, rules="xmipp", start=start)
    difference = np.abs(result.resolution_map.data - read_map(str(shared / "reference" / case / "monores.mrc.gz")).data)
    assert np.mean(difference[inside] < 1e-4) >= 0.99 and np.median(difference[inside]) < 1e-5


@pytest.mark.parametrize("case, error, correlation", [
    ("p96", 0.09, 0.8), pytest.param("a96", 0.25, 0.5, marks=pytest.mark.heavy),
    pytest.param("odd97", 0.2, 0.8, marks=pytest.mark.heavy), pytest.param("t160", 0.07, 0.78, marks=pytest.mark.heavy),
    pytest.param("l160", 0.09, 0.95, marks=pytest.mark.heavy), pytest.param("fine128", 0.09, 0.9, marks=pytest.mark.heavy)])
def test_near_the_truth(sim_case, case, error, correlation):
    """Xmipp's MonoRes: 0.62 Å and 0.73 (p96), 0.65 and 0.68 (t160), 0.61 and 0.76 (l160)."""
    inside, result = _run(sim_case(case), case)
    truth = read_map(str(sim_case(case) / f"{case}_locres.mrc")).data
    known = inside & (truth > 0)
    found = result.resolution_map.data[known]
    assert np.median(np.abs(found - truth[known])) <= error
    assert np.corrcoef(found, truth[known])[0, 1] >= correlation
