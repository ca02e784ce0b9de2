"""Models, and maps of them with noise, that the side-chain check is calibrated on and judged by."""
from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

import numpy as np
import scipy.fft
from scipy.ndimage import distance_transform_edt, gaussian_filter1d

from cryoqa_plugin.core import density
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.study.residues import Residues, residues_of

MODELS = Path(os.environ.get("CRYOQA_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data" / "models"
CALIBRATION = (("5ni1.pdb", None, 100), ("7pbl.pdb", "A,C", 101), ("3c91_T20S.pdb", "A,H", 102))
JUDGED = (("3o21.pdb", "A", 200), ("7a4m.cif", "A", 200))
PLATEAU, THRESHOLD, FILLED, MARGIN, SMOOTH = 300.0, 0.143, 0.1, 12.0, 2.0
INSIDE = 0.865                        # resolution in the mask over that of the whole box, at a box of which the mask fills a tenth
_DEPTH = {letter: i for i, letter in enumerate("ABGDEZH")}


@dataclass(frozen=True)
class Case:
    """A model in its box and the noise-free transform of its map."""

    model: Model
    residues: Residues
    box: int
    voxel: float
    ft: np.ndarray
    mask: np.ndarray


def load(name: str, chains: Optional[str]) -> Model:
    """Heavy atoms of a model in the shared folder, one conformer, without waters."""
    model = read_model(str(MODELS / name))
    st = model.structure
    st.remove_alternative_conformations()
    st.remove_hydrogens()
    st.remove_waters()
    for chain in [c.name for c in st[0] if chains and c.name not in chains.split(",")]:
        st[0].remove_chain(chain)
    st.remove_empty_chains()
    return Model(st, model.path)


def moved(model: Model, xyz: np.ndarray) -> Model:
    """The model with other positions."""
    import gemmi
    st = model.structure.clone()
    for atom, p in zip((a for c in st[0] for r in c for a in r), xyz):
        atom.pos = gemmi.Position(*p)
    return replace(model, structure=st)


def randomised(model: Model, residues: Residues, rng: np.random.Generator) -> Tuple[np.ndarray, np.ndarray]:
    """B-factors that grow along each side chain by its own measure, and occupancies with weak carboxylates."""
    extra = rng.gamma(2.0, 8.0, len(residues))
    b, occupancy = model.b_iso.copy(), np.ones(model.n_atoms)
    for i, (r, name) in enumerate(zip(residues.residue, residues.atom)):
        if residues.role[i] == 1 and residues.kind[r] == 0:
            b[i] += extra[r] * _DEPTH.get(name[1:2], 0) ** 1.2
            if residues.name[r] in ("ASP", "GLU") and name[0] == "O":
                occupancy[i] = 0.4
    return b, occupancy


def simulated(model: Model, voxel: float, rng: Optional[np.random.Generator]) -> Case:
    """The noise-free map of a model in a box of which its mask fills a tenth; with side chains of random order when ``rng`` is given."""
    residues = residues_of(model)
    xyz = model.xyz - (model.xyz.max(axis=0) + model.xyz.min(axis=0)) / 2
    b, occupancy = randomised(model, residues, rng) if rng is not None else (model.b_iso, np.ones(model.n_atoms))
    box = int(np.ceil((np.ptp(xyz, axis=0).max() + 2 * MARGIN) / voxel))
    filled = _mask(xyz + box * voxel / 2, box, voxel).sum()
    box = max(box, int(np.ceil((filled / FILLED) ** (1 / 3))))
    box = scipy.fft.next_fast_len(box + box % 2, real=True)
    placed = xyz + box * voxel / 2
    ft = density.model_density_ft(model.elements, placed, b, occupancy, (box,) * 3, (voxel,) * 3, (0, 0, 0))
    return Case(moved(model, placed), residues, box, voxel, ft, _mask(placed, box, voxel))


def _mask(xyz: np.ndarray, box: int, voxel: float) -> np.ndarray:
    index = np.rint(xyz / voxel).astype(int) % box
    empty = np.ones((box,) * 3, bool)
    empty[index[:, 2], index[:, 1], index[:, 0]] = False
    d = distance_transform_edt(empty) * voxel
    return np.where(d < 4, 1.0, np.where(d < 10, 0.5 * (1 + np.cos(np.pi * (d - 4) / 6)), 0.0))


def noisy(case: Case, d143: float, seed: int) -> Tuple[Map, float]:
    """The mean of two half-maps whose SNR is ``300 exp(-k s^2)``, and where their FSC in the mask falls below 0.143."""
    n, edge = case.box, case.box * case.voxel
    k, kr = np.fft.fftfreq(n, case.voxel), np.fft.rfftfreq(n, case.voxel)
    s = np.sqrt(k[:, None, None] ** 2 + k[None, :, None] ** 2 + kr[None, None, :] ** 2)
    shell = np.rint(s * edge).astype(int)
    weight = np.broadcast_to(np.where((kr == 0) | (np.arange(kr.size) * 2 == n), 1.0, 2.0), s.shape)

    def mean(values: np.ndarray) -> np.ndarray:
        total, count = (np.bincount(shell.ravel(), v.ravel(), n) for v in (weight * values, weight))
        return total[:n // 2] / count[:n // 2]

    power = mean(np.abs(case.ft) ** 2)
    freq = np.arange(n // 2) / edge
    fall = np.log(PLATEAU * (1 - THRESHOLD) / THRESHOLD) * d143 ** 2
    good = (freq > 0) & (freq < 0.49 / case.voxel)
    noise_power = np.exp(np.interp(s, freq[good], np.log(power[good] / (PLATEAU * np.exp(-fall * freq[good] ** 2)))))
    white = scipy.fft.rfftn(np.random.default_rng(seed).standard_normal((n,) * 3), workers=2) / n ** 1.5
    noise = white * np.sqrt(noise_power)                     # of a half-map
    envelope = np.exp(-fall * s * s / 2)                     # leaves the noise nearly white, as in a raw reconstruction
    parts = [scipy.fft.irfftn(f * envelope, s=(n,) * 3) for f in (case.ft, noise)]
    signal_in, noise_in = (mean(np.abs(scipy.fft.rfftn(p * case.mask)) ** 2) for p in parts)
    fsc = signal_in / (signal_in + noise_in)
    first = next((i for i in range(3, fsc.size) if fsc[i] < THRESHOLD), fsc.size - 1)
    at = freq[first - 1] + (fsc[first - 1] - THRESHOLD) / (fsc[first - 1] - fsc[first]) / edge
    return Map((parts[0] + parts[1] / np.sqrt(2)).astype(np.float32), (case.voxel,) * 3, (0.0, 0.0, 0.0)), float(1 / at)


def displaced(case: Case, rms: float, seed: int) -> np.ndarray:
    """Positions with errors of this size (Å) that change smoothly along the chain, by two residues, and a third part that does not."""
    rng = np.random.default_rng(seed)
    smooth = np.zeros((len(case.residues), 3))
    for c in range(len(case.residues.chains)):
        mine = np.flatnonzero(case.residues.chain == c)
        smooth[mine] = gaussian_filter1d(rng.standard_normal((len(mine), 3)), SMOOTH, axis=0, mode="reflect")
    smooth *= np.sqrt(2 * SMOOTH * np.sqrt(np.pi))           # the filter left this much less
    white = rng.standard_normal((case.model.n_atoms, 3))
    return case.model.xyz + rms / np.sqrt(3) * (0.95 * smooth[case.residues.residue] + 0.3 * white)


def voxel_for(resolution: float) -> float:
    """Edge of the voxels of a map of this resolution, both in Å."""
    return min(1.0, 0.4 * resolution)


def all_chains(cases: Sequence[Tuple[str, Optional[str], int]]) -> List[Tuple[Model, int]]:
    """Models and seeds of a set."""
    return [(load(name, chains), seed) for name, chains, seed in cases]
