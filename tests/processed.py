"""Processed maps with planted faults, for the audit: density that the half-maps do not know, and parts that are left out."""
from __future__ import annotations

from typing import Any, List, NamedTuple, Tuple

import gemmi
import numpy as np
from planted import _frame, _xyz
from scipy.spatial import cKDTree

from cryoqa_plugin.core import filters, fourier, shells
from cryoqa_plugin.io.maps import Map, read_map
from cryoqa_plugin.io.models import Model, read_model
from cryoqa_plugin.study import model_place

HELIX, LOOP, SIDES, REMOVED, REMOVED_FEW = 16, 8, 12, 16, 3
_SMALL = ("ALA", "GLY", "SER")


class Case(NamedTuple):
    """Half-maps, mask and model of a simulated case."""

    half1: Map
    half2: Map
    mask: Map
    model: Model
    truth: Map
    d143: float

    @property
    def mean(self) -> np.ndarray:
        """Mean of the half-maps."""
        return (self.half1.data + self.half2.data) / 2


class Faults(NamedTuple):
    """``model`` of the faulty map; ``kind`` of each of its residues in the order of the file (helix, surface, loop, side, kept) and
    ``removed``, positions of the atoms that are in the data only, of the long and the short stretch; ``added``, ``gone`` models of both."""

    model: Model
    kind: Tuple[str, ...]
    removed: Tuple[np.ndarray, np.ndarray]
    added: Model
    gone: Model


def read_case(folder, name=None):
    """The case in a folder that the simulator wrote."""
    import json
    name = name or folder.name
    maps = [read_map(str(folder / f"{name}_{kind}.mrc")) for kind in ("half1", "half2", "mask", "truth")]
    model = next(folder / f"{name}_model.{e}" for e in ("pdb", "cif") if (folder / f"{name}_model.{e}").exists())
    return Case(*maps[:3], read_model(str(model)), maps[3], json.loads((folder / f"{name}_truth.json").read_text())["d143"])


def faults(model: Model, seed: int, box: float) -> Faults:
    """A model with a helix in solvent, another at the surface, a chain end that goes on, and side chains on small residues; without a long
    and a short stretch."""
    rng = np.random.default_rng(seed)
    whole = model.structure.clone()
    residues = [(c.name, r) for c in whole[0] for r in c if all(r.find_atom(n, "*") for n in ("N", "CA", "C", "O"))]
    protein = bool(residues)
    residues = residues or [(c.name, r) for c in whole[0] for r in c if r.find_atom("C1'", "*") and r.find_atom("P", "*")]
    helix, loop = (HELIX, LOOP) if protein else (6, 3)
    tree = cKDTree(model.xyz)
    added = gemmi.Structure()
    added.add_model(gemmi.Model("1"))
    kinds: List[Tuple[str, int]] = []
    run = _helix(residues, rng, helix, protein)
    for name, low, high, kind in (("X", 9.0, 14.0, "helix"), ("Y", 2.4, 3.0, "surface")):
        _place(added, name, [r for _, r in run], tree, rng, box, low, high)
        kinds.append((kind, helix))
    _go_on(added, "Z", residues, tree, rng, box, loop)
    kinds.append(("loop", loop))
    if protein:
        kinds.append(("side", _side_chains(added, "S", residues, tree, rng)))
    away = {(c, str(r.seqid)) for c, r in run}
    gone: List[List[Tuple[str, Any]]] = []
    for length in (REMOVED if protein else 6, REMOVED_FEW):
        while True:
            start = int(rng.integers(5, len(residues) - length - 5))
            part = residues[start:start + length]
            if len({c for c, _ in part}) == 1 and not any((c, str(r.seqid)) in away for c, r in part):
                break
        away |= {(c, str(r.seqid)) for c, r in residues[max(0, start - 4):start + length + 4]}
        gone.append(part)
    removed = tuple(np.array([a.pos.tolist() for _, r in part for a in r]) for part in gone)
    lost = {(c, str(r.seqid)) for part in gone for c, r in part}
    left, out = model.structure.clone(), model.structure.clone()
    for structure, keep in ((left, False), (out, True)):
        for chain in structure[0]:
            for i in range(len(chain) - 1, -1, -1):
                if ((chain.name, str(chain[i].seqid)) in lost) != keep:
                    del chain[i]
    count = sum(len(c) for c in left[0])
    for chain in added[0]:
        left[0].add_chain(chain.clone())
    kind = ["kept"] * count + [k for k, n in kinds for _ in range(n)]
    return Faults(Model(left, "faulty.cif"), tuple(kind), removed, Model(added, "added.cif"), Model(out, "gone.cif"))


def _helix(residues, rng, length, protein):
    for start in rng.permutation(len(residues) - length):
        part = residues[start:start + length]
        if not protein:
            return part
        ca = np.array([_xyz(r, "CA") for _, r in part])
        if (len({c for c, _ in part}) == 1 and np.all(np.linalg.norm(ca[3:] - ca[:-3], axis=1) < 6.5)
                and np.all(np.linalg.norm(ca[1:] - ca[:-1], axis=1) < 4.2)):
            return part
    raise AssertionError("no helix")


def _turned(rng):
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    return turn * np.sign(np.linalg.det(turn))


