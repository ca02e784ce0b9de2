"""The items of a validation: which capability answers each, and by which rules it is judged."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..checks import Check, evaluate, worst
from ..registry import CAPABILITIES
from . import reported as reported_module
from .sentences import OFF_ITS_MAP, off_its_map, sentence

REPORTED = "reported_resolution"                 # what an item says of it
SERVICE = "https://doi.org/10.1039/D2FD00059H"
_PERCENTILE = "A reported resolution below nearly all local ones is not what the map shows."


@dataclass(frozen=True)
class Rule:
    """A criterion of the service: what it looks at in a result, and the check on it.

    ``how`` is ``value`` (the metric itself), ``negative`` (with the other sign), ``reported_over`` (reported resolution over the metric)
    or ``percentile`` (percentage of the curve ``metric``, a histogram over Å, below the reported resolution).
    """

    capability: str
    metric: str
    op: str
    limit: Any
    title: str
    advice: str = ""
    how: str = "value"
    unit: str = ""


@dataclass(frozen=True)
class Item:
    """One item: its number and title as in the service's reports, and where its answer comes from.

    ``checks`` names the checks of cryoqa that belong to it (all of the capabilities when empty); ``reported`` is the range of reported
    resolutions (Å) for which the service does it; ``note`` says where cryoqa judges by another rule, and why.
    """

    id: str
    title: str
    rules: Tuple[Rule, ...] = ()
    checks: Tuple[str, ...] = ()
    reported: Tuple[float, float] = (0.0, float("inf"))
    note: str = ""

    @property
    def capabilities(self) -> Tuple[str, ...]:
        """The capabilities whose rows name this item."""
        return tuple(row.id for row in CAPABILITIES if self.id in row.items)

    @property
    def level(self) -> str:
        """``0`` of ``0.a``."""
        return self.id.split(".")[0]


def _ratio(capability: str, metric: str, title: str) -> Rule:
    return Rule(capability, metric, ">=", 0.8, f"Reported resolution over {title}", "The reported resolution is finer than this method "
                "finds; look at the mask and the threshold that it was read with.", "reported_over")


def _percentile(capability: str, limit: float = 0.1) -> Rule:
    return Rule(capability, "histogram", ">=", limit, "Part of the voxels with a resolution finer than the reported one", _PERCENTILE,
                "percentile", "%")


ITEMS: Tuple[Item, ...] = (
    Item("0.a", "Mass and centring", (
        Rule("contour", "decentring_largest", "<=", 20.0, "Decentring", "Shift the map to the box centre.", unit="%"),
        Rule("contour", "space_min", ">=", 20.0, "Smallest space to a face of the box", "Use a larger box.", unit="Å"),
        Rule("contour", "mass_offset_raw", "<=", 20.0, "Offset of the centre of mass", "Shift the map to the box centre.",
             unit="%")),
         checks=("decentring", "space_min_percent", "margin", "mass_offset"),
         note="The service writes 20 % of the box for the space and compares with 20 Å."),
    Item("0.b", "Mask and connected components", (
        Rule("contour", "components_95", "<=", 5, "Components that hold 95 % of the mass", "Choose another contour level."),
        Rule("contour", "voxel_volume", "<=", 5.0, "Mean volume of the remaining components, as the service computes it",
             "Choose another contour level.", unit="Å³"),
        Rule("contour", "overlap_largest", ">=", 0.75, "Overlap of contour and constructed mask", "Choose another contour level.")),
         checks=("level_verdict", "mask_ratio", "pieces_95", "remaining_percent", "mask_overlap"),
         note="The service divides the volume of the remaining components by itself: its second rule sees the size of a voxel only."),
    Item("0.c", "Background", (
        Rule("contour", "background_p", ">=", 0.001, "Probability that the mean of the background is 0", "Look at the background."),
        Rule("contour", "outlier_ratio", "<=", 20.0, "Voxels of the background beyond five standard deviations, over what is expected",
             "Look at the background for density that the mask leaves out.")),
         checks=("background_mean", "outliers_percent"),
         note="With millions of voxels any mean differs from 0 beyond doubt; cryoqa compares the mean with the density."),
    Item("0.d", "B-factor", (
        Rule("guinier", "bfactor", ">=", -300.0, "B-factor of the map", "The map may need sharpening.", unit="Å²"),
        Rule("guinier", "bfactor", "<=", 0.0, "B-factor of the map", "The map seems sharpened too much.", unit="Å²")),
         note="The service wants -300 Å² at most at any resolution; cryoqa looks at what is left of the amplitudes at the resolution."),
    Item("0.e", "Local resolution of the map alone", (_percentile("map_resolution"),), reported=(2.0, 13.0),
         note="A statistical estimate takes the place of the network DeepRes."),
    Item("0.f", "Local B-factor", (
        Rule("locbfactor", "median", ">=", -300.0, "Median of the local B-factor", "The map may need sharpening.", "negative",
             "Å²"),
        Rule("locbfactor", "median", "<=", 0.0, "Median of the local B-factor", "The map seems sharpened too much.", "negative",
             "Å²")),
         note="The service's B-factors are negative for a fall-off; those of cryoqa are calibrated and positive, as of atoms, and judged "
              "by how much they differ from place to place."),
    Item("0.g", "Local occupancy", (
        Rule("lococcupancy", "median", ">=", 0.5, "Median of the local occupancy", "Parts of the molecule may be missing."),),
         note="Its mean inside the mask is 0.75 by construction, so that the service's rule hardly ever fails."),
    Item("0.h", "Hand", (
        Rule("hand", "wrong_probability", "<=", 0.5, "Probability that the hand is wrong", "Mirror the map."),),
         checks=("wrong_probability",), reported=(0.0, 5.0),
         note="Helices of the map are looked at in place of the network DeepHand."),
    Item("1.a", "Global resolution: FSC, phase residual, SSNR", (
        _ratio("fsc", "resolution", "that of the FSC"),
        _ratio("half_map_statistics", "resolution_dpr_random", "that of the phase residual"),
        _ratio("half_map_statistics", "resolution_ssnr_1", "that of the SSNR"))),
    Item("1.b", "Significance of the FSC", (
        _ratio("half_map_statistics", "resolution_fdr", "that of the FSC-FDR"),),
         checks=("half_maps_identical", "shells_beyond")),
    Item("1.c", "Local resolution: FSC of boxes", (_percentile("blocres"),)),
    Item("1.d", "Local resolution: ResMap", (_percentile("resmap"),)),
    Item("1.e", "Local resolution: MonoRes", (_percentile("monores"),)),
    Item("1.f", "Local resolution by direction: MonoDir", (
        _ratio("monodir", "radial_median", "the radial resolution of MonoDir"),), reported=(0.0, 10.0)),
    Item("1.g", "Fourier shell occupancy", (_ratio("directional_fsc", "fso_05", "that of the occupancy at 0.5"),),
         checks=("half_maps_identical", "empty_fraction", "noise_ratio", "reach_nyquist")),
    Item("1.h", "3DFSC", (_ratio("directional_fsc", "resolution_global", "that of the 3DFSC"),),
         checks=("half_maps_identical", "half_maps_masked", "fall_off_ratio")),
    Item("1.i", "Local resolution: filter bank", note="Not in the service's reports."),
    Item("A.a", "Map against model: correlation and FSC", (
        Rule("model_fit", "residues_low", "<=", 10.0, "Residues that correlate with the map by less than 0.5",
             "Look at these residues.", unit="%"),
        _ratio("mtriage", "d_fsc_model_05_near", "that of map against model at 0.5")),
         checks=("half_maps_identical", "fitting_origin", "model_voxel_off", "model_shift", "model_operation", "model_zscore",
                 "atoms_outside", "cc_mask", "residues_low", "inclusion_backbone", "model_correlation", "model_gap", "model_lead",
                 "reported_gap", "reported_lead", "b_excess"),
         note="The service correlates residues at the reported resolution or 3 Å, whichever is coarser."),
    Item("A.b", "Local correlation against that of the half-maps: FSC-Q", (
        Rule("fsc_q", "fsc_qr_high", "<=", 10.0, "Atoms whose FSC-Q is larger than 1.5 times the local resolution",
             "Look at these atoms.", unit="%"),),
         checks=("half_maps_identical", "residues_unexplained", "overfitted"), note="The service counts voxels around the atoms."),
    Item("A.c", "Several models in the map", (
        Rule("model_stability", "models_rmsd", "<=", 2.0, "Mean distance between two models",
             "The models come apart: the map does not hold them.", unit="Å"),),
         checks=("residues_without", "residues_unsteady", "residues_moved", "sides_off"),
         note="The service builds two models with Rosetta, and warns where their mean distance is more than 2 Å. cryoqa moves the model "
              "itself, shaken by 0.7 Å, so that its models cannot come so far apart; it judges each residue by what the local "
              "resolution allows."),
    Item("A.d", "Map against model: Guinier plots", (
        Rule("model_fit", "guinier_correlation", ">=", 0.5, "Correlation of the Guinier plots of map and model", "Sharpen the map less or "
             "more, or look at the B-factors of the model."),), checks=("guinier_correlation",)),
    Item("A.e", "Resolved atoms: Q-score", (
        Rule("q_score", "q_median", ">=", 0.1, "Median Q of the residues", "Hardly an atom stands where the density peaks."),),
         checks=("q_difference",),
         note="The service looks at no resolution; cryoqa compares with what is usual at that of the map."),
    Item("A.f", "Side chains: EMRinger", (
        Rule("emringer", "emringer_score", ">=", 1.0, "EMRinger score", "Side chains do not stand where the density around them peaks."),
        Rule("emringer", "max_z", ">=", 1.0, "Largest z of EMRinger", "Side chains do not stand where the density around them peaks.")),
         checks=("below_expectation",), note="cryoqa asks for a score of 1 where deposited models reach it, to 3.6 Å."),
    Item("A.g", "Sequence: is each residue the type that the map shows?", checks=("chains_foreign", "residues_shifted"),
         note="The service has the network DAQ here, for reported resolutions up to 5 Å, and warns below a mean of 0.5. The side-chain "
              "check takes its place; its log-odds are another score, so that this limit cannot be taken over."),
    Item("A.h", "Overfitting of the model",
         checks=("half_maps_identical", "gap_sigma"), note="Not in the service's reports."),
    Item("A.i", "Agreement along the chains: SMOC", checks=("centred_low", "centred_dips"), note="Not in the service's reports."),
    Item("A.j", "Geometry of the model", note="Not in the service's reports."),
    Item("A.k", "Residues to trust and to look at", checks=("omit", "trust", "largest_cluster"), note="Not in the service's reports."),
)


@dataclass(frozen=True)
class Judged:
    """One item with its verdicts: ``ours`` and ``service`` are outcomes of checks as in result documents."""

    item: Item
    status: str
    service_status: str
    summary: str
    ours: Tuple[Mapping[str, Any], ...] = ()
    service: Tuple[Mapping[str, Any], ...] = ()
    error: str = ""
    extra: Dict[str, Any] = field(default_factory=dict)


def judge(item: Item, documents: Mapping[str, Mapping[str, Any]], reported: Optional[float]) -> Judged:
    """The verdicts on an item from the result documents by capability; a document of an error has the key ``error``."""
    mine = [documents[c] for c in item.capabilities if c in documents]
    good = [d for d in mine if "error" not in d]
    if not good:
        return Judged(item, "error" if mine else "absent", "absent", "", error="; ".join(str(d["error"]) for d in mine))
    ours = _once(c for d in good for c in d.get("checks", ()) if _belongs(c["metric"], item))
    ours += reported_module.outcomes(item.id, documents, reported, REPORTED)
    service = _service(item, documents, reported)
    applies = reported is None or item.reported[0] <= reported <= item.reported[1]
    off = _follows_from_its_place(item) and off_its_map(documents)
    said = OFF_ITS_MAP if off else sentence(item.id, documents) or " ".join(str(d.get("summary", "")) for d in good)
    status = "skipped" if off and _worst(ours) != "fail" else _worst(ours)
    return Judged(item, status, "none" if not item.rules else "not applicable" if not applies else _worst(service), said,
                  tuple(ours), tuple(service if applies else ()))


def _follows_from_its_place(item: Item) -> bool:
    """Whether an item compares a model with a map, and does not say itself whether the one lies on the other."""
    rows = [row for row in CAPABILITIES if item.id in row.items]
    return item.level == "A" and item.id != "A.a" and any(row.any_of or set(row.needs) - {"model"} for row in rows)


def judge_all(items: Sequence[Item], documents: Mapping[str, Mapping[str, Any]], reported: Optional[float]) -> List[Judged]:
    """The verdicts on the items, and behind them on each capability that none of them asks, as an item of its own."""
    asked = {capability for item in items for capability in item.capabilities}
    return ([judge(item, documents, reported) for item in items]
            + [_of_capability(c, d) for c, d in documents.items() if c not in asked and "error" not in d])


def _of_capability(capability: str, document: Mapping[str, Any]) -> Judged:
    """The verdict on a capability as an item of its own."""
    checks = tuple(document.get("checks", ()))
    item = Item(capability, str(document.get("title", capability)))
    return Judged(item, _worst(checks), "none", str(document.get("summary", "")), checks)


def _belongs(metric: str, item: Item) -> bool:
    """Whether a check of an item's capability is the item's own; what is wrong with the half-maps is wrong with all that uses them."""
    return not item.checks or metric in item.checks or item.level == "1" and metric.startswith("half_maps_")


def _once(outcomes: Iterable[Mapping[str, Any]]) -> List[Mapping[str, Any]]:
    """Outcomes without those that say again what another capability said before them."""
    return list({(c["metric"], c["status"], c["sentence"]): c for c in outcomes}.values())


def _worst(outcomes: Sequence[Mapping[str, Any]]) -> str:
    """The worst status of those that have a verdict; ``none`` without checks."""
    known = [c["status"] for c in outcomes if c["status"] != "skipped"]
    return worst(known) if known else "skipped" if outcomes else "none"


def _service(item: Item, documents: Mapping[str, Mapping[str, Any]], reported: Optional[float]) -> List[Dict[str, Any]]:
    out = []
    for rule in item.rules:
        document = documents.get(rule.capability, {})
        check = Check(rule.metric, rule.op, rule.limit, rule.title, "", rule.advice, reference=SERVICE)
        out += evaluate((check,), {rule.metric: dict(value=_value(rule, document, reported), unit=rule.unit)})
    return out


def _value(rule: Rule, document: Mapping[str, Any], reported: Optional[float]) -> Optional[Any]:
    if rule.how == "percentile":
        return None if reported is None else percentile(document.get("curves", {}).get(rule.metric), reported)
    value = document.get("metrics", {}).get(rule.metric, {}).get("value")
    if rule.how == "reported_over":
        return reported / value if reported is not None and value else None
    return -value if rule.how == "negative" and value is not None else value


def percentile(histogram: Optional[Mapping[str, Sequence[float]]], value: float) -> Optional[float]:
    """Percentage of a histogram (``x`` the middles of its bins, ``y`` the counts) below ``value``; None without one."""
    if not histogram or len(histogram["x"]) < 2:
        return None
    total = sum(histogram["y"])
    half = 0.5 * (histogram["x"][1] - histogram["x"][0])
    below = sum(n * min(max((value - (x - half)) / (2 * half), 0.0), 1.0) for x, n in zip(histogram["x"], histogram["y"]))
    return 100.0 * below / total if total else None
