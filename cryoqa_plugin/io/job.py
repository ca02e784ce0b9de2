"""What a job folder of RELION or cryoSPARC gives: files by kind, curves, voxel size, and what is odd about them."""
from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ..errors import CryoqaError, InputError
from . import ranges
from .maps import read_header

Curve = Tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Body:
    """One body of a multi-body refinement; ``number`` counts from 1, paths are None where there is no file."""

    number: int
    name: str
    full_map: Optional[str] = None
    half1: Optional[str] = None
    half2: Optional[str] = None
    mask: Optional[str] = None


@dataclass(frozen=True)
class Job:
    """A job folder, read.

    ``program`` is ``RELION`` or ``cryoSPARC``; ``kind`` the sort of job in the program's words; ``label`` what a user
    calls it (``Refine3D/job029``, ``P9 J209``); ``iteration`` None when the job finished; ``filtered`` tells half-maps that
    the refinement filtered, whose FSC means nothing. ``fsc`` maps names
    (``unmasked``, ``masked``, ``phase_randomised``, ``corrected``, ``refinement``, ``spherical``, ``loose``, ``tight``)
    to (freq in 1/Å, correlation), float64 of shape (n,). Voxel sizes and ``resolution`` are in Å; what the program says
    may differ from the header of the first map (then there is a warning).
    """

    folder: str
    program: str
    kind: str
    label: str
    version: str = ""
    iteration: Optional[int] = None
    full_map: Optional[str] = None
    half1: Optional[str] = None
    half2: Optional[str] = None
    mask: Optional[str] = None
    sharpened: Optional[str] = None
    local_resolution: Optional[str] = None
    filtered: bool = False
    other_masks: Dict[str, str] = field(default_factory=dict)
    bodies: Tuple[Body, ...] = ()
    body: int = 0
    fsc: Dict[str, Curve] = field(default_factory=dict)
    program_voxel_size: Optional[float] = None
    header_voxel_size: Optional[float] = None
    box: Optional[int] = None
    resolution: Optional[float] = None
    warnings: Tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The folder, by the name that all inputs have."""
        return self.folder

    @property
    def voxel_size(self) -> Optional[float]:
        """Voxel size in Å: what the program says, else that of the header."""
        return self.program_voxel_size or self.header_voxel_size

    def files(self) -> Dict[str, str]:
        """Every map and mask that was found, by kind; the kinds of input first."""
        names = ("full_map", "half1", "half2", "mask", "sharpened", "local_resolution")
        out = {n: getattr(self, n) for n in names if getattr(self, n)}
        out.update(self.other_masks)
        return out

    def sources(self) -> Dict[str, str]:
        """The inputs that a capability can take, by kind: full_map, half1, half2, mask, resolution_map."""
        kinds = {"full_map": "full_map", "half1": "half1", "half2": "half2", "mask": "mask", "local_resolution": "resolution_map"}
        found = self.files()
        return {kind: found[name] for name, kind in kinds.items() if name in found}

    def select(self, number: int) -> "Job":
        """The same job with the files of one body in front; 0 gives the job as it is."""
        if number == 0:
            return self
        found = [b for b in self.bodies if b.number == number]
        if not found:
            have = f"the bodies are {', '.join(str(b.number) for b in self.bodies)}" if self.bodies else "the job has no bodies, use 0"
            raise InputError(f"There is no body {number} in {self.folder}; {have}.")
        body = found[0]
        curves = {k: c for k, c in self.fsc.items() if not k.startswith("body")}
        own = self.fsc.get(f"body{number:03d}")
        if own is not None:
            curves = {"refinement": own}
        return replace(self, full_map=body.full_map, half1=body.half1, half2=body.half2, mask=body.mask, body=number, fsc=curves)

    def missing(self) -> List[str]:
        """Sentences on the inputs that a job of this kind should have and that are not there."""
        out = []
        lone = self.kind == "MaskCreate" or bool(self.local_resolution and not self.half1)     # it works on the maps of another job
        if not (self.half1 and self.half2) and not lone:
            out.append(f"No pair of half-maps was found in {self.folder} ({self.program} {self.kind}); copy them from where the job ran.")
        if not self.full_map and not lone:
            out.append(f"No full map was found in {self.folder} ({self.program} {self.kind}); the mean of the half-maps can stand in.")
        if not self.mask:
            out.append(f"No mask was found for {self.label} ({self.program} {self.kind}); give one, or make one with 'cryoqa mask'.")
        return out


def check_voxel_size(job: Job, said: Optional[float], said_by: str, length: Optional[float] = None) -> Job:
    """The job with its voxel size: what the program says against the header of the first map.

    ``said`` is the voxel size in Å that the file ``said_by`` gives; ``length`` the edge of the box in Å it gives
    instead, to be divided by the box of the header. A header that disagrees by more than 0.2 % adds a warning.
    """
    header, warnings = None, list(job.warnings)
    for path in (job.half1, job.full_map, job.mask, job.local_resolution):
        if path and header is None:
            try:
                header = read_header(path, voxel_size_known=said is not None or length is not None)
            except CryoqaError as error:
                warnings.append(str(error))
    shown = float(header.voxel_size[0]) if header else None
    box = header.shape[2] if header else job.box
    if said is None and length and box:
        said = length / box
    if said is not None and not ranges.within(said, ranges.VOXEL_SIZE):
        warnings.append(f"{os.path.basename(said_by)} says voxels of {said:.5g} Å, but a voxel is {ranges.shown(ranges.VOXEL_SIZE)}; "
                        "that of the header is taken.")
        said = None
    if said and header and shown and abs(said - shown) > 2e-3 * said:
        warnings.append(f"{os.path.basename(said_by)} says voxels of {said:.5g} Å but the header of {header.path} says {shown:.5g} Å; "
                        "the first is taken, give the voxel size when the second is right.")
    return replace(job, program_voxel_size=said, header_voxel_size=shown, box=box, warnings=tuple(warnings))


def curve(freq: Any, values: Any, path: str) -> Curve:
    """A curve of a file as two float64 arrays, without the rows that are not finite; :class:`FormatError` for values that cannot be."""
    x, y = np.asarray(freq, dtype=np.float64), np.asarray(values, dtype=np.float64)
    good = np.isfinite(x) & np.isfinite(y)
    ranges.require_curve(x[good], y[good], path)
    return x[good], y[good]
