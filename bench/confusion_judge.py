"""Judging: which cause a sentence names, and whether that is so.

A sentence is given to the first cause whose words it holds; a check that is not met to the cause that its metric stands for. Names of
files, and the advice of a check, are no findings.
"""
import re
from collections import namedtuple

from confusion_rows import all_rows

# cause -> what names it in a sentence; a sentence belongs to the first that matches
WORDS = {
    "voxel_note": r"voxel size is exactly 1 Å",
    "made_mask": r"No mask was given: one was made",
    "copies": r"copies of each other",
    "moved": r"half-map 2 is (moved|shifted)|half-maps are (not aligned|shifted)|[Hh]alf-maps (do not )?lie on each other",
    "inverted": r"(same way round|mirror or sign)[^.]*invert|contrast (of|is) [^.]*invert|inverted",
    "turned": r"(same way round|mirror or sign)[^.]*(mirror|reversed|turned|swapped)|mirror image of the other|"
              r"half-maps differ by more than noise",
    "no_signal": r"share no signal|no signal (in common|at all)|nothing but noise|half-maps do not match|nothing lies above the "
                 r"noise|(drowned|hidden) in noise|"
                 r"(hold|there is|have) no (common )?signal",
    "sphere_fault": r"(masked|cut|multiplied) (by|with|to) a (soft )?sphere|soft sphere",
    "low_pass": r"low-?passed|low-pass filter|(map is|maps are|was|were) filtered",
    "oversharp": r"(already|over-?) ?sharpened|sharpened (already|before)|(were|are|to be) sharpened|sharper than|amplitudes rise|"
                 r"rise with resolution",
    "damped": r"damped|solvent (was|is|has been) (weakened|suppressed|flattened)|noise (of|in) the solvent (was|is) (weakened|taken)",
    "masked": r"half-maps? (is|are|seem to be|was|were) (masked|cut)|[Hh]alf-maps are masked|[Nn]oise near the box faces|before masking|"
              r"map was masked",
    "sphere": r"largest sphere|inside (that|the) sphere",
    "shared_noise": r"share[sd]? (some |a part of |part of |[\d.]+ % of )?(the(ir)? )?(same )?noise|shared noise|common noise|"
                    r"correlated noise|noise[^.]* (is|are) (common|correlated|shared|the same)|not independent|noise[^.]* in common",
    "views": r"[Pp]referred orientation|views? (are |is )?missing|missing views|(hold|holds) nothing|(is|are) empty|empty "
             r"(direction|part|cone)|no views|"
             r"directions? [^.]*(empty|without)|noise[^.]* direction|[Ff]ew(er)? views",
    "anisotropic": r"anisotrop|falls? off faster along|along the slowest axis|same in all directions: no|worst (direction|along|is along)|"
                   r"depends on direction",
    "scale": r"differ in scale|have one scale|scale of (the )?half",
    "uneven_noise": r"[Nn]oise varies|noise (is|grows|falls|seems) [^.]*(uneven|stronger|to the rim|inside)|"
                    r"not (represent|stand for|have) the noise",
    "voxel_size": r"voxel size[^.]*(fits|better|wrong|smaller|larger|agrees)|another voxel size|voxels of [\d.]+ Å (fit|agree)",
    "hand": r"\bhand\b[^.]*(wrong|left|mirror)|wrong hand|[Pp]robability that the hand|mirror image of the (map|model)",
    "register": r"register|one residue (on|further|along|out)",
    "model_moved": r"(moved|shift(ed)?) by [^.]*(fits?|agrees?|correlat)|fits?[^.]* better[^.]*(moved|shift)|"
                   r"model[^.]* (is|lies|seems) (shifted|moved)",
    "contour_high": r"contour[^.]*too high|[Ll]ower the contour|less than the (volume|mass)",
    "contour_low": r"contour[^.]*too low|[Rr]aise the contour|more than the (volume|mass)",
    "reported": r"reported resolution[^.]*(finer|too fine|below|over|beyond)|finer than the (map|half-maps|data)|[Rr]eported resolution",
    "mask_tight": r"mask is too (tight|sharp)|[Pp]hase-randomised FSC|[Uu]nmasked curve reaches further",
    "helical": r"helix|helical|filament|goes on through the faces",
    "occupancy": r"occupanc",
    "off_centre": r"middle of the box|box centre|off centre|[Ss]pace between the molecule|centre of mass",
    "unmodelled": r"not built|unmodelled|not explained by the model|beyond the model",
    "unfit": r"does not correlate with the map|model and map belong together|belong together and (lie on each other|are superposed)",
    "cell": r"made for a unit cell",
    "left_out": r"lie outside of the map",
    "background": r"background"}
