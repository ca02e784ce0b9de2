"""Agreement of map and model along the chains, in windows of residues: SMOC, SMOCd, and the correlation in their place."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import atom_grid, model_map
from ...params import param
from ...progress import Progress, silent
from ...results import Column, Table, metric, table
from ...study import Study, archive_scores
from ...study.archive import COLUMNS
from ...study.residues import NUCLEIC, WATER, Residues
from .residue_scores import TRACE, AtomCounts, ResidueScores, atom_counts, carried, chain_rows, check_model_and_map, place_values, rows

_SIGMA = 0.225                                   # of the Gaussians of the model, over the resolution
_NEAR, _LEAST = 2.5, 1.0                         # voxels are within that many standard deviations, of at least 1 Å
_COARSE, _SPHERE = 3.5, 1.0                      # Å from which SMOCd takes a sphere, and its radius over the resolution
_LOW = -2.0                                      # standard deviations below the mean from which a residue counts as low
LOW, DIP = 0.3, 0.75                             # correlation in a window below which a residue counts, as it is and over the median
_FEW = 10                                        # residues that have a standard deviation
_MIDDLE = ("CA", "C1'", "P")                     # atoms that the spheres are laid around


@dataclass(frozen=True)
class SmocParams:
    """Parameters of :func:`compute_smoc`."""

    resolution: Optional[float] = param(None, "Resolution of the density of the model; when empty that of the half-maps at FSC 0.143, or "
                                        "d99 of the map without half-maps. Give the reported one to compare with other programs.",
                                        label="Resolution", unit="Å", min=0.5, max=200)
    window: int = param(11, "Residues of a window, odd; it ends where the chain is broken.", label="Window", unit="residues", min=1, max=51)


@dataclass(frozen=True)
class SmocResult(ResidueScores, AtomCounts):
    """Result of :func:`compute_smoc`; means are over the residues of chains."""

    schema: ClassVar[str] = "cryoqa/smoc/1"
    centred_mean: Optional[float] = metric("", "mean of the correlations of map and model in the windows", "higher")
    centred_low: Optional[float] = metric("%", "part of the residues with a correlation below 0.3 in their window", "lower")
    centred_dips: Optional[float] = metric("%", "part of the residues with less than three quarters of the median correlation", "lower")
    smoc_mean: Optional[float] = metric("", "mean SMOC: the same without the means taken off, so that it depends on the zero of the map",
                                        "higher")
    smocd_mean: Optional[float] = metric("", "mean SMOCd: the overlap around each residue alone", "higher")
    smoc_z_low: Optional[float] = metric("%", "part of the residues whose SMOC is two standard deviations and more below the mean", "none")
    smoc_better: Optional[float] = metric("%", "archive entries of similar resolution with a lower mean SMOC", "none")
    resolution: Optional[float] = metric("Å", "resolution of the density of the model", "none")
    resolution_from: Optional[str] = metric("", "where the resolution comes from: given, half-maps or d99", "none")
    radius: Optional[float] = metric("Å", "distance from atoms within which voxels count", "none")
    archive: Optional[Table] = table("the mean SMOC among archive entries; " + archive_scores.SCALES["smoc"].source)


class Windows(NamedTuple):
    """Scores of each residue, float64 [n_residues], NaN where there is none: in windows of residues, and of the residue alone."""

    smoc: np.ndarray
    centred: np.ndarray
    alone: np.ndarray


def compute_smoc(study: Study, params: SmocParams, *, progress: Progress = silent) -> SmocResult:
    """Overlap and correlation of map and model around the residues of each window.

    Parameters
    ----------
    study
        ``model``, and ``full_map``, float32 [z, y, x], or ``half1`` and ``half2``, whose mean stands for it.
    params
        The resolution, and the length of the windows.
    progress
        Called with the fraction done and what is being done.

    Returns
    -------
    SmocResult
        Of the whole model, its chains and residues.

    Raises
    ------
    MissingInputError
        No model, or no map.
    InputError
        The inputs do not fit together, or no atom lies in the box.

    Notes
    -----
    The model is a sum of Gaussians of 0.225 times the resolution, as high as the mass of the atom, and 0 elsewhere. Over the voxels ``v``
    within 2.5 times that (at least 2.5 Å) of the atoms of 11 residues along the chain, ``SMOC = sum x y / sqrt(sum x^2 sum y^2)``, and the
    centred score is Pearson's correlation. SMOCd is the first over the voxels of the residue alone, and for resolutions coarser than
    3.5 Å over a sphere around its CA whose radius is the resolution.

    References
    ----------
    Joseph et al. (2016), https://doi.org/10.1016/j.ymeth.2016.03.007 (SMOC); Cragnolini et al. (2021),
    https://doi.org/10.1107/S2059798320014928 (TEMPy 2).
    """
    check_model_and_map(study)
    warnings: List[str] = []
    progress(0.05, "atoms")
    values: Dict[str, Any] = dict(study.half_map_values(), **atom_counts(study, warnings))
    warnings += [TRACE] if study.residues.trace else []
    at, source, note = study.compared_at(params.resolution)
    warnings += [note] if note else []
    values.update(place_values(study, warnings))
    progress(0.3, "density of the model")
    radius = _NEAR * max(_SIGMA * at, _LEAST)
    values.update(resolution=at, resolution_from=source, radius=radius)
    density = _density(study, at)
    progress(0.5, "windows")
    found = _windows(study, density, at, radius, params.window)
    values.update(_numbers(study.residues, found, at))
    values.update(_outputs(study, found))
    progress(1.0, "done")
    return SmocResult(summary=_summary(values), warnings=tuple(warnings), **values)


def _density(study: Study, resolution: float) -> np.ndarray:
    """The model as Gaussians, float32 [z, y, x]."""
    import gemmi
    model, used = study.model, study.used_atoms()
    mass = {e: gemmi.Element(e).weight for e in set(model.elements)}
    weight = np.array([mass[e] for e in model.elements]) * model.occupancy
    return atom_grid.gaussians(study.atom_position[used], weight[used], study.density.shape, study.density.voxel_size, _SIGMA * resolution)


def _windows(study: Study, density: np.ndarray, resolution: float, radius: float, length: int) -> Windows:
    """Scores of all residues."""
    residues = study.residues
    smoc, centred = _scores(study, density, *members(residues, study.used_atoms(), length // 2), radius)
    if resolution <= _COARSE:
        alone, _ = _scores(study, density, *members(residues, study.used_atoms(), 0), radius)
        return Windows(smoc, centred, alone)
    middle = np.full(len(residues), -1, dtype=np.int64)
    for name in _MIDDLE:
        middle = np.where(middle < 0, residues.find(name), middle)
    middle[(residues.kind > NUCLEIC) | ~study.used_atoms()[middle]] = -1
    there = np.flatnonzero(middle >= 0)
    alone, _ = _scores(study, density, middle[there], there, _SPHERE * resolution)
    return Windows(smoc, centred, alone)


def members(residues: Residues, used: np.ndarray, reach: int) -> Tuple[np.ndarray, np.ndarray]:
    """The atoms of the windows around all residues.

    Parameters
    ----------
    residues
        The residues.
    used
        Which atoms count, bool [n_atoms].
    reach
        Residues on either side; fewer where the chain begins, ends or is broken.

    Returns
    -------
    atom, residue
        int64 [n]: places of atoms, and the residue whose window each is in; an atom is in several windows.
    """
    atoms, windows = [], []
    for step in (residues.next, residues.before):
        # The atoms of a residue belong to its own window, then to those of its neighbours, one further each time.
        at = np.arange(len(residues))
        for k in range(reach + 1):
            if k or step is residues.next:
                inside = used & (at >= 0)[residues.residue]
                atoms.append(np.flatnonzero(inside))
                windows.append(at[residues.residue[inside]])
            at = np.where(at >= 0, step[at], -1)
    return np.concatenate(atoms), np.concatenate(windows)


def _scores(study: Study, density: np.ndarray, atom: np.ndarray, residue: np.ndarray, radius: float) -> Tuple[np.ndarray, np.ndarray]:
    """Overlap and correlation over the voxels within ``radius`` of the atoms in each window."""
    map_ = study.density
    sums = model_map.sums_around(np.ascontiguousarray(map_.data), density, (0.0, 0.0), study.atom_position[atom], residue,
                                 len(study.residues), radius, map_.voxel_size)
    size = np.sqrt(sums.aa * sums.bb)
    return np.divide(sums.ab, size, out=np.full(size.shape, np.nan), where=size > 0), model_map.correlation_of(sums)


def _numbers(residues: Residues, found: Windows, resolution: float) -> Dict[str, Any]:
    """Values over the residues of chains; over all but waters where there are none."""
    polymer = residues.kind <= NUCLEIC
    use = np.isfinite(found.smoc) & (polymer if polymer.any() else residues.kind != WATER)
    if not use.any():
        return {}
    smoc, centred = found.smoc[use], found.centred[use & np.isfinite(found.centred)]
    out: Dict[str, Any] = dict(smoc_mean=float(smoc.mean()))
    if centred.size:
        out.update(centred_mean=float(centred.mean()), centred_low=100.0 * float((centred < LOW).mean()),
                   centred_dips=100.0 * float((centred < DIP * np.median(centred)).mean()))
    if np.isfinite(found.alone[use]).any():
        out["smocd_mean"] = float(np.nanmean(found.alone[use]))
    if smoc.size >= _FEW:
        out["smoc_z_low"] = 100.0 * float((_z(smoc) < _LOW).mean())
    ranks = archive_scores.ranks("smoc", out["smoc_mean"], resolution)
    out.update(smoc_better=ranks[-1].percent, archive=Table(COLUMNS, archive_scores.rows([("smoc", out["smoc_mean"])], resolution)))
    return out


def _z(values: np.ndarray) -> np.ndarray:
    spread = float(np.nanstd(values))
    return (values - np.nanmean(values)) / spread if spread > 0 else np.zeros(values.shape)


def _outputs(study: Study, found: Windows) -> Dict[str, Any]:
    """Tables of residues and chains, and the model that carries them."""
    residues = study.residues
    polymer = residues.kind <= NUCLEIC
    z = np.full(len(residues), np.nan)
    known = np.isfinite(found.smoc) & polymer
    if known.sum() >= _FEW:
        z[known] = _z(found.smoc[known])
    columns = {Column("centred", "", "correlation of map and model in the window"): found.centred,
               Column("SMOC", "", "overlap in the window"): found.smoc, Column("SMOCd", "", "overlap around the residue"): found.alone,
               Column("z", "SD", "SMOC less its mean over the residues of chains"): z}
    shown = np.isfinite(found.smoc) & (residues.kind != WATER)
    attributes = {n: np.where(shown, v, np.nan) for n, v in (("centred", found.centred), ("smoc", found.smoc), ("smocd", found.alone))}
    return dict(residues=rows(residues, columns, shown), chains=chain_rows(residues, columns, shown & polymer),
                **carried(study.model, residues, attributes))


def _summary(values: Dict[str, Any]) -> str:
    """One sentence."""
    if values.get("smoc_mean") is None:
        return "The model has no residues that could be compared with the map."
    centred = f"{values['centred_mean']:.3f}" if values.get("centred_mean") is not None else "–"
    return (f"Map and model correlate by {centred} in windows along the chains at {values['resolution']:.2f} Å; mean SMOC "
            f"{values['smoc_mean']:.3f}.")
