"""Particles on disk: what RELION (3.1 and later) and cryoSPARC know of each image. The images themselves are not read."""
from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ..errors import FormatError, InputError
from . import cs, ranges
from .reading import reader
from .star import StarTable, read_star

_OF_OPTICS = {"pixel_size": "rlnImagePixelSize", "box": "rlnImageSize", "voltage": "rlnVoltage",
              "spherical_aberration": "rlnSphericalAberration", "amplitude_contrast": "rlnAmplitudeContrast"}
_OF_PARTICLES = {"defocus_u": "rlnDefocusU", "defocus_v": "rlnDefocusV", "defocus_angle": "rlnDefocusAngle", "phase_shift": "rlnPhaseShift"}
_ANGLES = ("rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi")
_SHIFTS = ("rlnOriginXAngst", "rlnOriginYAngst")
_OF_CTF = {"voltage": "accel_kv", "spherical_aberration": "cs_mm", "amplitude_contrast": "amp_contrast", "defocus_u": "df1_A",
           "defocus_v": "df2_A", "defocus_angle": "df_angle_rad", "phase_shift": "phase_shift_rad"}
_IN_RADIANS = ("defocus_angle", "phase_shift")


@dataclass(frozen=True)
class Particles:
    """Particle images: where they are, how they lie, and the CTF they were taken with.

    What the file does not tell is None. RELION's conventions: a rotation is Rz(psi) Ry(tilt) Rz(rot) from the map to the image, and the
    centre of the particle lies at the middle of the image minus the shift.

    Parameters
    ----------
    image
        Number and stack of each image, ``000001@stack.mrcs`` counted from 1, str [n].
    pixel_size, box
        Å, float64 [n], and edge in pixels, int64 [n].
    angles, shifts
        rot, tilt and psi in degrees, float64 [n, 3]; x and y in Å, float64 [n, 2].
    half
        Half of the data, 1 or 2, and 0 for neither, int64 [n].
    optics_group, micrograph
        Number of the group, int64 [n]; name of the micrograph, str [n].
    defocus_u, defocus_v, defocus_angle, phase_shift
        Largest and smallest defocus in Å, positive for underfocus; angle of the first and phase shift in degrees; float64 [n] each.
    voltage, spherical_aberration, amplitude_contrast
        kV, mm, and a part of 1, float64 [n] each.
    program
        ``RELION`` or ``cryoSPARC``.
    path, warnings
        The file, and sentences about what to check in it.
    """

    image: np.ndarray
    pixel_size: np.ndarray
    box: np.ndarray
    angles: Optional[np.ndarray] = None
    shifts: Optional[np.ndarray] = None
    half: Optional[np.ndarray] = None
    optics_group: Optional[np.ndarray] = None
    micrograph: Optional[np.ndarray] = None
    defocus_u: Optional[np.ndarray] = None
    defocus_v: Optional[np.ndarray] = None
    defocus_angle: Optional[np.ndarray] = None
    phase_shift: Optional[np.ndarray] = None
    voltage: Optional[np.ndarray] = None
    spherical_aberration: Optional[np.ndarray] = None
    amplitude_contrast: Optional[np.ndarray] = None
    program: str = ""
    path: Optional[str] = None
    warnings: Tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.image)

    @property
    def data(self) -> np.ndarray:
        """All numbers of the particles, a row each, float64 [n, m]."""
        columns = [v for v in self._fields().values() if isinstance(v, np.ndarray) and v.dtype.kind in "if"]
        return np.column_stack([c.astype(np.float64) for c in columns])

    def rotations(self) -> np.ndarray:
        """Matrices from the map to the image, float64 [n, 3, 3]; the last row of each is the direction of view in the map."""
        from scipy.spatial.transform import Rotation
        if self.angles is None:
            raise InputError(f"The particles of {self.path} have no angles; give those of a refinement.")
        return Rotation.from_euler("ZYZ", self.angles, degrees=True).as_matrix().transpose(0, 2, 1)

    def select(self, which: np.ndarray) -> Particles:
        """Some of the particles: ``which`` as for an array, a mask or numbers of rows."""
        return Particles(**{n: v[which] if isinstance(v, np.ndarray) else v for n, v in self._fields().items()})

    def _fields(self) -> Dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


