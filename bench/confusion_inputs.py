"""Inputs of the table of confusion, with known truth: the simulator's cases and faults, and what is made from them here.

Files are kept in a folder, by the name of what they are; what is there is not made again, and a half-made folder is never taken for a
whole one.
"""
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import gemmi
import mrcfile
import numpy as np
import scipy.ndimage

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("half1", "half2", "full", "mask", "signal")
# Cases that the simulator does not know by name: other molecules, boxes, voxels and noise than those that limits were set on.
CUSTOM = {
    "f2_128": ["--model=5ni1.pdb", "--box=128", "--d143=2.7", "--b-gradient=80", "--seed=102"],
    "g1_120": ["--model=3c91_T20S.pdb", "--chains=H,I", "--box=120", "--d143=3.3", "--seed=201"],
    "g2_144": ["--model=7pbl.pdb", "--chains=A", "--box=144", "--voxel=0.9", "--d143=2.5", "--b-gradient=60", "--seed=202"],
    "g4_100": ["--model=7a4m.cif", "--box=100", "--voxel=0.8", "--d143=2.0", "--seed=204"],
    "haemoglobin84": ["--model=5ni1.pdb", "--box=84", "--voxel=1.2", "--d143=3.4", "--seed=701"],
    "ferritin80": ["--model=7a4m.cif", "--box=80", "--voxel=1.1", "--d143=2.8", "--seed=702"],
    "receptor90": ["--model=3o21.pdb", "--chains=C", "--box=90", "--voxel=1.3", "--d143=4.2", "--seed=703"],
    "odd97new": ["--model=3o21.pdb", "--chains=A", "--box=97", "--d143=3.1", "--seed=704"],
    "rna108": ["--model=7ez0_TRibozyme_RNA.pdb", "--box=108", "--voxel=1.6", "--d143=5.2", "--seed=705"],
    "coarse72": ["--model=3o21.pdb", "--box=72", "--voxel=2.4", "--d143=8.5", "--seed=706"],
    "helicase96": ["--model=7pbl.pdb", "--chains=C", "--box=96", "--voxel=1.25", "--d143=3.6", "--seed=707"]}
FILAMENTS = {"filament90": ("5ni1.pdb", "A", 25.0, 18.0, 120.0, 6, ["--box=90", "--voxel=1.2", "--d143=3.6", "--seed=711"]),
             "filament100": ("3c91_T20S.pdb", "H", 27.0, 27.5, 180.0, 4, ["--box=100", "--voxel=1.1", "--d143=3.2", "--seed=712"])}


def shared_folder():
    """The folder with the simulator: CRYOQA_SHARED, else ``shared`` beside the checkout."""
    folder = Path(os.environ.get("CRYOQA_SHARED") or ROOT.parent / "shared")
    if not (folder / "tools" / "simulate_bad.py").is_file():
        raise SystemExit("The folder with the simulator is not there; name it by CRYOQA_SHARED.")
    return folder


def read(path):
    """Data float64 [z, y, x] and voxel size (Å) of a map."""
    with mrcfile.open(str(path), permissive=True) as f:
        return np.array(f.data, dtype=np.float64), float(f.voxel_size.x)


def write(path, data, voxel):
    """Write a map with cubic voxels (Å)."""
    with mrcfile.new(str(path), overwrite=True) as f:
        f.set_data(np.ascontiguousarray(data, dtype=np.float32))
        f.voxel_size = voxel


