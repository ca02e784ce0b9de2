"""Errors planted in a model, with the truth for every residue: what a score of residues must find, and what it must leave alone."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import gemmi
import numpy as np

from cryoqa_plugin.core.rotamers import frames
from cryoqa_plugin.io.models import Model

ERRORS = ("moved", "rotamer", "flip", "solvent", "register", "water")
BESIDE = "beside"                        # shares an atom with an error: neither right nor wrong
MOVED, LENGTH = 1.5, 12                  # Å that a helix is moved; residues of the chain in solvent
_OFF = 1.5                               # Å, mean distance of side-chain atoms from the nearest that was there
_BACKBONE = ("N", "CA", "C", "O", "OXT")
_APART = 3                               # right residues at least between two errors
_EMPTY = 9.0                             # Å between the chain in solvent and the rest


class Planted(NamedTuple):
    """A model with errors, and the error of each of its residues in the order of the file: one of ERRORS, BESIDE, or nothing."""

    model: Model
    error: Tuple[str, ...]


class Counts(NamedTuple):
    """How many of each to plant; the register error is of ``register`` residues, 0 for none."""

    moved: int = 2
    rotamer: int = 12
    flip: int = 8
    solvent: int = 1
    register: int = 20
    water: int = 1


def planted(model: Model, seed: int, counts: Optional[Counts] = None, rms: float = 0.2, box: Optional[float] = None,
            scale: Optional[int] = None) -> Planted:
    """A copy of a model with errors at random places, apart from each other.

    ``rms`` (Å) displaces all atoms, smoothly along the chain: no model is exact. ``box`` (Å) is the edge of the cube from 0 in which
    solvent is. ``scale`` multiplies the counts, for large models; one for every 400 residues when not given.
    """
    rng, counts = np.random.default_rng(seed), counts or Counts()
    work = _Work(model, rng)
    times = max(1, round(len(work.residues) / 400)) if scale is None else scale
    work.shake(rms)
    for _ in range(times if counts.register else 0):
        work.shift_register(counts.register)
    for _ in range(times * counts.moved):
        work.move_helix()
    for _ in range(times * counts.flip):
        work.flip()
    for _ in range(times * counts.rotamer):
        work.turn_side_chain()
    for _ in range(times * counts.water):
        work.replace_ligand()
    for _ in range(times * counts.solvent):
        work.chain_in_solvent(box)
    return work.done()


def without_chain(model: Model, name: str) -> Model:
    """A copy without one chain."""
    structure = model.structure.clone()
    structure[0].remove_chain(name)
    return Model(structure, "without_chain.cif")


class _Work:
    """A model under change; ``residues`` are those of protein, ``error`` is by place in the file."""

    def __init__(self, model: Model, rng: np.random.Generator) -> None:
        self.structure, self.rng = model.structure.clone(), rng
        self.residues: List[Any] = []
        self.joined: List[bool] = []             # to the residue before
        self.place: List[Tuple[str, str, str]] = []
        last = None
        for chain in self.structure[0]:
            for residue in chain:
                if all(residue.find_atom(n, "*") for n in ("N", "CA", "C", "O")):
                    at = residue.find_atom("N", "*").pos
                    self.joined.append(last is not None and last.dist(at) < 2.0)
                    self.residues.append(residue)
                    self.place.append((chain.name, str(residue.seqid), residue.name))
                    last = residue.find_atom("C", "*").pos
        self.taken = np.zeros(len(self.residues), dtype=bool)
        self.error: Dict[Tuple[str, str, str], str] = {}
        self.library: Dict[str, List[Tuple[List[Any], np.ndarray]]] = {}
        for residue in self.residues:
            side = [a for a in residue if a.name not in _BACKBONE and not a.element.is_hydrogen]
            xyz = np.array([a.pos.tolist() for a in side]).reshape(-1, 3)
            self.library.setdefault(residue.name, []).append(([a.clone() for a in side], (xyz - _xyz(residue, "CA")) @ _frame(residue).T))

    def run(self, start: int, length: int) -> bool:
        """Residues that follow each other, away from other errors."""
        low, high = max(start - _APART, 0), start + length + _APART
        return start + length <= len(self.residues) and not self.taken[low:high].any() and all(self.joined[start + 1:start + length])

    def take(self, start: int, length: int, error: str) -> None:
        self.taken[start:start + length] = True
        for i in range(start, start + length):
            self.error[self.place[i]] = error

    def shake(self, rms: float) -> None:
        if not rms:
            return
        n = len(self.residues)
        kernel = np.exp(-0.5 * (np.arange(-8, 9) / 2) ** 2)
        smooth = np.stack([np.convolve(self.rng.standard_normal(n + 16), kernel, mode="valid") for _ in range(3)], axis=1)
        smooth *= 0.95 * rms / np.sqrt((smooth ** 2).sum(axis=1).mean())
        for residue, step in zip(self.residues, smooth):
            for atom in residue:
                _shift(atom, step + 0.3 * rms / np.sqrt(3) * self.rng.standard_normal(3))

    def choose(self, length: int, fits: Any) -> Optional[int]:
        for start in self.rng.permutation(len(self.residues)):
            if self.run(int(start), length) and fits(int(start)):
                return int(start)
        return None

    def move_helix(self) -> None:
        """All atoms of 8 residues of a helix moved in one direction."""
        def helical(start: int) -> bool:
            ca = np.array([_xyz(r, "CA") for r in self.residues[start:start + 8]])
            return bool(np.all(np.linalg.norm(ca[3:] - ca[:-3], axis=1) < 6.2) and np.all(np.linalg.norm(ca[4:] - ca[:-4], axis=1) < 7.2))

        start = self.choose(8, helical)
        if start is None:
            return
        step = self.rng.standard_normal(3)
        step *= MOVED / np.linalg.norm(step)
        for residue in self.residues[start:start + 8]:
            for atom in residue:
                _shift(atom, step)
        self.take(start, 8, "moved")

    def flip(self) -> None:
        """C, O and the next N turned by half a turn about the line between two CA."""
        start = self.choose(2, lambda i: self.residues[i + 1].name != "PRO")
        if start is None:
            return
        first, second = self.residues[start:start + 2]
        a, b = _xyz(first, "CA"), _xyz(second, "CA")
        axis = (b - a) / np.linalg.norm(b - a)
        for atom in [x for x in first if x.name in ("C", "O")] + [x for x in second if x.name in ("N", "H")]:
            away = np.array(atom.pos.tolist()) - a
            atom.pos = gemmi.Position(*(a + 2 * axis * (away @ axis) - away))
        self.take(start, 1, "flip")
        self.taken[start + 1] = True
        self.error[self.place[start + 1]] = BESIDE

    def turn_side_chain(self) -> None:
        """A side chain turned by a third about CA-CB, so that its atoms stand where none were."""
        turned: Dict[int, np.ndarray] = {}

        def far(i: int) -> bool:
            residue = self.residues[i]
            side = [x for x in residue if x.name not in _BACKBONE + ("CB",) and not x.element.is_hydrogen]
            if not side or residue.name == "PRO" or not residue.find_atom("CB", "*"):
                return False
            old, a, b = np.array([x.pos.tolist() for x in side]), _xyz(residue, "CA"), _xyz(residue, "CB")
            for angle in self.rng.permutation([120.0, -120.0]):
                new = _turn(old - b, (b - a) / np.linalg.norm(b - a), angle) + b
                apart = np.linalg.norm(new[:, None] - old[None], axis=2).min(axis=1).mean()
                if apart > _OFF:
                    turned[i] = new
                    return True
            return False

        start = self.choose(1, far)
        if start is None:
            return
        side = [x for x in self.residues[start] if x.name not in _BACKBONE + ("CB",) and not x.element.is_hydrogen]
        for atom, at in zip(side, turned[start]):
            atom.pos = gemmi.Position(*at)
        self.take(start, 1, "rotamer")

    def shift_register(self, length: int) -> None:
        """Residues get the side chains of those one to three further, in a conformer that occurs elsewhere."""
        steps = int(self.rng.choice([-3, -2, -1, 1, 2, 3]))
        start = self.choose(length + 6, lambda i: True)
        if start is None:
            return
        start += 3
        names = [self.residues[i + steps].name for i in range(start, start + length)]
        for i, name in zip(range(start, start + length), names):
            residue = self.residues[i]
            for atom in [x.name for x in residue if x.name not in _BACKBONE]:
                del residue[next(k for k, x in enumerate(residue) if x.name == atom)]
            side, xyz = self.library[name][int(self.rng.integers(len(self.library[name])))]
            here, frame = _xyz(residue, "CA"), _frame(residue)
            b_iso = residue.find_atom("CA", "*").b_iso
            for atom, at in zip(side, xyz @ frame + here):
                new = atom.clone()
                new.pos, new.b_iso = gemmi.Position(*at), b_iso
                residue.add_atom(new)
            residue.name = name
            old = self.place[i]
            self.place[i] = (old[0], old[1], name)
        self.take(start, length, "register")

    def replace_ligand(self) -> None:
        """A ligand of six atoms and more replaced by a water at its middle."""
        for chain in self.structure[0]:
            for k, residue in enumerate(chain):
                if len(residue) >= 6 and not residue.find_atom("CA", "*") and not residue.find_atom("C1'", "*"):
                    middle = np.mean([a.pos.tolist() for a in residue], axis=0)
                    water = residue.clone()
                    water.name = "HOH"
                    for _ in range(len(water) - 1):
                        del water[len(water) - 1]
                    water[0].name, water[0].element, water[0].pos = "O", gemmi.Element("O"), gemmi.Position(*middle)
                    del chain[k]
                    chain.add_residue(water, k)
                    self.error[(chain.name, str(water.seqid), "HOH")] = "water"
                    return

    def chain_in_solvent(self, box: Optional[float]) -> None:
        """Twelve residues copied to a place where no atom is near."""
        start = next(int(i) for i in self.rng.permutation(len(self.residues) - LENGTH) if all(self.joined[i + 1:i + LENGTH]))
        copies = [r.clone() for r in self.residues[start:start + LENGTH]]
        xyz = np.array([a.pos.tolist() for r in copies for a in r])
        there = np.array([a.pos.tolist() for c in self.structure[0] for r in c for a in r])
        edge = float(there.max() + 20.0 if box is None else box)
        for _ in range(4000):
            turn = np.linalg.qr(self.rng.standard_normal((3, 3)))[0]
            new = (xyz - xyz.mean(axis=0)) @ (turn * np.sign(np.linalg.det(turn))) + self.rng.uniform(6, edge - 6, 3)
            if new.min() > 3 and new.max() < edge - 3 and np.min(np.linalg.norm(new[::4, None] - there[None, ::3], axis=2)) > _EMPTY:
                break
        else:
            return
        used = {c.name for c in self.structure[0]}
        chain = gemmi.Chain(next(n for n in "ZYXWVUT" if n not in used))
        at = iter(new)
        for number, residue in enumerate(copies, 1):
            for atom in residue:
                atom.pos = gemmi.Position(*next(at))
            residue.seqid = gemmi.SeqId(str(number))
            chain.add_residue(residue)
            self.error[(chain.name, str(number), residue.name)] = "solvent"
        self.structure[0].add_chain(chain)

    def done(self) -> Planted:
        places = [(c.name, str(r.seqid), r.name) for c in self.structure[0] for r in c]
        return Planted(Model(self.structure, "planted.cif"), tuple(self.error.get(p, "") for p in dict.fromkeys(places)))


def _xyz(residue: Any, atom: str) -> np.ndarray:
    return np.array(residue.find_atom(atom, "*").pos.tolist())


def _frame(residue: Any) -> np.ndarray:
    return frames(*(_xyz(residue, n)[None] for n in ("N", "CA", "C")))[0]


def _shift(atom: Any, step: Sequence[float]) -> None:
    atom.pos = gemmi.Position(*(np.array(atom.pos.tolist()) + step))


def _turn(xyz: np.ndarray, axis: np.ndarray, degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return (xyz * np.cos(angle) + np.cross(axis, xyz) * np.sin(angle) + np.outer(xyz @ axis, axis) * (1 - np.cos(angle)))