@reader("particles", "give a STAR file of RELION 3.1 or later, or a .cs file of cryoSPARC", "STAR", ".cs")
def read_particles(path: str) -> Particles:
    """What a STAR file of RELION 3.1 or later, or a ``.cs`` file of cryoSPARC, knows of particles.

    Parameters
    ----------
    path
        ``run_data.star``, ``particles.star``, ``J42_particles.cs``, ...; the content tells which it is.

    Notes
    -----
    cryoSPARC's ``alignments3D/pose`` is the rotation vector from the image to the map, its shift is in pixels of
    ``alignments3D/psize_A``, its angles are in radians. What a job passes through lies in a second file (``..._passthrough_particles.cs``),
    without which a file may know no CTF.

    Raises
    ------
    InputError
        The file cannot be read.
    FormatError
        It holds no particles, is of RELION before 3.1, or a column has values that are no numbers.

    References
    ----------
    Scheres (2012), https://doi.org/10.1016/j.jsb.2012.09.006 (RELION); Punjani et al. (2017), https://doi.org/10.1038/nmeth.4169
    (cryoSPARC).
    """
    with open(path, "rb") as stream:
        binary = stream.read(1) in (b"\x93", b"\x95")
    known, program = (_of_cs(path), "cryoSPARC") if binary else (_of_star(path), "RELION")
    for name, (limits, unit) in ranges.PARTICLE.items():
        values = known.get(name, np.zeros(0))
        wrong = np.argwhere(~((values >= limits[0]) & (values <= limits[1])))
        if len(wrong):
            raise FormatError(f"Particle {wrong[0][0] + 1} of {path} has {float(values[tuple(wrong[0])]):g}{unit and ' ' + unit} for the "
                              f"{name.replace('_', ' ')}; it must be {ranges.shown(limits, unit)}. Write the file again.")
    return Particles(**known, program=program, path=path, warnings=tuple(_notes(known)))


def _notes(known: Dict[str, np.ndarray]) -> List[str]:
    out = []
    if "angles" not in known:
        out.append("The particles have no angles, so that their orientations are unknown; give those of a refinement.")
    if "defocus_u" not in known:
        out.append("The particles have no defocus; give a file with the CTF.")
    sizes, boxes = np.unique(known["pixel_size"].round(5)), np.unique(known["box"])
    for values, what in ((sizes, "pixels of {} Å"), (boxes, "boxes of {} pixels")):
        if len(values) > 1:
            out.append("The particles have " + what.format(", ".join(f"{v:g}" for v in values)) + ": their optics groups differ.")
    halves = known.get("half")
    if halves is not None and not np.isin((1, 2), halves).all():
        out.append("All particles are in one half of the data, so that the halves are not independent; give those of a refinement in "
                   "two halves.")
    return out


# ---------------------------------------------------------------- RELION

def _of_star(path: str) -> Dict[str, np.ndarray]:
    tables = read_star(path, ("optics", "particles", ""))
    optics, particles = tables.get("optics"), tables.get("particles")
    if optics is None or particles is None or "rlnImageName" not in particles.columns or not len(particles):
        old = "" in tables and "rlnImageName" in tables[""].columns
        what = ("is of RELION before 3.1, without optics groups; convert it with relion_convert_star" if old else
                "holds no particles (tables 'optics' and 'particles' with images); give the particles of RELION")
        raise FormatError(f"The file {path} {what}.")
    missing = [label for name, label in _OF_OPTICS.items() if name in ("pixel_size", "box") and label not in optics.columns]
    if missing or "rlnOpticsGroup" not in optics.columns or "rlnOpticsGroup" not in particles.columns:
        raise FormatError(f"The file {path} has no column _{(missing or ['rlnOpticsGroup'])[0]}; give the particles as RELION wrote them.")
    group = _floats(particles, ("rlnOpticsGroup",))[:, 0].astype(np.int64)
    at = _rows_of_groups(optics, group, path)
    known: Dict[str, np.ndarray] = {"image": particles.columns["rlnImageName"].astype(str), "optics_group": group}
    for name, label in _OF_OPTICS.items():
        if label in optics.columns:
            known[name] = _floats(optics, (label,))[at, 0]
    for name, label in _OF_PARTICLES.items():
        if label in particles.columns:
            known[name] = _floats(particles, (label,))[:, 0]
    for name, labels in (("angles", _ANGLES), ("shifts", _SHIFTS)):
        if all(label in particles.columns for label in labels):
            known[name] = _floats(particles, labels)
    if "rlnRandomSubset" in particles.columns:
        known["half"] = _floats(particles, ("rlnRandomSubset",))[:, 0].astype(np.int64)
    if "rlnMicrographName" in particles.columns:
        known["micrograph"] = particles.columns["rlnMicrographName"].astype(str)
    known["box"] = known["box"].astype(np.int64)
    return known


