"""The FSC that shells are weighted by, and the transforms that are."""
from __future__ import annotations

from typing import Optional

import numpy as np

from ...study import Study
from ...study.fsc_curves import FscCurves, FscSettings
from .common import SharpeningInputs



def finest(study: Study) -> float:
    """Resolution of the last shell: what a method goes by until its FSC curves say more.

    Parameters
    ----------
    study
        The Study of the maps.

    Returns
    -------
    float
        In Å; 1 where there are no maps, which is refused later.
    """
    return study.geometry.length / max(study.geometry.n_shells - 1, 1) if study.maps() else 1.0


def half_map_curves(inputs: SharpeningInputs, rules: str = "cryoqa", *, randomise_from: Optional[float] = None, seed: int = 0) -> FscCurves:
    """FSC curves of the half-maps; what is odd about them goes to the warnings of ``inputs``.

    Parameters
    ----------
    inputs
        The half-maps and their Study.
    rules
        ``cryoqa``, ``cryosparc``, or ``relion``, which counts both mates on the plane kx = 0 too.
    randomise_from, seed
        As in :class:`~cryoqa_plugin.study.fsc_curves.FscSettings`.

    Returns
    -------
    FscCurves
        Those of the Study, by these rules.
    """
    settings = FscSettings(rules, relion_counting=rules == "relion", randomise_from=randomise_from, seed=seed)
    curves = inputs.study.fsc_curves(settings)
    if curves.masked is not None and curves.corrected is None:
        inputs.warnings.append(f"The FSC without a mask does not fall below {settings.resolved().level:g}, so that no phases were "
                               f"randomised and "
                               "the masked FSC is not corrected.")
    return curves


def transform_of(inputs: SharpeningInputs, output: str) -> np.ndarray:
    """Transform of the map that an output is made of.

    Parameters
    ----------
    inputs
        The maps.
    output
        ``sharpened``, ``sharpened_half1`` or ``sharpened_half2``.

    Returns
    -------
    ndarray
        complex64 [nz, ny, nx // 2 + 1]; shared, not to be changed.
    """
    return inputs.mean_transform() if output == "sharpened" else inputs.study.transform(output.rpartition("_")[2])
