"""Steps of map_symmetry: the groups of a map, what the noise and the copies say of them, and the maps that come of it."""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Tuple

import numpy as np

from ...core import symmetry_local
from ...core.pose_bands import Prepared, points, prepare
from ...core.symmetry_axes import BEGINS, AxisTest, Search, search, search_end
from ...core.symmetry_groups import EXACT, Pose, candidates, group_name
from ...core.symmetry_local import IMPOSED, NOT_IMPOSED
from ...core.symmetry_verdict import Bands, Verdict, exact_part, judged
from ...errors import InputError
from ...io.symmetry import point_group
from ...progress import Progress, part
from ...study import Study
from ...study.halves import is_cut

_PLACES = 4000
_LEAST = 1.8                          # the search ends at detail so many times finer than it begins
_VOXELS = 3.0                         # resolution of a map alone, where its solvent tells none


class Found(NamedTuple):
    """Groups of a map: the ``exact`` one, and a ``larger`` one that is not; None where there is none. ``search`` for axes."""

    exact: Optional[Verdict]
    larger: Optional[Verdict]
    search: Search

    @property
    def widest(self) -> Optional[Verdict]:
        """The larger group where its copies are alike, else the exact one, else the larger."""
        return self.alike or self.larger

    @property
    def alike(self) -> Optional[Verdict]:
        """The group whose copies can be compared: the larger one where they are alike, else the exact one."""
        return self.larger if self.larger is not None and self.larger.kind == "approximate" else self.exact


def prepared_maps(study: Study, resolution: Optional[float]) -> Tuple[Prepared, bool]:
    """The half-maps, or the map alone, in their mask.

    Parameters
    ----------
    study
        The inputs.
    resolution
        Where detail ends (Å), when it is given.

    Returns
    -------
    tuple
        What the search works on, and whether it is of two half-maps.

    Raises
    ------
    InputError
        The molecule is too small for the detail that the map holds.
    """
    two = study.has_halves and not study.half_maps.identical
    used, voxel = study.used_mask, study.grid.voxel_size
    if two:
        made = prepare(study.half1.data, study.half2.data, used.data, voxel, resolution)
    else:
        made = prepare(study.density.data, None, used.data, voxel, resolution or _alone(study))
    return made, two


def _alone(study: Study) -> float:
    least = _VOXELS * max(study.grid.voxel_size)
    if study.has_halves or is_cut(study.density.data):
        return least
    try:
        return max(study.resolution, least)
    except InputError:                                       # its solvent tells nothing
        return least


def too_coarse(made: Prepared) -> bool:
    """Whether the detail that a search needs is not there.

    Parameters
    ----------
    made
        The half-maps.

    Returns
    -------
    bool
        The band of the search would be too narrow.
    """
    return _LEAST * search_end(made) > BEGINS * made.radius


def groups(made: Prepared, progress: Progress) -> Found:
    """The exact group of a map, and a larger one that is not exact.

    Parameters
    ----------
    made
        The half-maps.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    Found
        Groups that stand out of false rotations. Tried are the largest group whose operators all correlate by
        0.8 of what the half-maps do, the largest at 0.3, and the one that correlates best.

    Raises
    ------
    InputError
        The molecule is too small for the detail that the map holds.
    """
    looked = search(made, part(progress, 0.0, 0.6))
    if not looked.axes:
        return Found(None, None, looked)
    test = AxisTest(looked.band, points(made, _PLACES, 1), made.radius)
    likely = candidates(looked.axes, test, lambda name: point_group(name).operators[:, :, :3])
    best: List[Pose] = [p for p, v in likely if v > EXACT * looked.whole][:1] + [p for p, _ in likely][:1]
    best += [p for p, v in sorted(likely, key=lambda f: -f[1])][:1]
    bands, exact, larger = Bands(made, looked), None, None
    for number, pose in enumerate({p.name: p for p in best}.values()):
        progress(0.6 + 0.12 * number, f"bands of {pose.name}")
        if exact is not None and pose.order <= exact.pose.order:
            continue
        verdict = judged(pose, bands)
        held = _exact(verdict, bands)
        if held is not None and (exact is None or held.pose.order > exact.pose.order):
            exact = held
        if (held is None or held.pose.order < pose.order) and _better(verdict, larger):
            larger = verdict
    if exact is not None and larger is not None and larger.pose.order <= exact.pose.order:
        larger = None
    return Found(exact, larger, looked)


