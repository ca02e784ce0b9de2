"""Rows and columns of the table of confusion: what is looked at, and what should be said of it.

A row is a case with or without a change. Of a good one nothing should be said but what stands in ``also``; of a bad one a cause of
``right`` has to be named in at least one column, and what is said beside it has to be true (``also``).
"""
from dataclasses import dataclass, field
from typing import Dict, Optional, Tuple

TUNING = ("p96", "low96", "t160")                                    # limits were set on these
JUDGES = ("haemoglobin84", "ferritin80", "receptor90", "odd97new", "rna108")                 # all kinds of simulate_bad.py
MODELLED = ("haemoglobin84", "receptor90", "helicase96")                                     # faults of maps and models
CASES = ("p96", "low96", "t160", "odd97", "fine128", "f2_128", "g1_120", "g2_144", "g4_100", "l160", "d2_160", "d2tilt_160", "rna128",
         "coarse72", "helicase96", "filament90", "filament100") + JUDGES

_ALONE = ("uneven_noise",)                     # a map alone can only tell that its solvent does not have the noise of the molecule
# fault of the half-maps -> causes of which one has to be named, and what is true beside it
FAULTS = {
    "cone0": (("views_z",), ("anisotropic",)), "conedamp": (("views_z",), ("anisotropic",)),
    "conenoise": (("views_z",), ("anisotropic",)), "conen3": (("views_z",), ("anisotropic",)),
    "corr05": (("shared_noise",), ()), "corr10": (("shared_noise",), ()), "corr25": (("shared_noise",), ("nyquist",)),
    "weakened": (("damped", "masked"), _ALONE), "softmask": (("sphere_fault", "masked"), ("sphere", *_ALONE)),
    "tightmask": (("masked", "damped"), _ALONE), "lowpass": (("low_pass",), _ALONE), "lowpasshard": (("low_pass",), _ALONE),
    "oversharp": (("oversharp",), ()),
    "noise": (("no_signal",), ("unfit", "off_centre", "space", "contour_low", "background", "unresolved")),
    "moved": (("moved",), ()), "mirrored": (("turned",), ()), "inverted": (("inverted",), ())}
HARMLESS = {"corners": ("sphere",), "scaled": ("scale",), "offset": ("background",), "scaleb": ("scale",), "noiserim": ("uneven_noise",),
            "noisecore": ("uneven_noise",), "occupancy": ("occupancy", "off_centre", "unfit", "model_lags")}
# What may be said of a good row because it is true: a mask edge of 6 Å is too sharp for 5.5 Å of resolution, atoms reach to 0.7 Å
# (d2tilt_160) and 4.6 Å (filament100) from the faces.
_FILAMENT = ("helical", "left_out")
TRUE_OF = {"coarse72": ("mask_tight",), "low96": ("mask_tight",), "d2tilt_160": ("space",), "membrane": ("unmodelled",),
           "off_centre": ("off_centre", "space"), "filament90": _FILAMENT, "filament100": (*_FILAMENT, "space"),
           "l160": ("local_spread",), "f2_128": ("local_spread",), "g2_144": ("local_spread",)}
# fault of map, model or what was reported -> causes, what is true beside it, options
MADE = {
    "wrong_hand": (("hand",), ("unfit", "model_lags"), {}), "wrong_model": (("unfit",), ("model_lags",), {}),
    "shifted_model": (("model_moved",), (), {}), "register_error": (("register",), ("unfit",), {}),
    "voxel1": (("voxel_size",), ("unfit", "cell"), {"voxel": 1.01}), "voxel5": (("voxel_size",), ("unfit", "cell"), {"voxel": 1.05}),
    "voxel-5": (("voxel_size",), ("unfit", "cell"), {"voxel": 0.95}),
    "reported10": (("reported",), (), {"reported": 0.9}), "reported30": (("reported",), (), {"reported": 0.7}),
    "contour_high": (("contour_high",), (), {"contour": 0.15}), "contour_low": (("contour_low",), (), {"contour": 5.0})}


@dataclass(frozen=True)
class Row:
    """One row: the case, what was done to it, and what should be said."""

    case: str
    kind: str = "as it is"
    right: Tuple[str, ...] = ()
    also: Tuple[str, ...] = ()
    options: Dict[str, float] = field(default_factory=dict)
    validated: bool = False

    @property
    def name(self) -> str:
        return f"{self.case} {self.kind}"

    @property
    def good(self) -> bool:
        return not self.right

    @property
    def tuned(self) -> bool:
        return self.case in TUNING


def _validated(case, kind):
    kinds = ("as it is", "conenoise", "corr10", "weakened", "lowpass", "noise", "corners", "membrane", "off_centre", "wrong_hand",
             "register_error", "voxel5", "reported10", "reported30", "contour_high", "contour_low")
    return (case == "haemoglobin84" and kind in kinds or case == "receptor90" and kind in kinds[:4] + ("register_error",)
            or case in ("ferritin80", "odd97new", "rna108", "coarse72", "filament90", "filament100", "helicase96") and kind == "as it is")


def all_rows():
    """Every row, the good ones of a case before its bad ones."""
    out = [Row(c, also=TRUE_OF.get(c, ()), validated=_validated(c, "as it is")) for c in CASES]
    out += [Row("a96", right=("anisotropic",), also=("views",)), Row("mirror160", right=("hand",))]
    for case in JUDGES:
        own = TRUE_OF.get(case, ())
        out += [Row(case, k, also=own + also, validated=_validated(case, k)) for k, also in HARMLESS.items()]
        out += [Row(case, k, right, own + also, validated=_validated(case, k)) for k, (right, also) in FAULTS.items()]
    for case in ("haemoglobin84", "receptor90"):
        out += [Row(case, k, also=TRUE_OF.get(k, ()), validated=_validated(case, k)) for k in ("off_centre", "non_cubic", "membrane")]
    for case in MODELLED:
        out += [Row(case, k, right, also, options, _validated(case, k)) for k, (right, also, options) in MADE.items()]
    return out


ALL = ("half1", "half2", "full_map", "mask", "model")
BARE = ("half1", "half2", "full_map", "model")


@dataclass(frozen=True)
class Column:
    """One column: a capability, the inputs it is given, and which options of a row it takes."""

    capability: str
    kinds: Tuple[str, ...] = ALL
    takes: Tuple[str, ...] = ()
    only: Optional[str] = None                                     # the option without which it is not run


COLUMNS = {
    "fsc": Column("fsc"), "fsc, no mask": Column("fsc", BARE), "mtriage": Column("mtriage"),
    "directional": Column("directional_fsc"), "directional, no mask": Column("directional_fsc", BARE),
    "local_fsc": Column("local_fsc"), "map_resolution": Column("map_resolution", takes=("reported",)),
    "model_fit": Column("model_fit", takes=("contour",)), "side_chain_check": Column("side_chain_check"),
    "contour": Column("contour", takes=("contour",)), "hand": Column("hand"),
    "validate": Column("validate", takes=("contour", "reported"))}
QUICK = ("haemoglobin84 as it is", "haemoglobin84 corners", "haemoglobin84 tightmask", "haemoglobin84 moved", "haemoglobin84 noise",
         "haemoglobin84 inverted")
