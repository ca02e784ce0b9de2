"""What a job folder of RELION or cryoSPARC holds: files, FSC curves, voxel size, resolution. Nothing is copied."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional, Tuple

from ...errors import CryoqaError
from ...io.inputs import require
from ...io.job import Job
from ...io.maps import read_header
from ...params import param
from ...progress import Progress, silent
from ...results import Curve, Result, Table, curve, metric, table
from ...study import Study

_LABELS = {"full_map": "full map", "half1": "half-map 1", "half2": "half-map 2", "mask": "mask", "sharpened": "sharpened map",
           "local_resolution": "local resolution"}
_CURVES = {"fsc_unmasked": ("unmasked",), "fsc_spherical": ("spherical",), "fsc_loose": ("loose",), "fsc_masked": ("tight", "masked"),
           "fsc_phase_randomised": ("phase_randomised",), "fsc_true": ("corrected",), "fsc_refinement": ("refinement",)}


@dataclass(frozen=True)
class ImportJobParams:
    """Which body of a multi-body refinement."""

    body: int = param(0, "Number of the body of a multi-body refinement, from 1; 0 takes the whole, or the first body.",
                      label="Body", min=0)


def _fsc(meaning: str) -> Any:
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label="FSC", output="outputFSCs")


@dataclass(frozen=True)
class ImportJobResult(Result):
    """What was found, where, and what the program says of it."""

    schema: ClassVar[str] = "cryoqa/import_job/1"

    program: Optional[str] = metric("", "program that wrote the folder: RELION or cryoSPARC", "none")
    job_kind: Optional[str] = metric("", "sort of job, in the program's words", "none")
    job_label: Optional[str] = metric("", "name of the job", "none")
    version: Optional[str] = metric("", "version of the program, where the folder names it", "none")
    finished: Optional[bool] = metric("", "whether the job ran to its end", "none")
    iteration: Optional[int] = metric("", "iteration that the maps are of, when the job did not finish", "none")
    has_half_maps: Optional[bool] = metric("", "whether both half-maps are there (not asked of a mask job)", "none")
    halves_filtered: Optional[bool] = metric("", "whether the half-maps are ones that the refinement filtered", "none")
    voxel_size: Optional[float] = metric("Å", "voxel size that the program gives, else that of the header", "none")
    header_voxel_size: Optional[float] = metric("Å", "voxel size in the header of the first map", "none")
    voxel_sizes_agree: Optional[bool] = metric("", "whether the program and the header agree within 0.2 %", "none")
    box_size: Optional[int] = metric("voxel", "edge of the box", "none")
    reported_resolution: Optional[float] = metric("Å", "resolution that the program reports", "lower")
    bodies_found: Optional[int] = metric("", "number of bodies of a multi-body refinement", "none")
    files: Optional[Table] = table("maps and masks by kind, with box (x, y, z) and voxel size of their headers")
    bodies: Optional[Table] = table("files of each body of a multi-body refinement")
    fsc_unmasked: Optional[Curve] = _fsc("FSC without a mask, as the program wrote it")
    fsc_spherical: Optional[Curve] = _fsc("FSC in a spherical mask, as the program wrote it")
    fsc_loose: Optional[Curve] = _fsc("FSC in the loose mask, as the program wrote it")
    fsc_masked: Optional[Curve] = _fsc("FSC in the mask (cryoSPARC: tight), as the program wrote it")
    fsc_phase_randomised: Optional[Curve] = _fsc("FSC in the mask after randomising phases, as the program wrote it")
    fsc_true: Optional[Curve] = _fsc("FSC corrected for the mask, as the program wrote it")
    fsc_refinement: Optional[Curve] = _fsc("FSC that the refinement used in its last iteration")


def compute_import_job(study: Study, params: ImportJobParams, *, progress: Progress = silent) -> ImportJobResult:
    """What a job folder holds.

    Parameters
    ----------
    study
        A Study with the ``job``.
    params
        Number of the body.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    ImportJobResult
        What the program says of the job, its files, and its curves.

    Raises
    ------
    MissingInputError
        No job was given.
    InputError
        The job has no such body.

    References
    ----------
    Scheres (2012), https://doi.org/10.1016/j.jsb.2012.09.006 (RELION); Punjani et al. (2017), https://doi.org/10.1038/nmeth.4169
    (cryoSPARC).
    """
    require(study.inputs, "job")
    progress(0.0, "reading the headers")
    job = study.job.select(params.body)
    files, damaged = _file_table(job)
    curves = {name: Curve(*job.fsc[key]) for name, keys in _CURVES.items() for key in keys[::-1] if key in job.fsc}
    pair = bool(job.half1 and job.half2)
    agree = None
    if job.program_voxel_size and job.header_voxel_size:
        # 0.2 %: headers are rounded, a wrong calibration is off by more.
        agree = abs(job.program_voxel_size - job.header_voxel_size) <= 2e-3 * job.program_voxel_size
    progress(1.0, "done")
    return ImportJobResult(
        summary=_summary(job, len(curves)), warnings=tuple(damaged + _missing(job)),
        program=job.program, job_kind=job.kind, job_label=job.label, version=job.version or None, finished=job.iteration is None,
        iteration=job.iteration, has_half_maps=None if job.kind == "MaskCreate" else pair, halves_filtered=job.filtered if pair else None,
        voxel_size=job.voxel_size, header_voxel_size=job.header_voxel_size, voxel_sizes_agree=agree, box_size=job.box,
        reported_resolution=job.resolution, bodies_found=len(job.bodies), files=files, bodies=_body_table(job), **curves)


def _missing(job: Job) -> List[str]:
    """Sentences on what is not there; the half-maps have a check of their own."""
    return [s for s in job.missing() if not s.startswith("No pair")]


def _file_table(job: Job) -> Tuple[Table, List[str]]:
    rows, damaged = [], []
    for kind, path in job.files().items():
        box, size = None, None
        try:
            header = read_header(path)
            box, size = " x ".join(str(n) for n in header.shape[::-1]), header.voxel_size[0]
        except CryoqaError as error:
            damaged.append(str(error))
        rows.append((kind, path, box, size))
    return Table(("kind", "path", "box", "voxel size [Å]"), tuple(rows)), damaged


def _body_table(job: Job) -> Optional[Table]:
    if not job.bodies:
        return None
    rows = tuple((b.number, b.name, b.full_map, b.half1, b.half2, b.mask) for b in job.bodies)
    return Table(("number", "name", "full map", "half-map 1", "half-map 2", "mask"), rows)


def _summary(job: Job, n_curves: int) -> str:
    found: Dict[str, str] = job.files()
    names = [_LABELS[k] for k in _LABELS if k in found]
    if n_curves:
        names.append("an FSC curve" if n_curves == 1 else f"{n_curves} FSC curves")
    what = ", ".join(names) or "no map, mask or curve"
    numbers = [f"voxels of {job.voxel_size:.4g} Å"] if job.voxel_size else []
    numbers += [f"{job.resolution:.2f} Å reported"] if job.resolution else []
    body = f", body {job.body}" if job.body else ""
    kind = job.kind if not job.label.startswith(job.kind + "/") else ""
    title = " ".join(t for t in (job.program, kind, job.label) if t)
    return f"{title}{body} holds {what}" + (f"; {', '.join(numbers)}" if numbers else "") + "."