class Cache:
    """Folder of inputs by name; ``noise`` is added to the seed of each case, so that each has noise of its own."""

    def __init__(self, folder, noise=0):
        self.folder, self.noise = Path(folder), noise
        self.tools = shared_folder() / "tools"

    def _made(self, name, make):
        """The folder of a name, filled by ``make(folder)`` unless it is there."""
        folder = self.folder / name
        if not folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            work = Path(tempfile.mkdtemp(prefix=f".{name}_", dir=str(self.folder)))
            make(work)
            work.rename(folder)
        return folder

    def case(self, name):
        """Folder and stem of a good case: its files are ``<stem>_half1.mrc`` and so on."""
        label = name + (f"_n{self.noise}" if self.noise else "")
        return self._made(label, lambda folder: self._simulate(name, label, folder)) / label

    def _simulate(self, name, label, folder):
        how = ["custom", *CUSTOM[name]] if name in CUSTOM else ["custom", *FILAMENTS[name][-1]] if name in FILAMENTS else [name]
        if name in FILAMENTS:
            how.append(f"--model={filament(folder, self.tools.parent / 'data' / 'models', *FILAMENTS[name][:-1])}")
        if self.noise:
            known = _module(self.tools / "simulate.py").CASES
            seed = known[name]["seed"] if name in known else int(next(a for a in how if a.startswith("--seed="))[7:])
            how = [a for a in how if not a.startswith("--seed=")] + [f"--seed={seed + 10000 * self.noise}"]
        command = [sys.executable, str(self.tools / "simulate.py"), how[0], str(folder), f"--name={label}", *how[1:]]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for left in ("truth", "truth_b0", "locres"):
            (folder / f"{label}_{left}.mrc").unlink()

    def sources(self, name):
        """The inputs of a good case by kind."""
        stem = self.case(name)
        return dict(half1=f"{stem}_half1.mrc", half2=f"{stem}_half2.mrc", full_map=f"{stem}_full.mrc", mask=f"{stem}_mask.mrc",
                    model=next(str(p) for p in stem.parent.glob(f"{stem.name}_model.*")))

    def truth(self, name, kind=None):
        """What the simulator wrote of a case, or of one of its faults."""
        if kind is None:
            return json.loads(Path(f"{self.case(name)}_truth.json").read_text())["truth"]
        return json.loads((self.bad(name, kind) / f"{kind}_truth.json").read_text())

    def bad(self, name, kind):
        """Folder with ``<kind>_half1.mrc`` and so on of simulate_bad.py."""
        stem = self.case(name)
        command = [sys.executable, str(self.tools / "simulate_bad.py"), str(stem)]
        return self._made(f"{stem.name}_{kind}", lambda folder: subprocess.run(
            [*command, str(folder), kind, f"--seed={31 + self.noise}"], check=True, stdout=subprocess.DEVNULL))

    def faulty(self, name, kind):
        """The inputs of a case with a fault of the half-maps; of halves that do not lie on each other the map is that of the good case."""
        folder = self.bad(name, kind)
        maps = {k: str(folder / f"{kind}_{f}.mrc") for k, f in (("half1", "half1"), ("half2", "half2"), ("full_map", "full"))}
        if kind in ("moved", "mirrored", "inverted"):
            del maps["full_map"]
        return dict(self.sources(name), **maps)

    def changed(self, name, kind):
        """The inputs of a case changed by a function of CHANGES: all maps and the model."""
        stem = self.case(name)
        folder = self._made(f"{stem.name}_{kind}", lambda work: CHANGES[kind](self, name, work))
        found = {k: folder / f"{f}.mrc" for k, f in (("half1", "half1"), ("half2", "half2"), ("full_map", "full"), ("mask", "mask"))}
        found["model"] = folder / "model.pdb"
        return dict(self.sources(name), **{k: str(p) for k, p in found.items() if p.is_file()})

    def maps(self, name):
        """Maps of a case by kind, and the voxel size (Å)."""
        found = {k: read(f"{self.case(name)}_{k}.mrc") for k in KINDS}
        return {k: data for k, (data, _) in found.items()}, found["half1"][1]

    def structure(self, name):
        """Model of a case."""
        return gemmi.read_structure(self.sources(name)["model"])


