"""The table of contents: one row a capability. Strings only, so that importing it costs nothing."""
from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Dict, Optional, Tuple


@dataclass(frozen=True)
class Capability:
    """One capability.

    ``run``, ``params`` and ``result`` are ``module:name`` below ``cryoqa_plugin``. ``needs`` are the kinds of input
    without which it does not run; ``takes`` those it uses when they are given; ``any_of`` asks for at least one of
    these groups. ``bytes_per_voxel`` is the measured peak memory for the estimate said before a run.
    ``on_request`` keeps out of ``assess`` what takes long, or asks again what another capability answers.
    """

    id: str
    title: str
    level: str
    needs: Tuple[str, ...]
    takes: Tuple[str, ...]
    run: str
    params: str
    result: str
    protocol: str
    section: str
    viewer: str
    references: Tuple[str, ...]
    bytes_per_voxel: float
    any_of: Tuple[Tuple[str, ...], ...] = ()
    on_request: bool = False


CAPABILITIES: Tuple[Capability, ...] = (
    Capability(
        id="map_info", title="What is in a map, and what was done to it", level="0", needs=("full_map",), takes=("half1", "half2"),
        run="methods.map_info.map_info:compute_map_info", params="methods.map_info.map_info:MapInfoParams",
        result="methods.map_info.map_info:MapInfoResult", protocol="protocols.protocol_map_info:CryoqaProtMapInfo",
        section="report.sections.map_info:SECTION", viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Afonine2018",),
        bytes_per_voxel=26),
    Capability(
        id="mask", title="Mask of a map, around a model, or from masks", level="0", needs=(),
        takes=("full_map", "model", "mask", "mask2"), any_of=(("full_map",), ("mask",)), run="methods.masks.mask:compute_mask",
        params="methods.masks.mask:MaskParams", result="methods.masks.mask:MaskResult",
        protocol="protocols.protocol_mask:CryoqaProtCreateMask", section="report.sections.mask:SECTION",
        viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Scheres2012", "Terwilliger2018"), bytes_per_voxel=16),
    Capability(
        id="fsc", title="Fourier shell correlation of half-maps", level="1", needs=("half1", "half2"), takes=("mask",),
        run="methods.resolution.fsc:compute_fsc", params="methods.resolution.fsc:FscParams", result="methods.resolution.fsc:FscResult",
        protocol="protocols.protocol_fsc:CryoqaProtFsc", section="report.sections.fsc:SECTION",
        viewer="viewers.viewer_fsc:CryoqaFscViewer", references=("Chen2013", "Rosenthal2003", "vanHeel2005"), bytes_per_voxel=24),
    Capability(
        id="mtriage", title="Resolution in several senses (mtriage)", level="1", needs=(),
        takes=("full_map", "half1", "half2", "mask", "model"), any_of=(("full_map",), ("half1", "half2")),
        run="methods.resolution.mtriage:compute_mtriage",
        params="methods.resolution.mtriage:MtriageParams", result="methods.resolution.mtriage:MtriageResult",
        protocol="protocols.protocol_mtriage:CryoqaProtMtriage", section="report.sections.mtriage:SECTION",
        viewer="viewers.viewer_fsc:CryoqaFscViewer", references=("Afonine2018", "Rosenthal2003"), bytes_per_voxel=38),
    Capability(
        id="half_map_statistics", title="Significance, signal-to-noise and information of half-maps", level="1", needs=("half1", "half2"),
        takes=("mask",), run="methods.resolution.half_map_statistics:compute_half_map_statistics",
        params="methods.resolution.half_map_statistics:HalfMapStatisticsParams",
        result="methods.resolution.half_map_statistics:HalfMapStatisticsResult",
        protocol="protocols.protocol_half_map_statistics:CryoqaProtHalfMapStatistics",
        section="report.sections.half_map_statistics:SECTION",
        viewer="viewers.viewer_fsc:CryoqaFscViewer", references=("Beckers2020", "Frank1981", "Penczek2002", "Warshamanage2022"),
        bytes_per_voxel=26),
    Capability(
        id="directional_fsc", title="Resolution by direction: FSC in cones, FSO, 3DFSC", level="1", needs=("half1", "half2"),
        takes=("mask",), run="methods.resolution.directional_fsc:compute_directional_fsc",
        params="methods.resolution.directional_fsc:DirectionalFscParams", result="methods.resolution.directional_fsc:DirectionalFscResult",
        protocol="protocols.protocol_directional_fsc:CryoqaProtDirectionalFsc", section="report.sections.directional_fsc:SECTION",
        viewer="viewers.viewer_fsc:CryoqaFscViewer", references=("Vilas2023", "Tan2017", "Mardia2000"), bytes_per_voxel=28),
    Capability(
        id="local_filter", title="Map low-passed at its local resolution", level="1", needs=("resolution_map",),
        takes=("full_map", "half1", "half2"), any_of=(("full_map",), ("half1", "half2")),
        run="methods.filtering.local_filter:compute_local_filter", params="methods.filtering.local_filter:LocalFilterParams",
        result="methods.filtering.local_filter:LocalFilterResult", protocol="protocols.protocol_local_filter:CryoqaProtLocalFilter",
        section="report.sections.local_filter:SECTION", viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Cardone2013",),
        bytes_per_voxel=47),
    Capability(
        id="local_fsc", title="Local resolution by FSC", level="1", needs=("half1", "half2"), takes=("mask",),
        run="methods.resolution.local_fsc:compute_local_fsc", params="methods.resolution.local_fsc:LocalFscParams",
        result="methods.resolution.local_fsc:LocalFscResult", protocol="protocols.protocol_local_fsc:CryoqaProtLocalFsc",
        section="report.sections.local_fsc:SECTION", viewer="viewers.viewer_volume:CryoqaVolumeViewer",
        references=("Cardone2013", "Tibshirani1987"), bytes_per_voxel=36),
    Capability(
        id="blocres", title="Local resolution by FSC of boxes (blocres)", level="1", needs=("half1", "half2"), takes=("mask",),
        run="methods.resolution.blocres:compute_blocres", params="methods.resolution.blocres:BlocresParams",
        result="methods.resolution.blocres:BlocresResult", protocol="protocols.protocol_blocres:CryoqaProtBlocres",
        section="report.sections.blocres:SECTION", viewer="viewers.viewer_volume:CryoqaVolumeViewer",
        references=("Cardone2013",), bytes_per_voxel=36, on_request=True),
    Capability(
        id="monores", title="Local resolution by monogenic amplitude (MonoRes)", level="1", needs=(),
        takes=("half1", "half2", "full_map", "mask"), any_of=(("half1", "half2"), ("full_map",)),
        run="methods.resolution.monores:compute_monores", params="methods.resolution.monores:MonoresParams",
        result="methods.resolution.monores:MonoresResult", protocol="protocols.protocol_monores:CryoqaProtMonores",
        section="report.sections.monores:SECTION", viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Vilas2018",),
        bytes_per_voxel=54, on_request=True),
    Capability(
        id="monodir", title="Local resolution by direction (MonoDir)", level="1", needs=(), takes=("half1", "half2", "full_map", "mask"),
        any_of=(("half1", "half2"), ("full_map",)), run="methods.resolution.monodir:compute_monodir",
        params="methods.resolution.monodir:MonodirParams", result="methods.resolution.monodir:MonodirResult",
        protocol="protocols.protocol_monodir:CryoqaProtMonodir", section="report.sections.monodir:SECTION",
        viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Vilas2020", "Tibshirani1987"), bytes_per_voxel=44,
        on_request=True),
    Capability(
        id="resmap", title="Local resolution by a test for waves (ResMap)", level="1", needs=(),
        takes=("half1", "half2", "full_map", "mask"), any_of=(("half1", "half2"), ("full_map",)),
        run="methods.resolution.resmap:compute_resmap", params="methods.resolution.resmap:ResmapParams",
        result="methods.resolution.resmap:ResmapResult", protocol="protocols.protocol_resmap:CryoqaProtResmap",
        section="report.sections.resmap:SECTION", viewer="viewers.viewer_volume:CryoqaVolumeViewer",
        references=("Kucukelbir2014", "Freeman1991"), bytes_per_voxel=60, on_request=True),
    Capability(
        id="import_job", title="What a RELION or cryoSPARC job folder gives", level="0", needs=(), takes=(),
        run="methods.importing.import_job:compute_import_job", params="methods.importing.import_job:ImportJobParams",
        result="methods.importing.import_job:ImportJobResult", protocol="protocols.protocol_import_job:CryoqaProtImportJob",
        section="report.sections.import_job:SECTION", viewer="viewers.viewer_volume:CryoqaVolumeViewer",
        references=("Scheres2012", "Punjani2017"), bytes_per_voxel=0),
)

BY_ID: Dict[str, Capability] = {c.id: c for c in CAPABILITIES}


def resolve(target: str) -> Any:
    """The object that a ``module:name`` string of a row points to."""
    module, name = target.split(":")
    return getattr(import_module("cryoqa_plugin." + module), name)


def find(capability_id: str) -> Optional[Capability]:
    """The row of a capability, or None."""
    return BY_ID.get(capability_id)