def _exact(verdict: Verdict, bands: Bands) -> Optional[Verdict]:
    """The verdict on the largest exact group within one, its pose refined by its own operators."""
    while True:
        kept = exact_part(verdict)
        if kept is None:
            return None
        if kept.order == verdict.pose.order:
            return verdict if verdict.sure else None
        verdict = judged(kept, bands)


def _better(verdict: Verdict, other: Optional[Verdict]) -> bool:
    """Whether a group that is not exact is worth more than another: alike copies first, then more of them."""
    if verdict.kind == "exact" or not verdict.rest_sure:
        return False
    return other is None or (verdict.kind == "approximate", verdict.pose.order) > (other.kind == "approximate", other.pose.order)


def repeats(study: Study, made: Prepared, two: bool, found: Found) -> Optional[np.ndarray]:
    """Correlation of the noise with its copy by each operator of the widest group.

    Parameters
    ----------
    study
        The inputs.
    made, two, found
        Of :func:`prepared_maps` and :func:`groups`.

    Returns
    -------
    ndarray or None
        float64 [n - 1]; None without a group, and where the map alone has no noise around the molecule.
    """
    if found.widest is None:
        return None
    if two:
        return symmetry_local.noise_repeats(made, found.widest.pose, found.search.band.fine)
    if study.used_mask.source == "none":
        return None
    return symmetry_local.solvent_repeats(study.density.data, study.used_mask.data, study.grid.voxel_size, found.widest.pose,
                                          found.search.band.fine)


def imposed_group(pose: Pose, noise: np.ndarray) -> Tuple[Optional[str], int]:
    """The group that the reconstruction imposed, by its name, and the number of its operators.

    Parameters
    ----------
    pose
        The group of the operators.
    noise
        Of :func:`repeats`.

    Returns
    -------
    tuple
        ``none`` and 1 where the noise repeats by no operator; None and 1 where that is not known. A power of an operator by which the
        noise repeats is imposed with it, whatever the interpolation left of its noise.
    """
    strong = np.concatenate([[True], np.nan_to_num(noise, nan=0.0) > IMPOSED])
    held = generated(pose, strong)
    if held.sum() > 1:
        return group_name(pose.rotations[held]), int(held.sum())
    return ("none" if np.all(noise < NOT_IMPOSED) else None), 1


def generated(pose: Pose, some: np.ndarray) -> np.ndarray:
    """Which operators of a group some of them make, bool [n].

    Parameters
    ----------
    pose
        The group.
    some
        Which are given, bool [n].

    Returns
    -------
    ndarray
        bool [n], the identity included.
    """
    out = np.array(some, dtype=bool)
    out[0] = True
    while True:
        products = np.einsum("aij,bjk->abik", pose.rotations[out], pose.rotations[out]).reshape(-1, 3, 3)
        away = np.abs(products[:, None] - pose.rotations[None]).max(axis=(2, 3))
        more = out.copy()
        more[np.unique(np.argmin(away, axis=1))] = True
        if (more == out).all():
            return out
        out = more


def highest(noise: np.ndarray) -> Optional[float]:
    """The highest correlation of the noise with its copy.

    Parameters
    ----------
    noise
        Of :func:`repeats`.

    Returns
    -------
    float or None
        None where no operator moves enough places.
    """
    return float(np.nanmax(noise)) if np.isfinite(noise).any() else None
