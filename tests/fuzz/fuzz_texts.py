"""Files beside maps: models, STAR files and job folders of RELION, those of cryoSPARC, XML of EMDB, sequences and map coefficients."""
from __future__ import annotations

import bz2
import gzip
import math
from pathlib import Path
from typing import Any, List, Tuple

import numpy as np
from fuzz_damage import BYTES, NUMBERS, TEXT, damaged, encoded, pick
from fuzz_harness import Case, Kind, Run, Seeds, Wrong, compute, reading
from fuzz_seeds import cryosparc_job, relion_project

FARTHEST, MOST_B = 1e5, 1e5                                  # Å and Å²; no atom has more
MOST_VOXEL = 200.0                                           # Å


def _finite(values: Any, what: str, most: float = math.inf) -> None:
    """All numbers are finite, and no larger than any can be."""
    array = np.asarray(values, dtype=np.float64).ravel()
    odd = array[~(np.abs(array) <= most) | ~np.isfinite(array)]
    if odd.size:
        raise Wrong(f"{what} is {odd[0]:g}")


# ---------------------------------------------------------------- 5: models

def model(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """A PDB or mmCIF file with other numbers, columns or lines."""
    cif = rng.random() < 0.5
    content = seeds.bytes("small.cif" if cif else "small.pdb")
    if rng.random() < 0.5:
        content, said = _other_atom(rng, content, cif)
    else:
        content, said = damaged(rng, content, TEXT)
    name = "mutated" + str(pick(rng, (".cif", ".pdb", ".ent"))) if rng.random() < 0.2 else f"mutated.{'cif' if cif else 'pdb'}"
    if rng.random() < 0.1:
        pack = pick(rng, (gzip.compress, bz2.compress))
        content, more = damaged(rng, pack(content), BYTES)
        name, said = name + (".gz" if pack is gzip.compress else ".bz2"), f"{said}; packed; {more}"
    path = folder / name
    path.write_bytes(content)
    if rng.random() < 0.5:
        kept: List[Any] = []
        return Case(said, reading(lambda: _model(path), kept.append), name, "", lambda run: _check_model(kept[0], content, seeds))
    command = str(pick(rng, ("contour", "contour", "mask", "model-fit")))
    return Case(f"{command}: {said}", compute(folder, command, "--map", seeds.files["full_map.mrc"], "--model", path), name)


def _model(path: Path) -> Any:
    from cryoqa_plugin.io.models import read_model
    return read_model(str(path))


def _other_atom(rng: np.random.Generator, content: bytes, cif: bool) -> Tuple[bytes, str]:
    """One value of one atom, or of all atoms, becomes another."""
    rows = content.split(b"\n")
    atoms = [i for i, row in enumerate(rows) if row.startswith((b"ATOM", b"HETATM"))]
    chosen = atoms if rng.random() < 0.2 else [atoms[int(rng.integers(len(atoms)))]]
    text = encoded(str(pick(rng, NUMBERS)))
    if cif:
        column = int(rng.integers(0, len(rows[atoms[0]].split())))
        for i in chosen:
            words = rows[i].split()
            words[column] = text or b"?"
            rows[i] = b" ".join(words)
        return b"\n".join(rows), f"value {column} of {len(chosen)} atoms became {text!r}"
    first, last = pick(rng, ((30, 38), (38, 46), (46, 54), (54, 60), (60, 66), (76, 78), (6, 11), (22, 26), (12, 16), (16, 17), (21, 22)))
    for i in chosen:
        rows[i] = rows[i][:first] + text.rjust(last - first)[:last - first] + rows[i][last:]
    return b"\n".join(rows), f"columns {first} to {last} of {len(chosen)} atoms became {text!r}"


def _check_model(found: Any, content: bytes, seeds: Seeds) -> None:
    """Positions and B-factors are possible; positions that are those of the seed stay at their place."""
    _finite(found.xyz, "a coordinate", FARTHEST)
    _finite(found.b_iso, "a B-factor", MOST_B)
    _finite(found.occupancy, "an occupancy", 1e3)
    known = {tuple(p) for p in np.round(seeds.facts["xyz"], 2)}
    same = sum(tuple(p) in known for p in np.round(found.xyz, 2))
    if b"ATOM" in content and found.n_atoms == seeds.facts["atoms"] and not found.warnings and same < 0.5 * found.n_atoms:
        original = sum(all(f"{v:.3f}".encode() in content for v in p) for p in seeds.facts["xyz"])
        if original > 0.9 * found.n_atoms:
            raise Wrong(f"only {same} of {found.n_atoms} atoms are where the file has them")


# ---------------------------------------------------------------- 6: STAR files and RELION jobs

def star(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """A STAR file of a RELION job, an MTF, an FSC curve, or particles."""
    what = str(pick(rng, ("job", "job", "mtf", "fsc_curve", "fsc_curve", "particles", "symmetry")))
    if what == "job":
        return _relion_job(rng, folder, seeds)
    source = {"mtf": "mtf.star", "particles": "particles.star", "symmetry": str(pick(rng, ("c4.sym", "biomt.pdb"))),
              "fsc_curve": str(pick(rng, ("postprocess.star", "fsc.txt", "fsc.xml", "model.star")))}[what]
    content, said = damaged(rng, seeds.bytes(source), TEXT)
    path = folder / ("mutated" + Path(source).suffix)
    path.write_bytes(content)
    if what in ("mtf", "fsc_curve") and rng.random() < 0.4:
        command = "fsc" if what == "mtf" else str(pick(rng, ("guinier", "postprocess")))
        words = ["--half1", seeds.files["half1.mrc"], "--half2", seeds.files["half2.mrc"], "--" + what.replace("_", "-"), path]
        return Case(f"{command}, {source}: {said}", compute(folder, command, *words), path.name)
    kept: List[Any] = []
    check = {"mtf": _check_mtf, "fsc_curve": _check_fsc, "particles": _check_particles, "symmetry": _check_symmetry}[what]
    return Case(f"{source}: {said}", reading(lambda: _input(what, path), kept.append), path.name, "", lambda run: check(kept[0]))


def _input(kind: str, path: Path) -> Any:
    from cryoqa_plugin.io.inputs import KINDS
    return KINDS[kind].read(str(path))


def _check_mtf(found: Any) -> None:
    _finite(found.frequency, "a frequency of the MTF", 10)
    _finite(found.values, "a value of the MTF", 1e3)
    if (found.values <= 0).any() or (np.diff(found.frequency) < 0).any():
        raise Wrong("the MTF falls back or is not positive")


def _check_fsc(found: Any) -> None:
    _finite(found.frequency, "a frequency of the FSC", 10)
    _finite(found.values, "a value of the FSC", 1.001)
    if (np.diff(found.frequency) < 0).any() or (found.frequency < 0).any():
        raise Wrong("the frequencies of the FSC fall or are negative")


def _check_particles(found: Any) -> None:
    _finite(found.data, "a number of the particles", 1e12)
    if not ((found.pixel_size > 0) & (found.pixel_size < MOST_VOXEL)).all() or not ((found.box > 0) & (found.box < 1e5)).all():
        raise Wrong(f"pixels of {found.pixel_size.min():g} to {found.pixel_size.max():g} Å, boxes to {found.box.max()}")
    if found.half is not None and not np.isin(found.half, (0, 1, 2)).all():
        raise Wrong(f"halves {np.unique(found.half)}")


def _check_symmetry(found: Any) -> None:
    _finite(found.operators, "an operator", FARTHEST)
    rotations = found.operators[:, :, :3]
    if not np.allclose(np.einsum("nij,nkj->nik", rotations, rotations), np.eye(3), atol=0.02):
        raise Wrong("an operator is no rotation")


def _relion_job(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """One of the files of a project is damaged; the job is imported."""
    top = relion_project(seeds, folder / "project")
    job = top / str(pick(rng, ("Refine3D/job019", "PostProcess/job021")))
    if rng.random() < 0.25:
        return _imported(folder, job, _disordered(rng, top))
    path = pick(rng, sorted(job.glob("*.star")))
    content, said = damaged(rng, path.read_bytes(), TEXT)
    path.write_bytes(content)
    return _imported(folder, job, f"{path.name} of {job.name}: {said}")


def _disordered(rng: np.random.Generator, top: Path) -> str:
    """Files of a project are gone, empty, cut, or under the name of another."""
    files = [p for p in sorted(top.rglob("*")) if p.is_file()]
    said = []
    for _ in range(int(rng.integers(1, 4))):
        path, other = (pick(rng, [p for p in files if p.exists()]) for _ in range(2))
        how = str(pick(rng, ("gone", "empty", "cut", "renamed")))
        if how == "gone":
            path.unlink()
        elif how == "renamed":
            path.replace(path.with_name(other.name))
        else:
            path.write_bytes(path.read_bytes()[:0 if how == "empty" else int(rng.integers(1, 2000))])
        said.append(f"{path.name} is {how}")
    return "; ".join(said)


def _imported(folder: Path, job: Path, said: str) -> Case:
    def check(run: Run) -> None:
        metrics = {n: e["value"] for n, e in run.document["metrics"].items()}
        for name, value in metrics.items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                most = MOST_VOXEL if "voxel" in name else 1e5
                if not (math.isfinite(value) and -1e5 <= value <= most) or ("voxel" in name or "resolution" in name) and value <= 0:
                    raise Wrong(f"{name} is {value}")
        for name, curve in run.document.get("curves", {}).items():
            _finite([v for v in curve["x"] if v is not None], f"the x of {name}", 1e4)
            _finite([v for v in curve["y"] if v is not None], f"the curve {name}", 1.5)

    return Case(said, compute(folder, "import-job", "--job", job), job.name, "", check)


# ---------------------------------------------------------------- 7: cryoSPARC

def cryosparc(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """One of cryoSPARC's own files is damaged: .cs, .csg, job.json, FSC table."""
    if rng.random() < 0.2:
        content, said = damaged(rng, seeds.bytes("J42_particles.cs"), BYTES)
        path = folder / "mutated.cs"
        path.write_bytes(content)
        kept: List[Any] = []
        return Case(f"particles: {said}", reading(lambda: _input("particles", path), kept.append), path.name, "",
                    lambda run: _check_particles(kept[0]))
    job = cryosparc_job(seeds, folder / "P3")
    if rng.random() < 0.2:
        return _imported(folder, job, _disordered(rng, job))
    path = pick(rng, sorted(p for p in job.iterdir() if p.suffix != ".mrc"))
    if path.suffix == ".cs" and rng.random() < 0.4:
        content, said = _other_value(rng, path)
    else:
        content, said = damaged(rng, path.read_bytes(), BYTES if path.suffix == ".cs" else TEXT)
    path.write_bytes(content)
    return _imported(folder, job, f"{path.name}: {said}")


def _other_value(rng: np.random.Generator, path: Path) -> Tuple[bytes, str]:
    """A .cs file with another value, type or shape of one column."""
    import io
    data = np.load(path)
    name = str(pick(rng, data.dtype.names))
    how = str(pick(rng, ("value", "text", "object", "empty", "plain", "lost")))
    if how == "value" and data[name].dtype.kind in "fu":
        value = pick(rng, (math.nan, math.inf, -1.0, 0.0, 1e30) if data[name].dtype.kind == "f" else (0, 2 ** 32 - 1))
        data[name] = value
        said = f"{name} = {value}"
    elif how == "text":
        data = _with_column(data, name, "S9", b"\xff\xfe nine")
        said = f"{name} is text that is none"
    elif how == "empty":
        data, said = data[:0], "no rows"
    elif how == "plain":
        data, said = np.arange(5.0), "a plain array"
    elif how == "object":
        data, said = np.array([{"a": 1}], dtype=object), "an object, pickled"
    else:
        data, said = data[[n for n in data.dtype.names if n != name]].copy(), f"without {name}"
    stream = io.BytesIO()
    np.save(stream, data, allow_pickle=True)
    return stream.getvalue(), said


def _with_column(data: np.ndarray, name: str, kind: str, value: Any) -> np.ndarray:
    types = [(n, kind) if n == name else (n, data.dtype[n]) for n in data.dtype.names]
    out = np.zeros(data.shape, dtype=types)
    for n in data.dtype.names:
        out[n] = value if n == name else data[n]
    return out


# ---------------------------------------------------------------- 8: XML of EMDB

_GROWN = b'<!DOCTYPE a [<!ENTITY x "%b"><!ENTITY y "%b"><!ENTITY z "%b">]><fsc><coordinate><x>&z;</x><y>1</y></coordinate></fsc>'
ATTACKS = (_GROWN % (b"A" * 1000, b"&x;" * 1000, b"&y;" * 1000), b'<?xml version="1.0" encoding="no-such"?><emd/>',
           b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><emd><admin><title>&x;</title></admin></emd>',
           b'<?xml version="1.0" encoding="utf-16"?><emd/>', b'<?xml version="9"?><emd/>')


def xml(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """The header of an entry, or an FSC, in XML."""
    is_header = rng.random() < 0.5
    content, said = damaged(rng, seeds.bytes("header.xml" if is_header else "fsc.xml"), TEXT)
    if rng.random() < 0.1:
        content = pick(rng, ATTACKS)
        said = f"replaced by {content[:60]!r}"
    if not is_header and rng.random() < 0.4:
        job = cryosparc_job(seeds, folder / "P3")
        (job / "P3_J42_fsc_iteration_010.txt").unlink()
        (job / "J42_fsc.xml").write_bytes(content)
        return _imported(folder, job, f"J42_fsc.xml: {said}")
    path = folder / "mutated.xml"
    path.write_bytes(content)
    kept: List[Any] = []
    if is_header:
        return Case(said, reading(lambda: _header(path), kept.append), path.name, "", lambda run: _check_header(kept[0]))
    return Case(said, reading(lambda: _input("fsc_curve", path), kept.append), path.name, "", lambda run: _check_fsc(kept[0]))


def _header(path: Path) -> Any:
    from cryoqa_plugin.io.emdb_xml import read_header_xml
    return read_header_xml(str(path))


def _check_header(found: Any) -> None:
    for name, most in (("resolution", 1e3), ("contour", 1e30), ("voxel_size", MOST_VOXEL), ("shape", 65536)):
        value = getattr(found, name)
        if value is not None:
            _finite(value, f"the {name} of the header", most)
            if name != "contour" and np.min(value) <= 0:
                raise Wrong(f"the {name} of the header is {value}")


# ---------------------------------------------------------------- part of 11: sequences and map coefficients

def sequence(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """A FASTA file; the mass is that of the letters that are read."""
    content, said = damaged(rng, seeds.bytes("seq.fasta"), TEXT)
    path = folder / "mutated.fasta"
    path.write_bytes(content)
    if rng.random() < 0.3:
        return Case(f"contour: {said}", compute(folder, "contour", "--map", seeds.files["full_map.mrc"], "--sequence", path), path.name)
    kept: List[Any] = []

    def check(run: Run) -> None:
        found = kept[0]
        letters = sum(len(c) for c in found.chains)
        _finite(found.mass, "the mass")
        if not 50 * letters <= found.mass <= 400 * letters + 100 * len(found.chains) or letters > len(content):
            raise Wrong(f"{letters} letters of {found.mass:.0f} Da in a file of {len(content)} bytes")

    return Case(said, reading(lambda: _input("sequence", path), kept.append), path.name, "", check)


def coefficients(rng: np.random.Generator, folder: Path, seeds: Seeds) -> Case:
    """An MTZ file."""
    content, said = damaged(rng, seeds.bytes("map.mtz"), BYTES)
    path = folder / "mutated.mtz"
    path.write_bytes(content)
    kept: List[Any] = []

    def check(run: Run) -> None:
        found = kept[0]
        _finite(found.voxel_size, "a voxel size", MOST_VOXEL)
        _finite(found.data, "a voxel")
        if min(found.voxel_size) <= 0.01:
            raise Wrong(f"voxels of {found.voxel_size} Å")

    return Case(said, reading(lambda: _input("map_coefficients", path), kept.append), path.name, "", check)


KINDS: Tuple[Kind, ...] = (
    Kind("model", model, ("contour", "mask", "model_fit"), 3), Kind("star", star, ("fsc", "guinier", "postprocess"), 3),
    Kind("cryosparc", cryosparc, (), 2), Kind("xml", xml, (), 2), Kind("sequence", sequence, ("contour",)),
    Kind("coefficients", coefficients))
