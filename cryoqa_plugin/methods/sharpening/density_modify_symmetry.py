"""Symmetry that the reconstruction did not use: its operators tested by the half-maps, and copies as further estimates of the signal."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np

from ...core import conditional, symmetry_copies
from ...core import density_modification as modification
from ...core.conditional import ConditionalMeans
from ...core.fourier import Geometry
from ...core.symmetry_copies import Likeness
from ...core.symmetry_groups import axis_of
from ...io.symmetry import Symmetry
from ...progress import Progress
from ...results import Column, Table
from ...study import Study
from ...study.symmetry_place import PlacedSymmetry, placed

FITS = 0.7                            # likeness of copies over that of the half-maps, below which averaging them gains hardly anything
IMPOSED = 0.5                         # correlation of the noise with its copy, above which the symmetry was imposed
_APART = 2.0                          # times the finest resolution, by which a place must be moved to tell anything
_STATES = ("used", "does not fit", "imposed", "cannot be tested")


class Tested(NamedTuple):
    """Operators, the identity left out, and what the half-maps say of each.

    ``place`` has all operators in the box; ``likeness`` is that of those after the first; ``states`` a word for each of them.
    """

    symmetry: Symmetry
    place: PlacedSymmetry
    likeness: Likeness
    states: Tuple[str, ...]

    @property
    def used(self) -> np.ndarray:
        """Which are used, bool [n - 1]."""
        return np.array([s == "used" for s in self.states], dtype=bool)


def add_copies(study: Study, found: ConditionalMeans, geo: Geometry, resolution: float, part: float, progress: Progress
               ) -> Tuple[ConditionalMeans, Dict[str, Any]]:
    """The estimates with those that the mean over all copies gives, where the half-maps confirm a symmetry.

    Parameters
    ----------
    study
        The half-maps and ``symmetry``.
    found
        The estimates without copies.
    geo
        Their shells.
    resolution
        Of the half-maps without a mask (Å).
    part
        Part of the box that is molecule; it sizes the mask that says where copies are.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    tuple
        The estimates, unchanged where no operator is used, and fields of the result: none without a symmetry.

    Notes
    -----
    Copies are averaged in each half-map on its own, so that its noise stays independent of the other one, and not where they differ. Their
    estimates join the plain ones in the regression: a symmetry that is wrong gets no weight there.
    """
    if study.symmetry is None:
        return found, {}
    even, voxel = found.bases[0], study.grid.voxel_size
    progress(0.0, "symmetry")
    inside = conditional.own_mask(study.average.data, voxel, part)
    test = tested(study.symmetry, study, found, inside)
    fields = _fields(test)
    if not test.used.any():
        return found, fields
    chosen = symmetry_copies.in_voxels(symmetry_copies.with_inverses(test.place.operators[1:][test.used]), voxel)
    progress(0.2, "mean over copies")
    mean = symmetry_copies.averaged(even, chosen, inside)
    apart = symmetry_copies.differing(even, mean, 1 + len(chosen), inside, voxel)
    if apart.any():
        mean = symmetry_copies.averaged(even, chosen, inside, apart)
    fields["copies_differ"] = float(np.mean(apart[inside >= 0.5] >= 0.5))
    made = conditional.estimates(mean, geo, voxel, found.finest, resolution, lambda share, text: progress(0.3 + 0.6 * share, text), even)
    both = conditional.with_bases(found, made, geo)
    fields["gain_copies"] = modification.judged(both, geo).mean - modification.judged(found, geo).mean
    return both, fields


def tested(symmetry: Symmetry, study: Study, found: ConditionalMeans, inside: np.ndarray) -> Tested:
    """What the half-maps say of the operators of a symmetry, in the place in the box where most of them fit.

    Parameters
    ----------
    symmetry
        The operators.
    study
        The half-maps.
    found
        Estimates of the signal, whose first are the half-maps with an even spectrum.
    inside
        Where the molecule is, float32 [z, y, x].

    Returns
    -------
    Tested
        A state for each operator but the first. Where the noise repeats by every operator that fits, they are imposed; where by some, those
        add nothing, but belong to the mean over copies.
    """
    voxel, places = study.grid.voxel_size, placed(symmetry, study.grid)
    count = symmetry.order - 1
    every = symmetry_copies.in_voxels(np.concatenate([p.operators[1:] for p in places]), voxel)
    whole = symmetry_copies.likeness(found.bases[0], every, inside, _APART * found.finest / min(voxel))
    parts = [Likeness(*(v[i * count:(i + 1) * count] for v in whole)) for i in range(len(places))]
    best = max(range(len(places)), key=lambda i: (int(np.sum(parts[i].relative >= FITS)), -i))
    return Tested(symmetry, places[best], parts[best], _states(parts[best]))


def _states(likeness: Likeness) -> Tuple[str, ...]:
    fits = likeness.relative >= FITS
    all_imposed = bool(fits.any()) and bool(np.all(likeness.noise[fits] > IMPOSED))
    words = np.where(fits, "imposed" if all_imposed else "used", np.where(np.isnan(likeness.cross), "cannot be tested", "does not fit"))
    return tuple(str(w) for w in words)


def _fields(test: Tested) -> Dict[str, Any]:
    """Fields of the result that say what was tested."""
    counts = {state: test.states.count(state) for state in _STATES}
    relative = test.likeness.relative
    known = relative[np.isfinite(relative)]
    shown = relative[test.used] if test.used.any() else known
    out: Dict[str, Any] = dict(
        symmetry_name=test.symmetry.name or f"{test.symmetry.order} copies", symmetry_place=test.place.name or None,
        operators_used=counts["used"], operators_imposed=counts["imposed"],
        operators_refused=counts["does not fit"] + counts["cannot be tested"], operators=_table(test))
    if shown.size:
        out.update(copies_likeness=float(np.min(shown) if test.used.any() else np.max(shown)))
    noise = test.likeness.noise[np.isfinite(relative) & (relative >= FITS)]
    if noise.size:
        out.update(noise_repeats=float(np.max(noise)))
    return out


def _table(test: Tested) -> Table:
    rows: List[Tuple[Any, ...]] = []
    for number, operator in enumerate(test.place.operators[1:]):
        angle, axis = _turn(operator[:, :3])
        cross, own, noise, relative = (_number(v[number]) for v in (*test.likeness, test.likeness.relative))
        rows.append((number + 2, round(angle, 2), axis, cross, own, relative, noise, test.states[number]))
    return Table((Column("operator", "", "its number; 1 is the identity"), Column("angle", "°"), Column("axis", "", "x, y, z"),
                  Column("correlation", "", "of a copy of one half-map with the other"),
                  Column("half-maps", "", "correlation of the half-maps in the same places"),
                  Column("likeness", "", "the first over the second: 1 for an exact symmetry"),
                  Column("noise", "", "correlation of the noise with its copy: near 1 where the symmetry was imposed"),
                  Column("state", "")), tuple(rows))


def _number(value: float) -> Any:
    return float(value) if np.isfinite(value) else None


def _turn(rotation: np.ndarray) -> Tuple[float, str]:
    """Angle in degrees and axis of a rotation; of no rotation no axis."""
    axis, angle = axis_of(rotation)
    if abs(angle) < 0.01:
        return abs(angle), ""
    return angle, ", ".join(f"{v + 0.0:.3f}" for v in np.round(axis, 3))


def sentence(values: Dict[str, Any]) -> str:
    """What copies were averaged.

    Parameters
    ----------
    values
        Fields of the result.

    Returns
    -------
    str
        One sentence with a blank after it; empty where none were.
    """
    used, refused = values.get("operators_used"), values.get("operators_refused")
    if not used:
        return ""
    which = f"{used} of the {used + refused} operators" if refused else f"all {used} operators" if used > 1 else "the operator"
    return (f"Copies were averaged in each half-map by {which} of the symmetry ({values['symmetry_name']}), which the reconstruction had "
            f"not used; this added {values['gain_copies']:.3f} to the gain. ")


def _unused(values: Dict[str, Any]) -> str:
    """Why no copies were averaged."""
    label = f"The symmetry ({values['symmetry_name']})"
    if values["operators_imposed"]:
        return (f"{label} is in the half-maps already: their noise repeats by it (correlation {values['noise_repeats']:.2f}). Copies would "
                "add nothing, and were not averaged.")
    if not values["operators_refused"]:
        return f"{label} has no operator beside the identity: there are no copies."
    best = values.get("copies_likeness")
    why = "" if best is None else f" (likeness {max(best, 0):.2f} at best, where 1 is exact)"
    return f"{label} does not fit the half-maps{why} and was not used; check its axes, its centre and the origin of the map."


def warnings(values: Dict[str, Any], study: Study) -> List[str]:
    """What to know of a symmetry that was given.

    Parameters
    ----------
    values
        Fields of the result.
    study
        The inputs.

    Returns
    -------
    list of str
        A sentence each.
    """
    if values.get("symmetry_name") is None:
        return []
    out = list(study.symmetry.warnings)
    if values["operators_imposed"] or not values["operators_used"]:
        return [*out, _unused(values)]
    if values["operators_refused"]:
        table = values["operators"]
        numbers = ", ".join(str(row[0]) for row in table.rows if row[-1] not in ("used", "imposed"))
        out.append(f"Of the operators of the symmetry these do not fit the half-maps and were not used: {numbers}.")
    if values["symmetry_place"]:
        what = "about another point than the box centre" if study.symmetry.centred else "with another origin than the map has"
        out.append(f"The operators of the symmetry fit {what} ({values['symmetry_place']}), and were taken so.")
    if values["copies_differ"]:
        out.append(f"The copies differ from each other in {100 * values['copies_differ']:.2g} % of the molecule, by a ligand or another "
                   "conformation: there they were not averaged.")
    return out