def _rows_of_groups(optics: StarTable, group: np.ndarray, path: str) -> np.ndarray:
    """Row of the table of optics groups for each particle, int64 [n]."""
    numbers = _floats(optics, ("rlnOpticsGroup",))[:, 0].astype(np.int64)
    order = np.argsort(numbers, kind="stable")
    at = order[np.clip(np.searchsorted(numbers[order], group), 0, len(numbers) - 1)]
    wrong = np.flatnonzero(numbers[at] != group)
    if wrong.size:
        raise FormatError(f"The file {path} has {wrong.size} particles of optics group {group[wrong[0]]}, which it does not describe "
                          f"(it has {', '.join(str(n) for n in numbers)}); write it again with all groups.")
    return at


def _floats(table: StarTable, labels: Tuple[str, ...]) -> np.ndarray:
    """Columns of finite numbers of a table, float64 [n, m]."""
    return np.column_stack([table.numbers(label, finite=True) for label in labels])


# ---------------------------------------------------------------- cryoSPARC

def _of_cs(path: str) -> Dict[str, np.ndarray]:
    from scipy.spatial.transform import Rotation
    data = cs.read_cs(path)
    names = data.dtype.names
    if not {"blob/path", "blob/idx", "blob/shape", "blob/psize_A"} <= set(names) or not len(data):
        other = os.path.basename(path).replace("particles", "passthrough_particles")
        raise FormatError(f"The file {path} holds no images of particles (columns blob/path, blob/shape, ...); give the one of the same "
                          f"job that does, such as {other}.")
    stacks = cs.column(data, "blob/path")

    def numbers(name: str, width: int = 0) -> np.ndarray:
        return cs.numbers(data, name, path, width)

    known: Dict[str, np.ndarray] = {
        "image": np.char.add(np.char.zfill((numbers("blob/idx").astype(np.int64) + 1).astype(str), 6), np.char.add("@", stacks)),
        "pixel_size": _rounded(numbers("blob/psize_A")), "box": numbers("blob/shape", 2)[:, 0].astype(np.int64)}
    for name, label in _OF_CTF.items():
        if "ctf/" + label in names:
            values = _rounded(numbers("ctf/" + label))
            known[name] = np.rad2deg(values) if name in _IN_RADIANS else values
    if "ctf/exp_group_id" in names:
        known["optics_group"] = numbers("ctf/exp_group_id").astype(np.int64)
    if "location/micrograph_path" in names:
        known["micrograph"] = cs.column(data, "location/micrograph_path")
    fit = next((f for f in ("alignments3D", "alignments2D") if f + "/shift" in names), None)
    if fit is not None:
        size = numbers(fit + "/psize_A" if fit + "/psize_A" in names else "blob/psize_A")
        known["shifts"] = numbers(fit + "/shift", 2).astype(np.float64) * _rounded(size)[:, None]
    if "alignments3D/pose" in names:
        # of views along z, where rot and psi are one angle, scipy says "Gimbal lock": any split will do
        known["angles"] = Rotation.from_rotvec(numbers("alignments3D/pose", 3).astype(np.float64)).as_euler("ZYZ", degrees=True)
    if "alignments3D/split" in names:
        known["half"] = numbers("alignments3D/split").astype(np.int64) + 1
    return known


def _rounded(values: Any) -> np.ndarray:
    """float32 as the float64 of the same decimals: 1.0273438 and not 1.0273437500."""
    return np.char.mod("%.7g", values).astype(np.float64) if values.dtype == np.float32 else np.asarray(values, dtype=np.float64)
