"""The table of contents: one row a capability. Strings and numbers only, so that importing it costs nothing."""
from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Dict, Optional, Tuple


@dataclass(frozen=True)
class Capability:
    """One capability; where its parts are follows from ``id`` and ``family``.

    Parameters
    ----------
    id, family
        ``methods/<family>/<id>.py`` holds ``compute_<id>``, ``<Id>Params`` and ``<Id>Result``; ``protocols/protocol_<id>.py``,
        ``docs/capabilities/<id>.rst`` and ``tests/methods/test_<id>.py`` have the same stem.
    title, level
        A few words, and the level of the validation report: 0 map, 1 half-maps, A model, ...
    needs, takes, any_of
        Kinds of input without which it does not run; those it uses when they are given; groups of which at least one is needed.
    references
        Keys of the bibliography.
    memory, memory_in_mask, memory_each, memory_of_halves, costly, memory_apart
        Measured peak memory in bytes a voxel of the largest map; what comes to it for each voxel inside the mask, for each map of a
        kind of which there may be many, and where half-maps are given that it can do without; what it is with a value of a parameter, as
        (parameter, value, bytes); bytes that it takes in any box.
    items, outside
        Items of the validation report that it answers; else why it answers none.
    estimates
        Metrics that estimate the resolution, each with its item: they stand beside each other in the validation.
    cost
        CPU seconds a million voxels, roughly, for the progress bar of what runs many.
    on_request
        Keeps out of ``assess`` what takes long, or asks again what another capability answers.
    slow
        Its time grows with the box: a validation gives it maps with voxels of a third of the resolution.
    resolution_param
        Name of the parameter that takes a reported resolution.
    instead
        End of the sentence that says that none of the groups of ``any_of`` was given.
    extras
        Optional packages that it needs, by their name for pip, such as ``torch``.
    gpu
        It runs on a graphics card where there is one.
    """

    id: str
    family: str
    title: str
    level: str
    references: Tuple[str, ...]
    memory: float
    needs: Tuple[str, ...] = ()
    takes: Tuple[str, ...] = ()
    any_of: Tuple[Tuple[str, ...], ...] = ()
    memory_in_mask: float = 0.0
    memory_each: float = 0.0
    memory_of_halves: float = 0.0
    costly: Tuple[Tuple[str, Any, float], ...] = ()
    memory_apart: float = 0.0
    items: Tuple[str, ...] = ()
    outside: str = ""
    estimates: Tuple[Tuple[str, str], ...] = ()
    cost: float = 3.0
    on_request: bool = False
    slow: bool = False
    resolution_param: str = "resolution"
    instead: str = ""
    extras: Tuple[str, ...] = ()
    gpu: bool = False

    @property
    def camel(self) -> str:
        """The id as classes are named by it: ``local_fsc`` -> ``LocalFsc``."""
        return "".join(word.capitalize() for word in self.id.split("_"))

    @property
    def run(self) -> str:
        """``module:name`` of the function."""
        return f"methods.{self.family}.{self.id}:compute_{self.id}"

    @property
    def params(self) -> str:
        """``module:name`` of the class of its parameters."""
        return f"methods.{self.family}.{self.id}:{self.camel}Params"

    @property
    def result(self) -> str:
        """``module:name`` of the class of its result."""
        return f"methods.{self.family}.{self.id}:{self.camel}Result"

    @property
    def protocol(self) -> str:
        """``module:name`` of its protocol."""
        return f"protocols.protocol_{self.id}:CryoqaProt{self.camel}"