def _module(path):
    spec = importlib.util.spec_from_file_location(path.stem, str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def filament(folder, models, model, chain, radius, rise, twist, count):
    """Write copies of a chain along a helix about z that goes on through the faces of a box of ``rise * count`` (Å); its path."""
    st = gemmi.read_structure(str(models / model))
    st.remove_hydrogens()
    st.remove_waters()
    st.remove_empty_chains()
    first = next(c for c in st[0] if c.name == chain)
    xyz = np.array([a.pos.tolist() for r in first for a in r])
    centre, length = xyz.mean(axis=0), rise * count
    out = gemmi.Structure()
    out.add_model(gemmi.Model("1"))
    for i in range(count):
        angle = np.radians(twist * i)
        turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        copy = first.clone()
        copy.name = "ABCDEFGHIJ"[i]
        for residue in copy:
            atoms = np.array([a.pos.tolist() for a in residue]) - centre + (radius, 0, 0)
            atoms = atoms @ turn.T + (0, 0, rise * (i + 0.5))
            atoms[:, 2] -= np.floor(atoms[:, 2].mean() / length) * length                  # whole residues go back into the box
            for atom, p in zip(residue, atoms):
                atom.pos = gemmi.Position(*p)
        out[0].add_chain(copy)
    path = folder / "subunits.pdb"
    out.write_pdb(str(path))
    return path


# ------------------------------------------------------------------------------------------------ harmless changes
def _write_all(folder, maps, voxel, structure=None):
    for kind, data in maps.items():
        if kind != "signal":
            write(folder / f"{kind}.mrc", data, voxel)
    if structure is not None:
        structure.write_pdb(str(folder / "model.pdb"))


def _moved(structure, vector):
    for chain in structure[0]:
        for residue in chain:
            for atom in residue:
                atom.pos = gemmi.Position(*(np.array(atom.pos.tolist()) + vector))
    return structure


def _bounds(mask):
    return [(int(w[0]), int(w[-1]) + 1) for w in (np.flatnonzero(mask.max(axis=tuple(a for a in range(3) if a != i)) > 0.01)
                                                 for i in range(3))]


def off_centre(cache, name, folder):
    """The molecule moved towards a corner of the box by two thirds of the space that there is."""
    maps, voxel = cache.maps(name)
    steps = [int(0.66 * (n - high)) for n, (_, high) in zip(maps["mask"].shape, _bounds(maps["mask"]))]
    maps = {k: np.roll(d, steps, axis=(0, 1, 2)) for k, d in maps.items()}
    _write_all(folder, maps, voxel, _moved(cache.structure(name), np.array(steps[::-1]) * voxel))


def non_cubic(cache, name, folder):
    """A box cut closer along y and x, each by another amount."""
    maps, voxel = cache.maps(name)
    bounds, shape = _bounds(maps["mask"]), maps["mask"].shape
    part = (0.0, 0.3, 0.7)
    cut = [(int(p * low), n - int(p * (n - high))) for p, (low, high), n in zip(part, bounds, shape)]
    maps = {k: d[tuple(slice(*c) for c in cut)] for k, d in maps.items()}
    structure = _moved(cache.structure(name), -np.array([c[0] for c in cut][::-1]) * voxel)
    structure.cell = gemmi.UnitCell(*[n * voxel for n in maps["mask"].shape[::-1]], 90, 90, 90)
    _write_all(folder, maps, voxel, structure)


def membrane(cache, name, folder):
    """A belt of smooth density about z around the molecule, as a detergent or a nanodisc; the mask takes it in, the model does not."""
    maps, voxel = cache.maps(name)
    mask = maps["mask"]
    z, y, x = (g - c for g, c in zip(np.indices(mask.shape), scipy.ndimage.center_of_mass(mask)))
    r = np.hypot(x, y) * voxel
    outer = min(0.40 * mask.shape[0] * voxel, 40.0)
    belt = scipy.ndimage.gaussian_filter(((r < outer) & (np.abs(z) * voxel < 16)) * (1 - np.clip(mask, 0, 1)), 3.0 / voxel)
    inside = mask > 0.9
    smooth = scipy.ndimage.gaussian_filter(maps["signal"], 5.0 / voxel)
    belt *= 0.6 * smooth[inside].mean()
    there = scipy.ndimage.gaussian_filter(((r < outer + 6) & (np.abs(z) * voxel < 22)).astype(float), 2.0 / voxel)
    maps = {k: np.maximum(d, there) if k == "mask" else d + belt for k, d in maps.items()}
    _write_all(folder, maps, voxel)


# ------------------------------------------------------------------------------------------------ faults of maps and models
def wrong_hand(cache, name, folder):
    """All maps mirrored along x about the middle of the box; the model stays."""
    maps, voxel = cache.maps(name)
    even = maps["mask"].shape[2] % 2 == 0
    _write_all(folder, {k: np.roll(d[:, :, ::-1], 1 if even else 0, axis=2) for k, d in maps.items()}, voxel)


def shifted_model(cache, name, folder):
    """The model moved by 1 Å."""
    _moved(cache.structure(name), np.array([1.0, 1.0, -1.0]) / np.sqrt(3)).write_pdb(str(folder / "model.pdb"))


def wrong_model(cache, name, folder):
    """Another molecule in the place of the model."""
    other = cache.structure("ferritin80" if "ferritin" not in name else "haemoglobin84")
    places = [np.mean([a.pos.tolist() for c in st[0] for r in c for a in r], axis=0) for st in (cache.structure(name), other)]
    _moved(other, places[0] - places[1])
    other.cell = cache.structure(name).cell
    other.write_pdb(str(folder / "model.pdb"))


def register_error(cache, name, folder):
    """Each residue of the chains built one place further: its atoms laid on N, CA and C of the next one."""
    structure = cache.structure(name)
    for chain in structure[0]:
        residues = [r for r in chain if all(r.find_atom(n, "*") for n in ("N", "CA", "C"))]
        old = [[gemmi.Position(r.find_atom(n, "*").pos) for n in ("N", "CA", "C")] for r in residues]
        for residue, here, there in zip(residues, old, old[1:]):
            move = gemmi.superpose_positions(there, here).transform
            for atom in residue:
                atom.pos = gemmi.Position(move.apply(atom.pos))
    structure.write_pdb(str(folder / "model.pdb"))


CHANGES = {"off_centre": off_centre, "non_cubic": non_cubic, "membrane": membrane, "wrong_hand": wrong_hand,
           "shifted_model": shifted_model, "wrong_model": wrong_model, "register_error": register_error}


def contour_level(cache, name, part):
    """Level above which the full map holds ``part`` times the volume of the model's atoms (1.21 Å³/Da)."""
    full, voxel = read(f"{cache.case(name)}_full.mrc")
    mass = sum(a.element.weight for c in cache.structure(name)[0] for r in c for a in r) * 1.07        # hydrogens are not in the file
    count = int(part * 1.21 * mass / voxel ** 3)
    return float(np.partition(full.ravel(), full.size - count)[full.size - count])
