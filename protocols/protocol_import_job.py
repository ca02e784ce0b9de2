"""Import from a job folder."""
from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Tuple

from pwem.objects import FSC, SetOfFSCs, Transform, Volume, VolumeMask

from cryoqa_plugin.errors import CryoqaError
from cryoqa_plugin.io.jobs import Job, read_job
from cryoqa_plugin.io.maps import read_header

from . import inputs
from .base import CryoqaProtocol


class CryoqaProtImportJob(CryoqaProtocol):
    """Take over what a job folder of RELION or cryoSPARC gives: full map, half-maps, mask, FSC curves, voxel size.

    RELION: Refine3D, PostProcess, MultiBody, LocalRes and MaskCreate. cryoSPARC: any refinement. Nothing is copied; links are
    made, so that the folder must stay where it is.
    """

    _label = "import job folder"
    _capability = "import_job"
    _possibleOutputs = {"outputVolume": Volume, "outputMask": VolumeMask, "outputSharpened": Volume, "outputFSCs": SetOfFSCs}

    def _defineInputs(self, form: Any) -> None:
        inputs.add_kind(form, "job", optional=False)

    def _validate(self) -> List[str]:
        wrong = super()._validate()
        if wrong:
            return wrong
        try:
            job = self._job()
        except CryoqaError as error:
            return [str(error)]
        return [] if job.files() else job.missing()

    def _job(self) -> Job:
        return read_job(self._files().sources["job"], self._values().get("body") or 0)

    def createOutputStep(self) -> None:
        """Link the maps and register volume, mask, sharpened map and curves."""
        job = self._job()
        halves = [self._link(p) for p in (job.half1, job.half2) if p]
        main = job.full_map or job.half1
        if main:
            volume = self._volume(Volume(), self._link(main), job)
            if len(halves) == 2:
                volume.setHalfMaps(halves)
            self._defineOutputs(outputVolume=volume)
        if job.sharpened:
            self._defineOutputs(outputSharpened=self._volume(Volume(), self._link(job.sharpened), job))
        if job.mask:
            self._defineOutputs(outputMask=self._volume(VolumeMask(), self._link(job.mask), job))
        self._register_job_curves(job)

    def _link(self, path: str) -> str:
        name, i = os.path.basename(path), 1
        link = self._getExtraPath(name)
        while os.path.lexists(link) and os.path.realpath(link) != os.path.realpath(path):
            link, i = self._getExtraPath(f"{i}_{name}"), i + 1
        if not os.path.lexists(link):
            os.symlink(os.path.abspath(path), link)
        return link

    @staticmethod
    def _volume(made: Volume, path: str, job: Job) -> Volume:
        header = read_header(path)
        made.setFileName(path)
        made.setSamplingRate(job.voxel_size or header.voxel_size[0])
        origin = Transform()
        origin.setShiftsTuple(header.origin)
        made.setOrigin(origin)
        return made

    def _register_job_curves(self, job: Job) -> None:
        made = SetOfFSCs.create(self._getPath())
        for name, (x, y) in _drawable(job).items():
            item = FSC()
            item.setData([float(v) for v in x], [float(v) for v in y])
            item.setObjLabel(name.replace("_", " "))
            made.append(item)
        if made.getSize():
            made.write()
            self._defineOutputs(outputFSCs=made)

    def _map_path(self, name: str) -> Optional[str]:
        return None


def _drawable(job: Job) -> Dict[str, Tuple[Any, Any]]:
    return {n: c for n, c in job.fsc.items() if len(c[0]) > 1 and len(set(c[1])) > 1}