CAPABILITIES: Tuple[Capability, ...] = (
    Capability(
        id="map_info", family="map_info", title="What is in a map, and what was done to it", level="0", needs=("full_map",),
        takes=("half1", "half2"), references=("Afonine2018",), memory=42.5, outside="describes the map for the other items", cost=1.0),
    Capability(
        id="mask", family="masks", title="Mask of a map, around a model, or from masks", level="0",
        takes=("full_map", "half1", "half2", "model", "mask", "mask2"), any_of=(("full_map",), ("half1", "half2"), ("mask",)),
        references=("Scheres2012", "Terwilliger2018", "Beckers2019"), memory=23, memory_of_halves=27,
        outside="makes the mask of the other items", cost=1.0),
    Capability(
        id="fsc", family="resolution", title="Fourier shell correlation of half-maps", level="1", needs=("half1", "half2"),
        takes=("mask", "mtf"), references=("Chen2013", "Rosenthal2003", "vanHeel2005"), memory=40, items=("1.a",),
        estimates=(("1.a", "resolution"),), cost=2.0, resolution_param="reported"),
    Capability(
        id="mtriage", family="resolution", title="FSC of map and model, and d99 (mtriage)", level="1",
        takes=("full_map", "half1", "half2", "mask", "model"), any_of=(("full_map",), ("half1", "half2")),
        references=("Afonine2018", "Rosenthal2003"), memory=62, items=("A.a",), estimates=(("A.a", "d_fsc_model_05_near"),)),
    Capability(
        id="half_map_statistics", family="resolution", title="Significance, signal-to-noise and information of half-maps", level="1",
        needs=("half1", "half2"), takes=("mask",), references=("Beckers2020", "Frank1981", "Penczek2002", "Warshamanage2022"),
        memory=40, costly=(("local_map", True, 63),), items=("1.a", "1.b"),
        estimates=(("1.a", "resolution_ssnr_1"), ("1.b", "resolution_fdr")), cost=2.0),
    Capability(
        id="directional_fsc", family="resolution", title="Resolution by direction: FSC in cones, FSO, 3DFSC", level="1",
        needs=("half1", "half2"), takes=("mask",), references=("Vilas2023", "Tan2017", "Mardia2000"), memory=52, items=("1.g", "1.h"),
        estimates=(("1.g", "fso_05"), ("1.h", "resolution_global")), cost=2.5),
    Capability(
        id="local_filter", family="sharpening", title="Map low-passed at its local resolution", level="1", needs=("resolution_map",),
        takes=("full_map", "half1", "half2"), any_of=(("full_map",), ("half1", "half2")), references=("Cardone2013",), memory=60,
        outside="makes a map to look at"),
    Capability(
        id="local_fsc", family="local_resolution", title="Local resolution by FSC", level="1", needs=("half1", "half2"),
        takes=("mask",), references=("Cardone2013", "Tibshirani1987"), memory=40, items=("1.i",), estimates=(("1.i", "median"),),
        cost=4.5),
    Capability(
        id="blocres", family="local_resolution", title="Local resolution by FSC of boxes (blocres)", level="1",
        needs=("half1", "half2"), takes=("mask",), references=("Cardone2013",), memory=43, items=("1.c",),
        estimates=(("1.c", "median"),), cost=6.0, on_request=True, slow=True),
    Capability(
        id="relion_locres", family="local_resolution", title="Local resolution by FSC of soft spheres (RELION)", level="1",
        needs=("half1", "half2"), takes=("mask", "mtf"), references=("Chen2013", "Scheres2012"), memory=74,
        outside="asks what 1.i asks, by RELION's rules", on_request=True),
    Capability(
        id="phenix_locres", family="local_resolution", title="Local resolution by correlation in balls (Phenix)", level="1",
        needs=("half1", "half2"), takes=("mask",), references=("Liebschner2019",), memory=43,
        outside="asks what 1.i asks, by Phenix's rules", on_request=True),
    Capability(
        id="monores", family="local_resolution", title="Local resolution by monogenic amplitude (MonoRes)", level="1",
        takes=("half1", "half2", "full_map", "mask"), any_of=(("half1", "half2"), ("full_map",)), references=("Vilas2018",), memory=51,
        memory_in_mask=110, items=("1.e",), estimates=(("1.e", "median"),), cost=9.0, on_request=True, slow=True),
    Capability(
        id="monodir", family="local_resolution", title="Local resolution by direction (MonoDir)", level="1",
        takes=("half1", "half2", "full_map", "mask"), any_of=(("half1", "half2"), ("full_map",)),
        references=("Vilas2020", "Tibshirani1987"), memory=53, memory_in_mask=60, items=("1.f",),
        estimates=(("1.f", "radial_median"),), cost=20.0, on_request=True, slow=True),
    Capability(
        id="resmap", family="local_resolution", title="Local resolution (ResMap)", level="1",
        takes=("half1", "half2", "full_map", "mask"), any_of=(("half1", "half2"), ("full_map",)),
        references=("Kucukelbir2014", "Freeman1991"), memory=44, memory_in_mask=100, items=("1.d",),
        estimates=(("1.d", "median"),), cost=8.0, on_request=True, slow=True),
    Capability(
        id="compare_maps", family="sharpening", title="Maps of the same data compared", level="1", needs=("others",),
        takes=("full_map", "half1", "half2", "mask", "model"), references=("Terwilliger2018",), memory=81,
        memory_each=8.5, outside="needs other maps"),
    Capability(
        id="shell_sharpen", family="sharpening", title="Sharpening in shells of resolution", level="1",
        takes=("full_map", "half1", "half2", "mask", "model", "reference_map"),
        any_of=(("half1", "half2"), ("full_map", "model"), ("full_map", "reference_map")),
        references=("Terwilliger2018", "Rosenthal2003"), memory=68, outside="makes a map to look at"),
    Capability(
        id="auto_sharpen", family="sharpening", title="B-factor sharpening (auto_sharpen)", level="1",
        takes=("full_map", "half1", "half2", "mask", "reference_map", "model", "sequence"),
        any_of=(("full_map",), ("half1", "half2")), references=("Terwilliger2018", "Rosenthal2003"), memory=51,
        outside="makes a map to look at"),
    Capability(
        id="local_sharpen", family="sharpening", title="Sharpening by local signal and noise", level="1",
        takes=("half1", "half2", "full_map", "mask"), any_of=(("half1", "half2"),), references=("Terwilliger2018", "Tibshirani1987"),
        memory=80, outside="makes a map to look at", instead="but 'cryoqa auto-sharpen' takes a map alone"),
    Capability(
        id="locscale", family="sharpening", title="Local amplitude scaling (LocScale)", level="1",
        takes=("full_map", "half1", "half2", "mask", "model"), any_of=(("full_map",), ("half1", "half2")),
        references=("Jakobi2017", "Bharadwaj2022"), memory=103, outside="makes a map to look at"),
    Capability(
        id="guinier", family="sharpening", title="B-factor by the Guinier plot", level="1",
        takes=("full_map", "half1", "half2", "mask", "reference_map", "model", "fsc_curve"),
        any_of=(("full_map",), ("half1", "half2")), references=("Rosenthal2003", "Wilson1942"), memory=56, items=("0.d",),
        resolution_param="fit_to"),
    Capability(
        id="postprocess", family="sharpening", title="Post-processing as by RELION and cryoSPARC", level="1",
        needs=("half1", "half2"), takes=("full_map", "mask", "resolution_map", "mtf", "fsc_curve"),
        references=("Rosenthal2003", "Chen2013", "Scheres2012", "Punjani2017"), memory=73, outside="makes a map to look at",
        on_request=True),
    Capability(
        id="denoise", family="sharpening", title="Denoising of half-maps without training", level="1", needs=("half1", "half2"),
        takes=("mask",), references=("Ramlaul2019", "Ramlaul2020"), memory=93, costly=(("method", "conditional", 114),),
        outside="makes a map to look at"),
    Capability(
        id="density_modify", family="sharpening", title="Density modification of half-maps, with a verdict", level="1",
        needs=("half1", "half2"), takes=("mask", "sequence", "symmetry", "model"), references=("Terwilliger2020",), memory=130,
        outside="makes a map to look at", on_request=True),
    Capability(
        id="noise2noise", family="sharpening", title="Denoising of half-maps by a network trained on them", level="1",
        needs=("half1", "half2"), takes=("mask",), references=("Lehtinen2018", "Tegunov2021"), memory=105,
        memory_apart=1.15e9, outside="makes a map to look at", cost=200.0, on_request=True, extras=("torch",), gpu=True),
    Capability(
        id="optimal_map", family="sharpening", title="Map of least error, and the difference from a model", level="1",
        needs=("half1", "half2"), takes=("full_map", "mask", "model"), references=("Yamashita2021", "Rosenthal2003"), memory=74,
        outside="makes a map to look at", on_request=True),
    Capability(
        id="localdeblur", family="sharpening", title="Sharpening by local resolution (LocalDeblur)", level="1",
        needs=("resolution_map",), takes=("full_map", "half1", "half2"), any_of=(("full_map",), ("half1", "half2")),
        references=("Ramirez2020", "Vilas2018"), memory=71, outside="makes a map to look at"),
    Capability(
        id="contour", family="map_info", title="Mass, components and background at a contour level", level="0", needs=("full_map",),
        takes=("half1", "half2", "mask", "model", "sequence"), references=("Sorzano2022", "Beckers2019"), memory=27, memory_of_halves=33,
        items=("0.a", "0.b", "0.c")),
    Capability(
        id="hand", family="map_info", title="Hand of the map, by its helices", level="0",
        takes=("full_map", "half1", "half2", "mask"), any_of=(("full_map",), ("half1", "half2")),
        references=("Pauling1951", "Rosenthal2003"), memory=49, items=("0.h",), cost=4.0),
    Capability(
        id="confidence", family="map_info", title="Where there is more than noise: false discovery rate", level="1",
        takes=("half1", "half2", "full_map", "mask", "resolution_map"), any_of=(("half1", "half2"), ("full_map",)),
        references=("Beckers2019", "Benjamini2001", "Benjamini1995", "Anderson1952"), memory=78,
        outside="separates signal from noise, which no item asks for", on_request=True),
    Capability(
        id="audit", family="map_info", title="What of a processed map the half-maps support", level="1",
        needs=("full_map", "half1", "half2"), takes=("mask", "model", "enhanced1", "enhanced2"), references=("Rosenthal2015",), memory=72,
        outside="asks about a processed map, which a validation is not given", on_request=True),
    Capability(
        id="map_resolution", family="local_resolution", title="Local resolution of a map alone", level="0", needs=("full_map",),
        takes=("mask",), references=("Rosenthal2003", "Tibshirani1987"), memory=35, items=("0.e",), estimates=(("0.e", "median"),),
        cost=4.0),
    Capability(
        id="locspiral", family="sharpening", title="Local amplitudes evened out (LocSpiral, LocBSharpen)", level="0",
        takes=("full_map", "half1", "half2", "mask"), any_of=(("full_map",), ("half1", "half2")), references=("Kaur2021",), memory=79,
        outside="makes a map to look at", on_request=True),
    Capability(
        id="locbfactor", family="local_amplitude", title="Local B-factor", level="0", takes=("half1", "half2", "full_map", "mask"),
        any_of=(("half1", "half2"), ("full_map",)), references=("Kaur2021", "Wilson1942"), memory=49, items=("0.f",)),
    Capability(
        id="lococcupancy", family="local_amplitude", title="Local occupancy", level="0", takes=("half1", "half2", "full_map", "mask"),
        any_of=(("half1", "half2"), ("full_map",)), references=("Kaur2021", "Wilson1942"), memory=46, items=("0.g",)),
    Capability(
        id="model_fit", family="model", title="Map against model", level="A", needs=("model",), takes=("full_map", "half1", "half2"),
        any_of=(("full_map",), ("half1", "half2")), references=("Afonine2018", "Wang2022", "Rosenthal2003"), memory=70,
        items=("A.a", "A.d")),
    Capability(
        id="q_score", family="model", title="Q-score: how well each atom is resolved", level="A", needs=("model",),
        takes=("full_map", "half1", "half2"), any_of=(("full_map",), ("half1", "half2")), references=("Pintilie2020",), memory=45,
        items=("A.e",), cost=0.1),
    Capability(
        id="model_overfitting", family="model", title="Is a model fitted to the noise of a half-map", level="A",
        needs=("model", "half1", "half2"), takes=("full_map",), references=("DiMaio2013", "Brown2015", "Rosenthal2003"), memory=72,
        items=("A.h",), on_request=True),
    Capability(
        id="emringer", family="model", title="Side chains against the density around them (EMRinger)", level="A", needs=("model",),
        takes=("full_map", "half1", "half2"), any_of=(("full_map",), ("half1", "half2")), references=("Barad2015",), memory=53,
        items=("A.f",), cost=0.3, on_request=True),
    Capability(
        id="model_geometry", family="model", title="Geometry of a model", level="A", needs=("model",),
        references=("Engh1991", "Word1999"), memory=0, items=("A.j",), cost=0.1, on_request=True),
    Capability(
        id="fsc_q", family="model", title="Is each atom supported as well as the map allows", level="A", needs=("model", "half1", "half2"),
        takes=("full_map",), references=("RamirezAportela2021", "Yamashita2021", "Cardone2013", "Rosenthal2003"), memory=60, items=("A.b",),
        on_request=True),
    Capability(
        id="smoc", family="model", title="Agreement of map and model along the chains (SMOC)", level="A", needs=("model",),
        takes=("full_map", "half1", "half2"), any_of=(("full_map",), ("half1", "half2")), references=("Joseph2016", "Cragnolini2021"),
        memory=50, items=("A.i",), on_request=True),
    Capability(
        id="side_chain_check", family="model", title="Is each residue of the type that the map shows", level="A", needs=("model",),
        takes=("full_map", "half1", "half2", "sequence"), any_of=(("full_map",), ("half1", "half2")),
        references=("Rabiner1989", "Chojnowski2022", "Terashi2022", "Rosenthal2003"), memory=60, items=("A.g",), on_request=True),
    Capability(
        id="model_stability", family="model", title="Are the residues steady in both half-maps", level="A",
        needs=("model", "half1", "half2"), references=("Herzik2019", "Tirion1996", "Liu1989"), memory=70, items=("A.c",),
        on_request=True),
    Capability(
        id="model_report", family="model", title="What of a model to trust, to check and to leave out", level="A", needs=("model",),
        takes=("full_map", "half1", "half2"), any_of=(("full_map",), ("half1", "half2")), references=("Pintilie2020", "Yamashita2021"),
        memory=95, items=("A.k",), cost=1.6, on_request=True),
    Capability(
        id="map_box", family="maps", title="Box of a map, with all that belongs to it", level="0",
        takes=("full_map", "half1", "half2", "mask", "mask2", "resolution_map", "model", "fsc_curve", "symmetry", "target_map"),
        any_of=(("full_map",), ("half1", "half2")), references=("Shannon1949", "Afonine2018"), memory=30, memory_of_halves=30,
        outside="makes a map to go on with", cost=1.0, on_request=True),
    Capability(
        id="map_align", family="maps", title="One map brought onto another, or its axes to those of the box", level="0",
        takes=("full_map", "half1", "half2", "mask", "model", "target_map", "symmetry"),
        any_of=(("full_map", "target_map"), ("half1", "half2", "target_map"), ("full_map", "symmetry"), ("half1", "half2", "symmetry")),
        references=("Alexa2022", "Scheres2012"),
        memory=66, memory_of_halves=29, outside="makes a map to go on with", cost=1.0, on_request=True),
    Capability(
        id="combine_maps", family="maps", title="Composite of focused maps, with a test of the seams", level="1",
        takes=("focused_maps", "focused_half1", "focused_half2", "focused_masks", "focused_models", "full_map", "half1", "half2", "mask",
               "model"),
        any_of=(("focused_maps",), ("focused_half1", "focused_half2")), references=("Rosenthal2003", "Liebschner2019"), memory=140,
        memory_each=10, outside="makes a map of other maps", on_request=True),
    Capability(
        id="deposit", family="depositing", title="An entry for EMDB: its files, and what would be sent back", level="1",
        needs=("primary_map", "half1", "half2"), takes=("mask", "model", "entries"), references=("wwPDB2024", "Kleywegt2024"), memory=90,
        outside="makes an entry of maps that the other items judge", on_request=True),
    Capability(
        id="map_symmetry", family="maps", title="Symmetry of a map: exact, approximate, imposed", level="0",
        takes=("full_map", "half1", "half2", "mask"), any_of=(("full_map",), ("half1", "half2")),
        references=("Heymann2005", "Nelder1965", "Rosenthal2003"), memory=20, memory_in_mask=310, memory_of_halves=20,
        outside="names the symmetry, which no item asks for", cost=1.5, on_request=True),
    Capability(
        id="import_job", family="importing", title="What a RELION or cryoSPARC job folder gives", level="0", needs=("job",),
        references=("Scheres2012", "Punjani2017"), memory=0, outside="reads a folder"),
)

# What each family is for, in the order in which people meet them: the groups of the help and of lists.
FAMILIES: Dict[str, str] = {
    "map_info": "Look at a map", "resolution": "Resolution", "local_resolution": "Local resolution",
    "local_amplitude": "Local B-factor and occupancy", "sharpening": "Sharpen and filter", "model": "Model",
    "maps": "Box, align and combine maps", "masks": "Masks and files",
    "depositing": "Masks and files", "importing": "Masks and files"}

BY_ID: Dict[str, Capability] = {c.id: c for c in CAPABILITIES}


def resolve(target: str) -> Any:
    """The object that a ``module:name`` string of a row points to."""
    module, name = target.split(":")
    return getattr(import_module("cryoqa_plugin." + module), name)


def find(capability_id: str) -> Optional[Capability]:
    """The row of a capability, or None."""
    return BY_ID.get(capability_id)
