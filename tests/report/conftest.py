"""Hand-made results to draw reports from."""
from __future__ import annotations

import numpy as np
import pytest

from report_documents import check, curve, document, metric, write_run


@pytest.fixture
def inputs(tiny_halves):
    """Input entries of the tiny half-maps, as the runner writes them."""
    return {k: dict(path=tiny_halves["paths"][k], sha256="0" * 64, shape=[32, 32, 32], voxel_size=[1.5, 1.5, 1.5], origin=[3.0, 4.5, 6.0])
            for k in ("half1", "half2", "full_map")}


@pytest.fixture
def documents(inputs):
    """A ``fsc`` and a ``mtriage`` document."""
    f = np.arange(1, 17) / 48
    y = 1 / (1 + np.exp((f - 0.2) * 40))
    fsc = document("fsc", "FSC", {k: inputs[k] for k in ("half1", "half2")},
                   metrics={"resolution": metric(4.26, meaning="where the curve crosses 0.143"),
                            "bfactor": metric(None, "Å²", "the B", "none"),
                            "reaches_nyquist": metric(False, "", "stays above", "none")},
                   curves={"fsc_unmasked": curve(f, y, lower=list(y - 0.05), upper=list(y + 0.05), meaning="FSC of the halves"),
                           "fsc_true": curve(f, [None if i == 3 else v for i, v in enumerate(y)], meaning="corrected FSC"),
                           "guinier_original": curve(f ** 2, -f, "ln mean amplitude", "1/Å²", meaning="amplitudes")},
                   tables={"resolutions": dict(columns=["curve", "value"], rows=[["unmasked", 4.26], ["corrected", None]],
                                               meaning="table of all")},
                   checks=[dict(check("ok", "All is well."), title="Rise at the end"),
                           dict(check("warn", "The tail is high; look at it.", "level_verdict"), claim="The tail is high", title="Tail"),
                           dict(check("skipped", "No value."), title="Unknown")],
                   warnings=["A sentence of warning."], parameters={"threshold": 0.143, "bfactor": None})
    mtriage = document("mtriage", "mtriage", inputs,
                       metrics={"d_fsc_unmasked": metric(4.3), "d_fsc_masked": metric(3.9), "nyquist": metric(3.0)},
                       curves={"fsc_half_unmasked": curve(f, y),
                               "histogram_map": curve(range(20), [10.0 ** (i % 5) for i in range(20)], "Voxels", "")},
                       checks=[dict(check("ok", "Fine."), title="Rise at the end")])
    return [fsc, mtriage]


@pytest.fixture
def run_folder(tmp_path, documents):
    """A run of two capabilities, and one that failed."""
    failed = dict(capability="map_info", title="Map information", error="The map has no contrast; give another one.")
    return write_run(tmp_path / "run", documents, [failed])
