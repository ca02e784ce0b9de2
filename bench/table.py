"""What the capabilities may take on maps of 256^3, and what other programs take: one row a claim.

The figures of the peers were measured on the same maps, or on those of the box that is named, with one or two threads.
"""
from typing import Any, Dict, NamedTuple, Tuple


class Claim(NamedTuple):
    """Most CPU seconds (user and system, files read and written) and most resident memory (GB) of a capability.

    ``inputs`` are kinds of input, ``values`` the parameters that are not the default, ``peer`` another program and its figures.
    """

    id: str
    case: str
    inputs: Tuple[str, ...]
    cpu_s: float
    peak_gb: float
    values: Dict[str, Any] = {}
    peer: str = ""


MAP = ("full_map",)
HALVES = ("half1", "half2")
MASKED = HALVES + ("mask",)
MASKED_MAP = MAP + ("mask",)
FOCUSED = ("focused_maps", "focused_half1", "focused_half2")
CCTBX_LOCAL = "cctbx-base 2025.11, local_resolution_map: 188 CPU s, 2.9 GB"
XMIPP_MONORES = "xmipp_resolution_monogenic_signal, step 0.5 Å: 175 CPU s, 1.42 GB"

CLAIMS = (
    # ---- map
    Claim("map_info", "map", MAP, 4.0, 0.6),
    Claim("map_info", "map and half-maps", MAP + HALVES, 6.0, 0.95),       # with the facts about the noise of the half-maps
    Claim("mask", "map", MAP, 5.0, 0.6,
          peer="relion_mask_create 5.0.1 --lowpass 15 --extend_inimask 3 --width_soft_edge 6: 49.4 CPU s, 0.4 GB"),
    Claim("mask", "what is more than noise", HALVES, 5.0, 0.95, dict(method="confident")),
    Claim("map_box", "whole map, hand flipped", MAP, 2.0, 0.6, dict(around="whole", flip=True)),
    Claim("map_box", "around the model, all along", MAP + MASKED + ("model",), 6.0, 1.1,
          peer="phenix.map_box of a 160^3 map alone: 2.6 CPU s, 0.26 GB"),
    Claim("map_box", "whole map, resampled", MAP, 6.0, 0.9, dict(around="whole", resample_to=1.25)),
    Claim("map_align", "map onto map", MAP + ("target_map",), 15.0, 1.5),
    Claim("map_align", "map, half-maps and mask onto map", MAP + MASKED + ("target_map",), 20.0, 2.0),
    Claim("map_symmetry", "half-maps", MASKED, 25.0, 1.2,
          peer="ProSHADE 0.7.6: 68-194 CPU s, 1.8-3.3 GB at 160^3 and less"),
    Claim("map_symmetry", "map", MAP, 25.0, 1.2),
    Claim("contour", "map", MAP, 5.0, 0.7),
    Claim("contour", "map and half-maps", MAP + HALVES, 8.5, 1.05),
    Claim("audit", "processed map", MAP + MASKED, 30.0, 1.5),
    Claim("hand", "half-maps", MASKED, 20.0, 1.2),
    Claim("deposit", "entry with a model", ("primary_map",) + MASKED + ("model",), 60.0, 2.2),
    Claim("hand", "map", MAP, 20.0, 1.2),
    Claim("model_fit", "map of 15,000 atoms", MAP + ("model",), 15.0, 1.0, dict(resolution=3.4),
          peer="cctbx-base 2025.11, map_model_cc, correlations alone: 10.7 CPU s"),
    Claim("emringer", "map of 15,000 atoms", MAP + ("model",), 3.0, 0.5, dict(resolution=3.4),
          peer="cctbx-base 2025.11, emringer, the same score: 6.7 CPU s, 0.54 GB"),
    Claim("model_geometry", "15,000 atoms", ("model",), 2.0, 0.3),
    Claim("q_score", "map of 15,000 atoms", MAP + ("model",), 2.0, 0.6, dict(resolution=3.4),
          peer="jqscore 0.2.0 (JAX), scores alone: 8.6 CPU s, 1.2 GB"),
    Claim("model_overfitting", "half-maps", HALVES + ("model",), 12.0, 1.5),
    Claim("fsc_q", "half-maps", HALVES + ("model",), 25.0, 1.5, peer="Bsoft blocres -box 20 -step 4: 4.7 CPU s a thousand boxes"),
    Claim("smoc", "map", MAP + ("model",), 7.0, 1.1, dict(resolution=3.4)),
    Claim("model_stability", "half-maps", HALVES + ("model",), 25.0, 1.6),
    Claim("side_chain_check", "map of 15,000 atoms", MAP + ("model",), 10.0, 1.2, dict(resolution=3.0),
          peer="Strudel: about 30 s a residue"),
    Claim("model_report", "zones of 15,000 atoms", MAP + HALVES + ("model",), 20.0, 1.6, dict(scores=False)),
    Claim("model_report", "all of level A, 15,000 atoms", MAP + HALVES + ("model",), 60.0, 2.0),

    # ---- resolution
    Claim("fsc", "half-maps", MASKED, 6.0, 0.8, peer="relion_postprocess 5.0.1 --auto_bfac: 8.9 CPU s"),
    Claim("mtriage", "half-maps", HALVES, 6.0, 0.8, peer="cctbx-base 2025.11, mtriage, without a mask: 14.5 CPU s, 2.25 GB"),
    Claim("mtriage", "model", HALVES + ("model",), 25.0, 1.2, peer="cctbx-base 2025.11, mtriage: 252 CPU s, 4.7 GB"),
    Claim("half_map_statistics", "half-maps", MASKED, 3.0, 0.8, peer="SPOC FSC-FDR: 46 CPU s, 1.9 GB"),
    Claim("half_map_statistics", "local correlation", MASKED, 6.0, 1.3, dict(local_map=True), peer="EMDA 1.1.6 rcc: 11.6 CPU s, 4.9 GB"),
    Claim("directional_fsc", "half-maps", MASKED, 4.0, 1.0, dict(volume=False), peer="xmipp_resolution_fso, no 3DFSC: 6.8 CPU s, 0.68 GB"),
    Claim("directional_fsc", "3DFSC", MASKED, 14.0, 1.0, dict(volume=True),
          peer="3DFSC 3.0: 63 CPU s at 96^3, and it grows with the fifth power of the box"),

    # ---- signal or noise
    Claim("confidence", "half-maps", HALVES, 5.5, 0.95, peer="FDRthresholding, a map alone: 10.2 CPU s, 2.1 GB"),
    Claim("confidence", "weighted by the FSC", HALVES, 6.0, 1.0, dict(weighting="fsc")),
    Claim("confidence", "FDRthresholding's boxes", MAP, 3.0, 0.8, dict(noise="boxes"), peer="FDRthresholding: 10.2 CPU s, 2.1 GB"),

    # ---- local resolution
    Claim("local_fsc", "half-maps", MASKED, 15.0, 1.0, peer=CCTBX_LOCAL),
    Claim("blocres", "half-maps", MASKED, 15.0, 0.8, peer="Bsoft blocres -box 20 -step 4: 4.7 CPU s a thousand boxes"),
    Claim("relion_locres", "half-maps", MASKED, 15.0, 1.3,
          peer="relion_postprocess 5.0.1 --locres, 80 spheres: 31 CPU s, 0.56 GB at 160^3"),
    Claim("phenix_locres", "half-maps", MASKED, 20.0, 1.2, peer=CCTBX_LOCAL),
    Claim("monores", "half-maps", MASKED, 20.0, 1.0, peer=XMIPP_MONORES),
    Claim("monores", "Xmipp's rules", MASKED, 30.0, 1.15, dict(rules="xmipp", start=17.0), peer=XMIPP_MONORES),
    Claim("monodir", "81 directions", MASKED, 120.0, 1.0,
          peer="xmipp_resolution_directional: 140 CPU s at 128^3, 47 directions, where this takes 17"),
    Claim("resmap", "half-maps", MASKED, 25.0, 1.0),
    Claim("resmap", "ResMap's rules", MASKED, 40.0, 1.2, dict(rules="resmap")),
    Claim("map_resolution", "map", MASKED_MAP, 20.0, 1.2, peer=XMIPP_MONORES),

    # ---- sharpening
    Claim("postprocess", "half-maps", MASKED, 12.0, 1.1),
    Claim("postprocess", "local filter", MASKED + ("resolution_map",), 28.0, 1.75, dict(rules="cryosparc")),
    Claim("guinier", "half-maps", MASKED, 10.0, 0.96),
    Claim("guinier", "map", MAP, 3.0, 0.4, dict(fit_to=3.4)),
    Claim("optimal_map", "half-maps", MASKED, 15.0, 1.1),
    Claim("optimal_map", "model", MASKED + ("model",), 20.0, 1.6),
    Claim("shell_sharpen", "isotropic", HALVES, 20.0, 1.2, dict(anisotropic="no"), peer="cctbx half_map_sharpen: 137 CPU s, 1.9 GB"),
    Claim("shell_sharpen", "anisotropic", HALVES, 20.0, 1.2, dict(anisotropic="yes"),
          peer="cctbx half_map_sharpen, anisotropic: 173 CPU s, 1.9 GB"),
    Claim("auto_sharpen", "map", MAP, 12.0, 0.9, peer="phenix.auto_sharpen: 53.7 CPU s at 160^3, where this takes 2.6"),
    Claim("auto_sharpen", "half-maps", MASKED, 12.0, 1.1),
    Claim("auto_sharpen", "search", MAP, 16.0, 0.9, dict(method="b_iso_to_d_cut")),
    Claim("local_sharpen", "point atoms", HALVES, 60.0, 2.0, peer="cctbx half_map_sharpen, local: 524 s at 160^3"),
    Claim("local_sharpen", "density", HALVES, 60.0, 2.0, dict(target="density")),
    Claim("denoise", "Wiener", HALVES, 15.0, 1.5, dict(audit=False)),
    Claim("denoise", "Wiener, audited", HALVES, 35.0, 1.9),
    Claim("denoise", "conditional means", HALVES, 60.0, 2.6, dict(method="conditional", audit=False)),
    Claim("denoise", "after SIDESPLITTER", HALVES, 15.0, 1.5, dict(method="sidesplitter", audit=False)),
    Claim("denoise", "after LAFTER", HALVES, 40.0, 1.6, dict(method="lafter", audit=False)),
    Claim("noise2noise", "600 steps", HALVES, 1500.0, 4.0),                # on the processor; needs PyTorch
    Claim("density_modify", "half-maps", HALVES, 45.0, 2.0,
          peer="phenix.resolve_cryo_em, boxed maps: 10 to 15 min on 4 processors, as its tutorials say"),
    Claim("density_modify", "model", HALVES + ("model",), 85.0, 2.5),
    Claim("locscale", "model", MASKED + ("model",), 30.0, 1.5, dict(reference="model", audit=False),
          peer="LocScale 1, step of 2 voxels: 161 CPU s at 96^3"),
    Claim("locscale", "no model", MASKED, 30.0, 1.5, dict(reference="model_free", audit=False)),
    Claim("locscale", "no model, audited", MASKED, 45.0, 2.0, dict(reference="model_free")),
    Claim("locscale", "pseudo-atoms", MASKED, 40.0, 1.5, dict(reference="pseudo_atoms", audit=False)),
    Claim("local_filter", "map", MAP + ("resolution_map",), 10.0, 1.0),
    Claim("local_filter", "map and half-maps", MAP + HALVES + ("resolution_map",), 20.0, 1.2),
    Claim("localdeblur", "map", MAP + ("resolution_map",), 40.0, 1.2, peer="Xmipp, two threads: 66 CPU s at 160^3, where this takes 4"),
    Claim("localdeblur", "map and half-maps", MAP + HALVES + ("resolution_map",), 110.0, 1.6),
    Claim("locspiral", "map", MASKED_MAP, 50.0, 1.2),
    Claim("locspiral", "map and half-maps", MAP + MASKED, 65.0, 1.5),
    Claim("locspiral", "LocBSharpen", MASKED_MAP, 50.0, 1.3, dict(rules="locbsharpen")),
    Claim("compare_maps", "three maps", MAP + MASKED + ("others",), 60.0, 2.2),

    # ---- parts of maps
    Claim("combine_maps", "consensus and a focused map", MAP + HALVES + FOCUSED, 75.0, 3.4),
    Claim("combine_maps", "by a model", MAP + ("model", "focused_maps"), 50.0, 3.0, dict(weights_by="model", resolution=3.4)),

    # ---- local amplitude
    Claim("locbfactor", "half-maps", MASKED, 8.0, 1.2, peer="LocBFactor of scipion-em-ucm: 20 CPU s, 1.15 GB at 160^3"),
    Claim("locbfactor", "map", MASKED_MAP, 8.0, 1.2),
    Claim("locbfactor", "original rules", MASKED_MAP, 40.0, 2.0, dict(rules="original")),
    Claim("lococcupancy", "half-maps", MASKED, 8.0, 1.2, peer="LocOccupancy of scipion-em-ucm: 9 CPU s, 1.03 GB at 160^3"),
    Claim("lococcupancy", "map", MASKED_MAP, 8.0, 1.2),
    Claim("lococcupancy", "original rules", MASKED_MAP, 40.0, 1.6, dict(rules="original")),
)