def _place(structure, name, run, tree, rng, box, low, high):
    copies = [r.clone() for r in run]
    xyz = np.array([a.pos.tolist() for r in copies for a in r])
    others = np.array([a.pos.tolist() for c in structure[0] for r in c for a in r]).reshape(-1, 3)
    for _ in range(20000):
        new = (xyz - xyz.mean(axis=0)) @ _turned(rng) + rng.uniform(8, box - 8, 3)
        if new.min() < 5 or new.max() > box - 5:
            continue
        nearest = tree.query(new)[0]
        apart = cKDTree(others).query(new)[0].min() if len(others) else 99.0
        if low <= nearest.min() <= high and apart > 9 and np.median(nearest) > low + 2:
            break
    else:
        raise AssertionError("no place for a helix")
    _write(structure, name, copies, new)


def _write(structure, name, copies, new):
    chain, at = gemmi.Chain(name), iter(new)
    for number, residue in enumerate(copies, 1):
        for atom in residue:
            atom.pos = gemmi.Position(*next(at))
        residue.seqid = gemmi.SeqId(str(number))
        chain.add_residue(residue)
    structure[0].add_chain(chain)


def _go_on(structure, name, residues, tree, rng, box, length):
    last = max(i for i, (c, _) in enumerate(residues) if c == residues[0][0])
    for _ in range(4000):
        start = int(rng.integers(0, len(residues) - length))
        copies = [r.clone() for _, r in residues[start:start + length]]
        xyz = np.array([a.pos.tolist() for r in copies for a in r])
        for end in (last, 0):
            anchor = np.array(residues[end][1][-1 if end else 0].pos.tolist())
            new = (xyz - xyz[0]) @ _turned(rng) + anchor + 1.33 * _unit(rng.standard_normal(3))
            nearest = tree.query(new)[0]
            others = cKDTree(np.array([a.pos.tolist() for c in structure[0] for r in c for a in r]))
            away = nearest[len(new) // 3:].min()
            if new.min() > 5 and new.max() < box - 5 and away > 2.8 and others.query(new)[0].min() > 6:
                return _write(structure, name, copies, new)
    raise AssertionError("no place for a chain end")


def _unit(v):
    return v / np.linalg.norm(v)


def _side_chains(structure, name, residues, tree, rng):
    library = [r for _, r in residues if r.name in ("LEU", "PHE", "LYS", "ARG", "MET", "TYR", "GLN", "GLU", "TRP", "ILE")]
    chain, n = gemmi.Chain(name), 0
    for i in rng.permutation(len(residues)):
        residue = residues[i][1]
        if residue.name not in _SMALL:
            continue
        for j in rng.permutation(len(library))[:60]:
            giver = library[j]
            side = [a for a in giver if a.name not in ("N", "CA", "C", "O", "CB", "OXT") and not a.element.is_hydrogen]
            if len(side) < 3:
                continue
            local = (np.array([a.pos.tolist() for a in side]) - _xyz(giver, "CA")) @ _frame(giver).T
            new = local @ _frame(residue) + _xyz(residue, "CA")
            if tree.query(new[1:])[0].min() > 2.5:
                made = gemmi.Residue()
                made.name, made.seqid = giver.name, gemmi.SeqId(str(n + 1))
                for a, at in zip(side, new):
                    b = a.clone()
                    b.pos, b.b_iso = gemmi.Position(*at), residue.find_atom("CA", "*").b_iso
                    made.add_atom(b)
                chain.add_residue(made)
                n += 1
                break
        if n == SIDES:
            break
    structure[0].add_chain(chain)
    return n


def density(model: Model, grid: Map) -> np.ndarray:
    """Transform of a model on a grid."""
    return model_place.model_transform(model, grid, "electron")


def low_pass(ft: np.ndarray, grid: Map, resolution: float, b: float = 0.0) -> np.ndarray:
    """Map of a transform, cut off softly at a resolution."""
    geo = fourier.geometry(grid.shape, grid.voxel_size)
    profile = filters.cosine_lowpass_profile(geo, resolution, 4) * filters.bfactor_profile(geo, b)
    return fourier.inverse(filters.apply_radial(ft, geo, profile), grid.shape)


def network(case: Case, found: Faults) -> np.ndarray:
    """Noise-free density to 0.92 times the resolution, with the faults: what a network makes."""
    return low_pass(density(found.model, case.half1), case.half1, 0.92 * case.d143)


def filtered(case: Case, found: Faults) -> np.ndarray:
    """The mean of the half-maps, filtered and sharpened, with the faults."""
    grid = case.half1
    geo = fourier.geometry(grid.shape, grid.voxel_size)
    mean, truth = fourier.forward(case.mean), density(case.model, grid)
    change = density(found.added, grid) - density(found.gone, grid)
    sums = shells.cross_sums(mean, truth, geo)
    gain = np.divide(sums.cross, sums.power2, out=np.zeros_like(sums.cross), where=sums.power2 > 0)
    mean = mean + filters.apply_radial(change, geo, np.maximum(gain, 0))
    fsc = shells.fsc(sums)
    weight = np.divide(np.clip(fsc, 0, 1) ** 2, gain, out=np.zeros_like(gain), where=gain > 1e-3 * gain.max())
    weight[np.arange(geo.n_shells) > geo.length / (0.92 * case.d143)] = 0
    return fourier.inverse(filters.apply_radial(mean, geo, weight), grid.shape)
