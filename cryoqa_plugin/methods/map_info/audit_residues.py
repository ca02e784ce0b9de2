"""What the half-maps say of the residues of a model of a processed map: a matched filter at their atoms."""
from __future__ import annotations

from typing import NamedTuple, Tuple

import numpy as np

from ...core import filters, fourier, model_map
from ...study import Study
from .audit_local import EPS
from .audit_shells import ShellFacts, Whitened

_B_ATOM = 40.0                                   # Å², of the atom that the filter looks for
_FORM = (2.5, 12.0)                              # its form factor: height and fall-off (Å²)
_LEAST = 0.1                                     # of the median density at residues: below it the processed map shows nothing there


class ResidueSupport(NamedTuple):
    """Of each residue of the model, float64 [n_residues], NaN where it cannot be told.

    ``support`` T: density of the data at its atoms over that of the processed map; ``error`` its standard error; ``presence`` V, the
    inverse; ``map_density`` and ``data_density``: both sums, over the median of the residues.
    """

    support: np.ndarray
    error: np.ndarray
    presence: np.ndarray
    map_density: np.ndarray
    data_density: np.ndarray


def residue_support(study: Study, white: Whitened, facts: ShellFacts) -> ResidueSupport:
    """Slope of the data on the processed map at the atoms of each residue.

    Parameters
    ----------
    study
        A model with atoms in the box.
    white, facts
        Of the maps and of the shells.

    Returns
    -------
    ResidueSupport
        Hydrogens are left out.

    Notes
    -----
    The data, half the difference of the half-maps and the processed map over its gain, all whitened, are filtered by
    ``2.5 exp(-12 s^2) exp(-40 s^2 / 4) / (N + 0.3 S)`` and summed at the atoms.
    """
    geo = study.geometry
    s = study.frequencies
    inside = np.zeros(geo.n_shells)
    inside[facts.used] = 1
    atom = _FORM[0] * np.exp(-_FORM[1] * s ** 2 - _B_ATOM * s ** 2 / 4)
    kernel = inside * atom / np.maximum(facts.noise + EPS * facts.signal, 1e-12)
    r, use = study.residues, study.used_atoms()
    use = use & r.heavy
    data, half, own = (_sums(fourier.inverse(filters.apply_radial(ft, geo, profile * kernel), geo.shape), study, use) for ft, profile in (
        (white.mean, white.of_data), (white.half, white.of_data), (white.processed, white.of_processed * facts.take)))
    return _judge(data, half - data, own, np.bincount(r.residue[use], minlength=len(r)))


def _sums(image: np.ndarray, study: Study, use: np.ndarray) -> np.ndarray:
    """Sum over the atoms of each residue."""
    values = model_map.values_at(image, study.atom_position[use], study.grid.voxel_size, 0.0)
    return np.bincount(study.residues.residue[use], values, minlength=len(study.residues))


def _judge(data: np.ndarray, noise: np.ndarray, own: np.ndarray, atoms: np.ndarray) -> ResidueSupport:
    there = atoms > 0
    each = np.sqrt(np.maximum(atoms, 1))
    scatter = float(np.sqrt(np.mean((noise / each)[there] ** 2))) if there.any() else 0.0
    mean = [max(float(np.median(v[there] / atoms[there])), 1e-30) if there.any() else 1.0 for v in (data, own)]
    nothing = np.full(atoms.size, np.nan)
    shown = there & (own > _LEAST * mean[1] * atoms)
    measured = there & (data > _LEAST * mean[0] * atoms)
    support = np.divide(data, own, out=nothing.copy(), where=shown)
    error = np.divide(scatter * each, own, out=nothing.copy(), where=shown)
    presence = np.divide(own, data, out=nothing.copy(), where=measured)
    densities: Tuple[np.ndarray, ...] = tuple(np.divide(v, m * atoms, out=nothing.copy(), where=there)
                                              for v, m in zip((own, data), mean[::-1]))
    return ResidueSupport(support, error, presence, *densities)