METRICS = {                                                          # check that is not met -> cause
    "half_maps_identical": "copies", "half_maps_shift": "moved", "half_maps_scale": "scale", "half_maps_masked": "masked",
    "half_maps_likeness": "no_signal", "half_maps_signal": "no_signal", "half_maps_damped": "damped", "half_maps_filtered": "low_pass",
    "half_maps_share_noise": "shared_noise", "shares_in_mask": "shared_noise", "empty_fraction": "views", "noise_ratio": "views",
    "solvent_noise_ratio": "masked", "isotropic": "anisotropic", "area_ratio": "anisotropic", "fall_off_ratio": "anisotropic",
    "bfactor": "oversharp", "b_excess": "oversharp", "reaches_nyquist": "nyquist", "tail_fsc": "nyquist",
    "nyquist_fraction": "nyquist", "reach_nyquist": "nyquist", "random_fsc_at_resolution": "mask_tight", "rise_at_end": "rise",
    "unmasked_reaches_further": "mask_tight", "wrong_probability": "hand", "model_gap": "model_lags", "model_lead": "model_leads",
    "model_zscore": "unfit", "cc_mask": "unfit", "model_correlation": "unfit", "atoms_outside": "unfit", "residues_low": "unfit",
    "inclusion_backbone": "unfit", "guinier_correlation": "unfit", "noise_spread": "uneven_noise", "finer_percent": "reported",
    "representative": "uneven_noise", "model_operation": "hand", "model_shift": "model_moved", "model_voxel_off": "voxel_size",
    "residues_shifted": "register", "reported_resolution": "reported", "decentring": "off_centre", "space_min_percent": "space",
    "mass_offset": "off_centre", "pieces_95": "contour_low",
    "remaining_percent": "contour_low", "fraction_partial": "occupancy", "background_mean": "background", "outliers_percent": "background",
    "unevenness": "local_spread", "unresolved_fraction": "unresolved", "significant_fraction": "unsure", "returns_above": "dips",
    "d_fsc_falls": "dips"}
ALWAYS = ("voxel_note", "made_mask")                                 # right wherever they stand
NEGATED = re.compile(r"(?i)[^.]*\b(no sign of|none found|none was found|no [a-z ]*(?:was|were) found|not found)\b[^.]*\.")
NEVER = "(?!)"
# what a summary must not claim where this is the right cause
CLAIMS = {"views_z": r"about the same in all directions|no sign of preferred", "no_signal": r"agree to [\d.]+ Å|local resolution (at|of)",
          "copies": r"agree to [\d.]+ Å"}
# columns that can see a cause, by which the columns are judged
_HALVES = ("fsc", "fsc, no mask", "mtriage", "directional", "directional, no mask", "local_fsc", "validate")
_DIRECTIONS, _MODEL = ("directional", "directional, no mask", "validate"), ("mtriage", "model_fit", "validate")
_CONTOUR = ("contour", "model_fit", "validate")
SEEN_BY = {"views_z": _DIRECTIONS, "anisotropic": _DIRECTIONS, "shared_noise": ("fsc", "fsc, no mask", "mtriage", "local_fsc", "validate"),
           "oversharp": ("fsc", "fsc, no mask", "mtriage"), "hand": ("hand", "model_fit", "validate"), "unfit": _MODEL,
           "model_moved": _MODEL, "register": ("side_chain_check", "validate"), "voxel_size": _MODEL, "contour_high": _CONTOUR,
           "contour_low": _CONTOUR, "reported": ("map_resolution", "validate")}

Said = namedtuple("Said", "where cause text")                        # where: warning, check <metric>, summary, error
Cell = namedtuple("Cell", "outcome named false")                     # outcome: named, silent, wrong; for good rows right, false
Verdict = namedtuple("Verdict", "row seed outcome cells false score")


def plain(text):
    """A sentence without names of files."""
    text = re.sub(r"\(\s*/[^()]*\)", "", text)
    return re.sub(r"(\S*/)+\S+\.(mrc|pdb|cif)\S*,?\s*", "", text).strip(" :")


def cause_of(text, metric=None):
    """The cause that a sentence names; ``other`` when it names none."""
    if metric in METRICS:
        return METRICS[metric]
    return next((cause for cause, words in WORDS.items() if re.search(words, text, re.I)), "other")


def said(cell):
    """What a capability said that is not all well: one Said each."""
    out = [Said("error", cause_of(plain(cell["error"])), plain(cell["error"]))] if "error" in cell else []
    for sentence in cell["warnings"]:
        text = plain(sentence)
        out.append(Said("warning", cause_of(text), text))
    for check in cell["checks"]:
        text = plain(check["sentence"].replace(check["advice"], "")) if check["advice"] else plain(check["sentence"])
        text = f"{text} [{check['advice']}]" if check["advice"] else text
        out.append(Said(f"check {check['metric']}", cause_of(text, check["metric"]), text))
    return out


