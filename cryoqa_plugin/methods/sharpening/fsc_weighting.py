"""The FSC that shells are weighted by: of the half-maps, or of a file."""
from __future__ import annotations

import os
from typing import Optional

import numpy as np

from ...errors import FormatError, MissingInputError
from ...io.emdb_xml import read_fsc_xml
from ...io.star import read_star
from ...results import Curve
from ...study import Study
from ...study.fsc_curves import FscCurves, FscSettings
from .common import SharpeningInputs

_REPEATS = 2                                     # of the random phases, as fsc has by default, so that the curves are shared
_STAR_COLUMNS = ("rlnResolution", "rlnFourierShellCorrelationCorrected")
_XML_CURVES = ("corrected", "masked", "unmasked")


def finest(study: Study) -> float:
    """Resolution (Å) of the last shell: what a method goes by until its FSC curves say more."""
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
    """
    settings = FscSettings(rules, relion_counting=rules == "relion", randomise_from=randomise_from, seed=seed, repeats=_REPEATS)
    curves = inputs.study.fsc_curves(settings)
    if curves.masked is not None and curves.corrected is None:
        inputs.warnings.append(f"The unmasked FSC never falls below {settings.resolved().level:g}, so that no phases were randomised and "
                               "the masked FSC is not corrected.")
    return curves


def read_fsc(path: str) -> Curve:
    """FSC of a file.

    Parameters
    ----------
    path
        STAR file of RELION's post-processing, or EMDB's XML.

    Returns
    -------
    Curve
        FSC over the frequency (1/Å), which rises.

    Raises
    ------
    MissingInputError
        There is no such file.
    FormatError
        It holds no FSC.
    """
    if not os.path.isfile(path):
        raise MissingInputError(f"The FSC file '{path}' does not exist; check the path.")
    try:
        if path.lower().endswith(".xml"):
            curves = read_fsc_xml(path)
            x, y = next((curves[n] for n in _XML_CURVES if n in curves), next(iter(curves.values())))
        else:
            table = next(t for t in read_star(path).values() if all(c in t.columns for c in _STAR_COLUMNS))
            x, y = (np.asarray(table.columns[c], dtype=np.float64) for c in _STAR_COLUMNS)
    except (StopIteration, KeyError, ValueError, FormatError):
        raise FormatError(f"The file {path} holds no FSC: neither a STAR table with _{_STAR_COLUMNS[0]} and _{_STAR_COLUMNS[1]} nor EMDB's "
                          "XML; give the postprocess.star of RELION.") from None
    order = np.argsort(x)
    return Curve(np.asarray(x)[order], np.asarray(y)[order])


def fsc_of_file(path: str, freq: np.ndarray) -> np.ndarray:
    """The FSC of a file at the frequencies ``freq`` (1/Å, float64 [n]); 0 beyond its end."""
    known = read_fsc(path)
    return np.interp(freq, known.x, known.y, right=0.0)


def transform_of(inputs: SharpeningInputs, output: str) -> np.ndarray:
    """Transform of the map that an output is made of, complex64 [nz, ny, nx // 2 + 1]; shared, not to be changed."""
    return inputs.mean_transform() if output == "sharpened" else inputs.study.transform(output.rpartition("_")[2])
