"""The audit of a map that was made here: what denoising, scaling and density modification say of their own result."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional

import numpy as np

from ...core import fourier
from ...io.maps import Map
from ...progress import Progress, silent
from ...results import Result, map_output, metric
from ...study import Study
from . import audit_local, audit_shells, audit_words

_LIKE = 0.4                                      # FSC coarser than 20 Å, from which a map is one of its half-maps


@dataclass(frozen=True)
class AuditedResult(Result):
    """What a result says of its map where the map was audited against the half-maps; the fields of :func:`audited`."""

    supported_share: Optional[float] = metric("", "part of the power of the map made that the half-maps support", "higher")
    unsupported_power: Optional[float] = metric("", "part of its power, shell by shell, that is not the data, at least; local gains do "
                                                "not count", "lower")
    kept_noise: Optional[float] = metric("", "part of its power that is noise of the half-maps, at least", "lower")
    data_to: Optional[float] = metric("Å", "resolution up to which at least half of its power can be the data", "lower")
    support_map: Optional[Map] = map_output("", "support of the map made by the half-maps, 0 to 1", output="outputSupport")


def audited(study: Study, made: np.ndarray, progress: Progress = silent, end: Optional[float] = None) -> Dict[str, Any]:
    """Shares of a map that was made of two half-maps, and its support by them: the audit without peaks and residues.

    Parameters
    ----------
    study
        ``half1`` and ``half2``; ``full_map`` when the map was made of it.
    made
        The map, float32 [z, y, x], on their grid.
    progress
        ``progress(fraction, message)``.
    end
        Frequency (1/Å) from which the map holds nothing, because it was low-passed; None where it was not.

    Returns
    -------
    dict
        Fields of :class:`AuditedResult`. Empty where support cannot be measured: no half-maps, such as are no two measurements of one
        molecule, or a full map that is not theirs; what is wrong with the inputs is said of them, and not once more here.

    Notes
    -----
    The numbers are those of :func:`.audit.compute_audit` for this map.
    """
    place = study.map_position if study.full_map is not None and study.has_halves else None
    if not study.has_halves or audit_words.refused(study, place) is not None:
        return {}
    if place is not None and place.likeness is not None and place.likeness < _LIKE:
        return {}
    geo, mask, voxel_size = study.geometry, study.used_mask.data, study.grid.voxel_size
    white = audit_shells.whitened(study, None if place is None else place.vector, fourier.forward(made))
    facts = audit_shells.shell_facts(white, geo, mask, min((e for e in (study.independence.end, end) if e is not None), default=None))
    if facts is None:
        return {}
    weight = audit_local.weights(white, facts)
    even, even_cp = audit_local.evened(white, facts, weight, geo, voxel_size, mask)
    found = audit_shells.bounds(facts, even_cp)
    local = audit_local.local_support(white, even, facts, weight, geo, voxel_size, mask, progress)
    return dict(supported_share=local.share, unsupported_power=found.unsupported, kept_noise=found.noise,
                data_to=None if found.data_to is None else float(1 / study.frequencies[found.data_to]),
                support_map=audit_local.support_map(study, local))
