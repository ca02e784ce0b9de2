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
    these groups. ``bytes_per_voxel`` is the measured peak memory for the estimate said before a run, ``costly`` that with a value of a
    parameter, as (parameter, value, bytes per voxel).
    ``on_request`` keeps out of ``assess`` what takes long, or asks again what another capability answers.
    ``instead`` ends the sentence that says that none of the groups of ``any_of`` was given.
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
    instead: str = ""
    costly: Tuple[Tuple[str, Any, float], ...] = ()


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
        costly=(("local_map", True, 52),), bytes_per_voxel=26),
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
        id="relion_locres", title="Local resolution by FSC of soft spheres (RELION)", level="1", needs=("half1", "half2"),
        takes=("mask",), run="methods.resolution.relion_locres:compute_relion_locres",
        params="methods.resolution.relion_locres:RelionLocresParams", result="methods.resolution.relion_locres:RelionLocresResult",
        protocol="protocols.protocol_relion_locres:CryoqaProtRelionLocres", section="report.sections.relion_locres:SECTION",
        viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Chen2013", "Scheres2012"), bytes_per_voxel=36, on_request=True),
    Capability(
        id="phenix_locres", title="Local resolution by correlation in balls (Phenix)", level="1", needs=("half1", "half2"),
        takes=("mask",), run="methods.resolution.phenix_locres:compute_phenix_locres",
        params="methods.resolution.phenix_locres:PhenixLocresParams", result="methods.resolution.phenix_locres:PhenixLocresResult",
        protocol="protocols.protocol_phenix_locres:CryoqaProtPhenixLocres", section="report.sections.phenix_locres:SECTION",
        viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Liebschner2019",), bytes_per_voxel=40, on_request=True),
    Capability(
        id="monores", title="Local resolution by monogenic amplitude (MonoRes)", level="1", needs=(),
        takes=("half1", "half2", "full_map", "mask"), any_of=(("half1", "half2"), ("full_map",)),
        run="methods.resolution.monores:compute_monores", params="methods.resolution.monores:MonoresParams",
        result="methods.resolution.monores:MonoresResult", protocol="protocols.protocol_monores:CryoqaProtMonores",
        section="report.sections.monores:SECTION", viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Vilas2018",),
        bytes_per_voxel=57, costly=(("rules", "cryoqa", 109),), on_request=True),
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
        id="compare_maps", title="Maps of the same data compared", level="1", needs=("others",),
        takes=("full_map", "half1", "half2", "mask", "model"), run="methods.sharpening.compare_maps:compute_compare_maps",
        params="methods.sharpening.compare_maps:CompareMapsParams", result="methods.sharpening.compare_maps:CompareMapsResult",
        protocol="protocols.protocol_compare_maps:CryoqaProtCompareMaps", section="report.sections.compare_maps:SECTION",
        viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Terwilliger2018",), bytes_per_voxel=90),
    Capability(
        id="shell_sharpen", title="Sharpening in shells of resolution", level="1", needs=(),
        takes=("full_map", "half1", "half2", "mask", "model", "reference_map"),
        any_of=(("half1", "half2"), ("full_map", "model"), ("full_map", "reference_map")),
        run="methods.sharpening.shell_sharpen:compute_shell_sharpen", params="methods.sharpening.shell_sharpen:ShellSharpenParams",
        result="methods.sharpening.shell_sharpen:ShellSharpenResult",
        protocol="protocols.protocol_shell_sharpen:CryoqaProtShellSharpen", section="report.sections.shell_sharpen:SECTION",
        viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Terwilliger2018", "Rosenthal2003"), bytes_per_voxel=50),
    Capability(
        id="auto_sharpen", title="B-factor sharpening (auto_sharpen)", level="1", needs=(),
        takes=("full_map", "half1", "half2", "mask", "reference_map", "model"), any_of=(("full_map",), ("half1", "half2")),
        run="methods.sharpening.auto_sharpen:compute_auto_sharpen", params="methods.sharpening.auto_sharpen:AutoSharpenParams",
        result="methods.sharpening.auto_sharpen:AutoSharpenResult", protocol="protocols.protocol_auto_sharpen:CryoqaProtAutoSharpen",
        section="report.sections.auto_sharpen:SECTION", viewer="viewers.viewer_volume:CryoqaVolumeViewer",
        references=("Terwilliger2018", "Rosenthal2003"), bytes_per_voxel=50),
    Capability(
        id="local_sharpen", title="Sharpening by local signal and noise", level="1", needs=(),
        takes=("half1", "half2", "full_map", "mask"), any_of=(("half1", "half2"),),
        run="methods.sharpening.local_sharpen:compute_local_sharpen", params="methods.sharpening.local_sharpen:LocalSharpenParams",
        result="methods.sharpening.local_sharpen:LocalSharpenResult",
        protocol="protocols.protocol_local_sharpen:CryoqaProtLocalSharpen", section="report.sections.local_sharpen:SECTION",
        viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Terwilliger2018", "Tibshirani1987"), bytes_per_voxel=60,
        instead="but 'cryoqa auto-sharpen' takes a map alone"),
    Capability(
        id="locscale", title="Local amplitude scaling (LocScale)", level="1", needs=(),
        takes=("full_map", "half1", "half2", "mask", "model"), any_of=(("full_map",), ("half1", "half2")),
        run="methods.sharpening.locscale:compute_locscale", params="methods.sharpening.locscale:LocscaleParams",
        result="methods.sharpening.locscale:LocscaleResult", protocol="protocols.protocol_locscale:CryoqaProtLocscale",
        section="report.sections.locscale:SECTION", viewer="viewers.viewer_volume:CryoqaVolumeViewer",
        references=("Jakobi2017", "Bharadwaj2022"), bytes_per_voxel=64),
    Capability(
        id="guinier", title="B-factor by the Guinier plot", level="1", needs=(),
        takes=("full_map", "half1", "half2", "mask", "reference_map", "model"), any_of=(("full_map",), ("half1", "half2")),
        run="methods.sharpening.guinier:compute_guinier", params="methods.sharpening.guinier:GuinierParams",
        result="methods.sharpening.guinier:GuinierResult", protocol="protocols.protocol_guinier:CryoqaProtGuinier",
        section="report.sections.guinier:SECTION", viewer="viewers.viewer_volume:CryoqaVolumeViewer",
        references=("Rosenthal2003", "Wilson1942"), bytes_per_voxel=42),
    Capability(
        id="postprocess", title="Post-processing as by RELION and cryoSPARC", level="1", needs=("half1", "half2"),
        takes=("full_map", "mask", "resolution_map"), run="methods.sharpening.postprocess:compute_postprocess",
        params="methods.sharpening.postprocess:PostprocessParams", result="methods.sharpening.postprocess:PostprocessResult",
        protocol="protocols.protocol_postprocess:CryoqaProtPostprocess", section="report.sections.postprocess:SECTION",
        viewer="viewers.viewer_fsc:CryoqaFscViewer", references=("Rosenthal2003", "Chen2013", "Scheres2012", "Punjani2017"),
        bytes_per_voxel=66, on_request=True),
    Capability(
        id="optimal_map", title="Map of least error, and the difference from a model", level="1", needs=("half1", "half2"),
        takes=("full_map", "mask", "model"), run="methods.sharpening.optimal_map:compute_optimal_map",
        params="methods.sharpening.optimal_map:OptimalMapParams", result="methods.sharpening.optimal_map:OptimalMapResult",
        protocol="protocols.protocol_optimal_map:CryoqaProtOptimalMap", section="report.sections.optimal_map:SECTION",
        viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Yamashita2021", "Rosenthal2003"), bytes_per_voxel=58,
        on_request=True),
    Capability(
        id="localdeblur", title="Sharpening by local resolution (LocalDeblur)", level="1", needs=("resolution_map",),
        takes=("full_map", "half1", "half2"), any_of=(("full_map",), ("half1", "half2")),
        run="methods.sharpening.localdeblur:compute_localdeblur", params="methods.sharpening.localdeblur:LocaldeblurParams",
        result="methods.sharpening.localdeblur:LocaldeblurResult", protocol="protocols.protocol_localdeblur:CryoqaProtLocaldeblur",
        section="report.sections.localdeblur:SECTION", viewer="viewers.viewer_volume:CryoqaVolumeViewer",
        references=("Ramirez2020", "Vilas2018"), bytes_per_voxel=46),
    Capability(
        id="contour", title="Mass, components and background at a contour level", level="0", needs=("full_map",), takes=(),
        run="methods.validation_items.contour:compute_contour", params="methods.validation_items.contour:ContourParams",
        result="methods.validation_items.contour:ContourResult", protocol="protocols.protocol_contour:CryoqaProtContour",
        section="report.sections.contour:SECTION", viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Sorzano2022",),
        bytes_per_voxel=16),
    Capability(
        id="hand", title="Hand of the map, told by its helices", level="0", needs=(), takes=("full_map", "half1", "half2", "mask"),
        any_of=(("full_map",), ("half1", "half2")), run="methods.validation_items.hand:compute_hand",
        params="methods.validation_items.hand:HandParams", result="methods.validation_items.hand:HandResult",
        protocol="protocols.protocol_hand:CryoqaProtHand", section="report.sections.hand:SECTION",
        viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Pauling1951", "Rosenthal2003"), bytes_per_voxel=40),
    Capability(
        id="map_resolution", title="Local resolution of a map alone", level="0", needs=("full_map",), takes=("mask",),
        run="methods.validation_items.map_resolution:compute_map_resolution",
        params="methods.validation_items.map_resolution:MapResolutionParams",
        result="methods.validation_items.map_resolution:MapResolutionResult",
        protocol="protocols.protocol_map_resolution:CryoqaProtMapResolution", section="report.sections.map_resolution:SECTION",
        viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Rosenthal2003", "Tibshirani1987"), bytes_per_voxel=34),
    Capability(
        id="locspiral", title="Local amplitudes evened out (LocSpiral, LocBSharpen)", level="0", needs=(),
        takes=("full_map", "half1", "half2", "mask"), any_of=(("full_map",), ("half1", "half2")),
        run="methods.sharpening.locspiral:compute_locspiral", params="methods.sharpening.locspiral:LocspiralParams",
        result="methods.sharpening.locspiral:LocspiralResult", protocol="protocols.protocol_locspiral:CryoqaProtLocspiral",
        section="report.sections.locspiral:SECTION", viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Kaur2021",),
        bytes_per_voxel=70, on_request=True),
    Capability(
        id="locbfactor", title="Local B-factor", level="0", needs=(), takes=("half1", "half2", "full_map", "mask"),
        any_of=(("half1", "half2"), ("full_map",)), run="methods.sharpening.locbfactor:compute_locbfactor",
        params="methods.sharpening.locbfactor:LocbfactorParams", result="methods.sharpening.locbfactor:LocbfactorResult",
        protocol="protocols.protocol_locbfactor:CryoqaProtLocbfactor", section="report.sections.locbfactor:SECTION",
        viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Kaur2021", "Wilson1942"), bytes_per_voxel=71),
    Capability(
        id="lococcupancy", title="Local occupancy", level="0", needs=(), takes=("half1", "half2", "full_map", "mask"),
        any_of=(("half1", "half2"), ("full_map",)), run="methods.sharpening.lococcupancy:compute_lococcupancy",
        params="methods.sharpening.lococcupancy:LococcupancyParams", result="methods.sharpening.lococcupancy:LococcupancyResult",
        protocol="protocols.protocol_lococcupancy:CryoqaProtLococcupancy", section="report.sections.lococcupancy:SECTION",
        viewer="viewers.viewer_volume:CryoqaVolumeViewer", references=("Kaur2021", "Wilson1942"), bytes_per_voxel=60),
    Capability(
        id="model_fit", title="Map against model", level="A", needs=("model",), takes=("full_map", "half1", "half2"),
        any_of=(("full_map",), ("half1", "half2")), run="methods.validation_items.model_fit:compute_model_fit",
        params="methods.validation_items.model_fit:ModelFitParams", result="methods.validation_items.model_fit:ModelFitResult",
        protocol="protocols.protocol_model_fit:CryoqaProtModelFit", section="report.sections.model_fit:SECTION",
        viewer="viewers.viewer_protocols:CryoqaProtocolViewer", references=("Afonine2018", "Wang2022", "Rosenthal2003"),
        bytes_per_voxel=33),
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
