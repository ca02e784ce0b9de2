"""The optimal map against a model: difference map, updated map, peaks."""
from __future__ import annotations

from typing import Any, Dict, List

import numpy as np
from scipy.spatial import cKDTree

from ...core import fourier, shells
from ...core.peaks import find_peaks
from ...io.models import Model
from ...results import Curve, Table
from ..resolution import mtriage_model
from .optimal_map_steps import Work, radial

_ROWS = 200                                      # of the table of peaks
_AROUND = 3.0                                    # Å around the surface of the atoms, where peaks are looked for without a mask


def compare(work: Work) -> Dict[str, Any]:
    """Difference map in its standard deviations, updated map, peaks and curves, by result field.

    ``D = sum Re(F Fc*) / sum abs(Fc)^2``; ``S = mean abs(F - D Fc)^2 - noise`` is what the model lacks, ``w = S / (S + noise)``;
    difference ``(F - D Fc) w / sqrt(S)``, update ``2 w F + (1 - 2 w) D Fc``. Yamashita et al. (2021),
    https://doi.org/10.1107/S2059798321009475.
    """
    mean = work.base.mean
    placed = mtriage_model.place(work.inputs.model, mean, "electron", lambda: mean.data, work.warnings)
    fc = placed.ft_b0 if work.params.model_b_zero else placed.ft
    fo = fourier.forward(mean.data if work.mask is None else mean.data * work.mask)
    sums = shells.cross_sums(fo, fc, work.base.geo)
    cross, one, two = (np.bincount(work.bins, v)[work.bins] for v in (sums.cross, sums.power1, sums.power2))
    count = np.bincount(work.bins, sums.count)[work.bins]
    d = np.divide(cross, two, out=np.zeros_like(cross), where=two > 0)
    lacks = np.maximum((one - 2 * d * cross + d ** 2 * two) / count - work.noise, 0)
    used = work.full > 0
    lacks[~used] = 0
    w = np.divide(lacks, lacks + work.noise, out=np.zeros_like(lacks), where=lacks + work.noise > 0)
    fsc = shells.fsc(sums)
    end = np.flatnonzero(used)
    end = int(end[-1]) + 1 if end.size else 1
    values = dict(model_zscore=placed.values["model_zscore"], atoms_outside=placed.values["atoms_outside"], fsc_model=Curve(work.freq, fsc),
                  fsc_average_model=float(sums.count[:end] @ fsc[:end] / sums.count[:end].sum()), weight=Curve(work.freq, w))
    g = np.divide(w, np.sqrt(lacks), out=np.zeros_like(w), where=lacks > 0)
    difference = radial(fo.copy(), work, g) - radial(fc.copy(), work, g * d)
    updated = radial(fo, work, np.where(used, 2 * w, 0))
    updated += radial(fc.copy(), work, np.where(used, (1 - 2 * w) * d, 0))
    del fo, fc
    values["updated"] = mean.with_data(updated)
    inside = work.mask >= 0.5 if work.mask is not None else mtriage_model.around(placed, mean, _AROUND) > 0
    sd = float(difference[inside].std(dtype=np.float64)) if inside.any() else 0.0
    if sd > 0:
        difference /= np.float32(sd)
    values["difference"] = mean.with_data(difference)
    values.update(_peaks(work, difference, inside))
    return values


def _peaks(work: Work, difference: np.ndarray, inside: np.ndarray) -> Dict[str, Any]:
    """The table of peaks, and how many and how high."""
    model, mean, rows = work.inputs.model, work.base.mean, []
    tree, names = cKDTree(model.xyz), atom_names(model)
    out: Dict[str, Any] = {}
    for sign, count, top in ((1, "peaks_positive", "highest_peak"), (-1, "peaks_negative", "deepest_hole")):
        place, height = find_peaks(difference * np.float32(sign), work.params.peak_height, inside)
        out[count] = len(height)
        out[top] = float(height[0]) if len(height) else float((sign * difference[inside]).max(initial=0.0))
        xyz = np.asarray(mean.origin) + place[:, ::-1] * np.asarray(mean.voxel_size)
        apart, nearest = tree.query(xyz) if len(xyz) else ((), ())
        rows += [(sign * float(h), float(p[0]), float(p[1]), float(p[2]), names[int(i)], float(r))
                 for h, p, i, r in zip(height, xyz, nearest, apart)]
    rows.sort(key=lambda row: -abs(row[0]))
    out["peaks"] = Table(("height (sd)", "x (Å)", "y (Å)", "z (Å)", "nearest atom", "distance (Å)"), tuple(rows[:_ROWS]))
    if len(rows) > _ROWS:
        work.warnings.append(f"The difference map has {len(rows)} peaks and holes; the table holds the {_ROWS} highest.")
    return out


def atom_names(model: Model) -> List[str]:
    """``chain/residue number and name/atom`` of every atom, in the order of the file."""
    return [f"{chain.name}/{residue.seqid} {residue.name}/{atom.name}" for chain in model.structure[0] for residue in chain
            for atom in residue]
