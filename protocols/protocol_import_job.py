"""Import from a job folder."""
from __future__ import annotations

import os
from typing import List

from pwem.objects import SetOfFSCs, Volume, VolumeMask

from cryoqa_plugin.errors import CryoqaError
from cryoqa_plugin.io.jobs import Job, read_job

from .base import CryoqaProtocol
from .outputs import on_own_grid


class CryoqaProtImportJob(CryoqaProtocol):
    """Take over what a job folder of RELION or cryoSPARC gives: full map, half-maps, mask, FSC curves, voxel size.

    RELION: Refine3D, PostProcess, MultiBody, LocalRes and MaskCreate. cryoSPARC: any refinement. Nothing is copied; links are
    made, so that the folder must stay where it is.
    """

    _label = "import job folder"
    _capability = "import_job"
    _possibleOutputs = {"outputVolume": Volume, "outputMask": VolumeMask, "outputSharpened": Volume, "outputFSCs": SetOfFSCs}

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
        """Register the curves; link the maps and register volume, mask and sharpened map."""
        super().createOutputStep()
        job = self._job()
        halves = [self._link(p) for p in (job.half1, job.half2) if p]
        main = job.full_map or job.half1
        if main:
            volume = on_own_grid(Volume(), self._link(main), job.voxel_size)
            if len(halves) == 2:
                volume.setHalfMaps(halves)
            self._defineOutputs(outputVolume=volume)
        if job.sharpened:
            self._defineOutputs(outputSharpened=on_own_grid(Volume(), self._link(job.sharpened), job.voxel_size))
        if job.mask:
            self._defineOutputs(outputMask=on_own_grid(VolumeMask(), self._link(job.mask), job.voxel_size))

    def _link(self, path: str) -> str:
        name, i = os.path.basename(path), 1
        link = self._getExtraPath(name)
        while os.path.lexists(link) and os.path.realpath(link) != os.path.realpath(path):
            link, i = self._getExtraPath(f"{i}_{name}"), i + 1
        if not os.path.lexists(link):
            os.symlink(os.path.abspath(path), link)
        return link