def axes_of(text):
    """Cosines to z of the directions that a sentence names as axes of a fault."""
    text = re.sub(r"\b([xyz]|along [xyz]) (is|are) (the )?best|best (about|along|direction,?)? ?[xyz]?\b", "", text)
    named = [0.0 if a in "xy" else 1.0 for a in re.findall(r"(?:about|along|near|around|of|from|to|and) ([xyz])\b", text)]
    found = [tuple(map(float, v)) for v in re.findall(r"\((-?\d\.\d+), (-?\d\.\d+), (-?\d\.\d+)\)", text)]
    return named + [abs(v[2]) / max(sum(c * c for c in v) ** 0.5, 1e-9) for v in found]


def _names(cause, one):
    """Whether what was said names a cause."""
    if cause == "views_z":
        return one.cause in ("views", "anisotropic") and any(c > 0.96 for c in axes_of(one.text))               # within 16 degrees
    return one.cause == cause or bool(re.search(WORDS.get(cause, NEVER), one.text.split(" [")[0], re.I))


def _summary(cell):
    text = NEGATED.sub("", plain(cell["summary"]))
    return Said("summary", cause_of(text), text)


def judge_cell(row, cell, truth=None):
    """Outcome of a column for a row."""
    found, summary = said(cell), _summary(cell)
    if row.good:
        false = [s for s in found if s.cause not in row.also + ALWAYS]
        return Cell("false" if false else "right", [], false)
    right = {*row.right, *row.also, *ALWAYS} | ({"views", "anisotropic"} if "views_z" in row.right else set())
    named = [s for s in [*found, summary] if any(_names(c, s) for c in row.right)]
    false = [s for s in found if s not in named and s.cause not in right] + _claims(row, cell, summary, truth or {})
    return Cell("named" if named else "wrong" if false else "silent", named, false)


def _claims(row, cell, summary, truth):
    """What a summary or a number of a bad row claims that cannot be."""
    out = [Said("summary", "claim", cell["summary"]) for c in row.right if re.search(CLAIMS.get(c, NEVER), cell["summary"])]
    if "views_z" in row.right and summary.cause in ("views", "anisotropic"):
        axes = axes_of(summary.text)
        out += [Said("summary", "axis", cell["summary"])] if axes and max(axes) < 0.87 else []
    number = cell["metrics"].get("resolution")
    if "edge" in truth and isinstance(number, float) and number < 0.97 * truth["edge"]:
        out.append(Said("number", "finer than the filter", f"{number:.2f} Å, the half-maps are low-passed at {truth['edge']:.2f} Å"))
    return out


def judge_row(row, finding):
    """Verdict on a row from its findings."""
    cells = {name: judge_cell(row, cell, finding.get("truth")) for name, cell in finding["columns"].items()}
    outcomes = [c.outcome for c in cells.values()]
    if row.good:
        outcome = "false" if "false" in outcomes else "right"
    else:
        outcome = "named" if "named" in outcomes else "wrong" if "wrong" in outcomes else "silent"
    false = [(name, s) for name, c in cells.items() for s in c.false]
    return Verdict(row, finding["seed"], outcome, cells, false, score_of(finding["columns"].get("validate")))


def score_of(cell):
    """Score of a validation, None without one."""
    return (cell or {}).get("document", {}).get("trust", {}).get("score")


def judge(findings):
    """A Verdict for each row that was run, good ones first."""
    rows = {r.name: r for r in all_rows()}
    out = [judge_row(rows[f["row"]], f) for f in findings.values() if f["row"] in rows]
    return sorted(out, key=lambda v: not v.row.good)


def totals(verdicts):
    """Counts over the rows, those that limits were set on left out: bad ones, named, with a false word; good ones, with a false word."""
    judged = [v for v in verdicts if not v.row.tuned]
    good, bad = [v for v in judged if v.row.good], [v for v in judged if not v.row.good]
    scores = [[v.score for v in group if v.score is not None] for group in (good, bad)]
    cells = [c for v in good for c in v.cells.values()]
    return dict(good=len(good), good_false=sum(v.outcome == "false" for v in good),
                bad=len(bad), named=sum(v.outcome == "named" for v in bad),
                bad_silent=sum(v.outcome == "silent" for v in bad), bad_wrong=sum(v.outcome == "wrong" for v in bad),
                named_and_false=sum(v.outcome == "named" and bool(v.false) for v in bad),
                good_cells=len(cells), good_cells_false=sum(c.outcome == "false" for c in cells),
                good_scores=[min(scores[0]), max(scores[0])] if scores[0] else None,
                bad_scores=[min(scores[1]), max(scores[1])] if scores[1] else None)


def by_column(verdicts):
    """For each column: bad rows whose cause it can see, how many it names, good rows, how many it says something false of."""
    out = {}
    for v in (v for v in verdicts if not v.row.tuned):
        for name, cell in v.cells.items():
            one = out.setdefault(name, dict(seen=0, named=0, good=0, false=0))
            if v.row.good:
                one["good"] += 1
                one["false"] += cell.outcome == "false"
            elif any(name in SEEN_BY.get(c, _HALVES) for c in v.row.right):
                one["seen"] += 1
                one["named"] += cell.outcome == "named"
    return out
