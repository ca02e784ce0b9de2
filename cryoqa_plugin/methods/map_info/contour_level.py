"""The contour level of :mod:`.contour`: from the noise of the map and the volume that the molecule should fill, with its interval."""
from __future__ import annotations

from typing import Any, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...core import masks
from ...core.robust import GAUSSIAN
from ...io.maps import Map
from ...study import Study
from ...study.confident import ConfidentLevel
from ...study.mask import contour, drop_small
from ...study.masses import PROTEIN, Mass, mass_of_model, mass_of_sequences
from .contour_background import SAMPLE, median_and_sd

FITS, HIGH, LOW, DROWNED = "fits", "too high", "too low", "drowned in noise"
LEAST, MOST = 0.6, 1.25                                      # of the volume at the suggested level: the interval of levels
_OUTSIDE_SHARE = 0.02                                        # of the voxels above the suggested level, outside of the molecule
NOISY_SHARE = 0.1                                            # the same above the lowest level of the interval
_STEPS = 33                                                  # between the lowest and the suggested level, at which noise is looked for
_MOSTLY = 0.5                                                # of what is above the suggested level: there noise hides the molecule
_FILLING = 0.5                                               # of the low-passed molecule that the level may enclose
_BINS = 4000                                                 # between the median of the map and its maximum: steps of 1/4000 of them
_SMALL = 0.02                                                # parts of the low-passed map smaller than this, of the largest, are none of it
_REACH = 3.5                                                 # Å from its atoms to which density belongs to a model
_SIGMAS, _NO_SOLVENT_SIGMAS = 4.0, 2.5                       # above the median, where the molecule is not told from its solvent
_BY_VOLUME = 0.5                                             # of these, where an expected volume tells more than such noise
_LEAST_ANYWHERE = 0.3                                        # in place of LEAST there
_ZEROS = 0.4                                                 # of the box, from which a map was masked
_BY_CHANCE, _FEW = 1.6e-4, 30                                # voxels above 4 standard deviations: five times those of a Gaussian, and some
_DROWNED = 0.2                                               # of the volume of a model, that must stand out from the noise
_ON_DENSITY = 0.5                                            # of the density of a molecule in the box that a model must claim, or its own


class Target(NamedTuple):
    """What the contour should hold: ``mass`` of a model or of sequences times ``copies``, ``near`` where its atoms are (bool [z, y, x],
    None for sequences), ``source`` in words."""

    mass: Mass
    near: Optional[np.ndarray]
    source: str


class Levels(NamedTuple):
    """The ``suggested`` level, the ``lowest`` and ``highest`` that show the molecule, and what bounds the suggested one.

    ``source`` is ``expected volume`` (of a model or sequence), ``filling`` (half of the low-passed molecule) or ``noise``; ``held`` the
    volume (Å³) at the suggested level, near the model where there is one; ``drowned`` tells that the noise hides most of the model.
    """

    suggested: float
    lowest: float
    highest: float
    source: str
    held: float
    drowned: bool

    def verdict(self, level: float) -> str:
        """What is said of a level: ``fits``, ``too high``, ``too low``, or ``drowned in noise`` where none fits.

        Parameters
        ----------
        level
            In the unit of the map.

        Returns
        -------
        str
            One of these words.
        """
        if level > self.highest:
            return HIGH
        if level < self.lowest:
            return LOW
        return DROWNED if self.drowned else FITS


def above_noise(levels: Levels, known: Optional[ConfidentLevel], data: np.ndarray) -> Levels:
    """Levels whose interval ends where the half-maps say that noise begins.

    Parameters
    ----------
    levels
        Found from the map.
    known
        What the noise of the half-maps says; None where it says nothing.
    data
        The map, float32 [z, y, x].

    Returns
    -------
    Levels
        Their lowest level has at most a tenth of noise above it, by the map and by the half-maps; ``drowned`` too where half of what is
        above the suggested one is noise.
    """
    if known is None:
        return levels
    at = np.linspace(levels.lowest, levels.suggested, _STEPS)
    noise = np.nan_to_num(known.noise_above(data, at))
    # Where all are noise the suggested one stands: it is drowned then.
    first = _first(noise[:-1] <= NOISY_SHARE, np.ones(_STEPS - 1))
    return levels._replace(lowest=float(at[first]), drowned=levels.drowned or bool(noise[-1] > _MOSTLY))


def near_atoms(model: Any, map_: Map) -> np.ndarray:
    """Where a map is within 3.5 Å of the atoms of a model, hydrogens left out.

    Parameters
    ----------
    model
        The model.
    map_
        The map.

    Returns
    -------
    ndarray
        bool [z, y, x].
    """
    heavy = np.array([e not in ("H", "D") for e in model.elements], dtype=bool)
    return masks.atoms_mask(map_.shape, map_.voxel_size, map_.origin, model.xyz[heavy], np.full(int(heavy.sum()), _REACH), 0.0, 0.0)


def find_levels(data: np.ndarray, voxel_size: Sequence[float], lowpass: float, target: Optional[Target] = None,
                solvent: bool = True, inside: Optional[np.ndarray] = None) -> Levels:
    """Contour level of a map, with its interval.

    The molecule is where the map low-passed at ``lowpass`` exceeds its own contour (:func:`cryoqa_plugin.study.mask.contour`), without
    parts smaller than 2 % of the largest, and where there are atoms. The level is the lowest at which

    1. at most 2 % of the voxels above it lie outside of the molecule, which bounds the noise; where no level does that, it is 4 standard
       deviations above the median, by the values below it (2.5 in a map that was masked or cut out of a larger one, half of that where an
       expected volume tells more); and
    2. they hold at most the expected volume: that of the model or the sequence, else half of the low-passed molecule.

    Where it breaks the map into pieces, none of them half of it, a lower level that joins them is taken if there is one above three times
    the noise. The interval holds the levels above which there is 0.6 to 1.25 of that volume (of the smaller of the expected one and the one
    at the suggested level, and of the larger) and at most a tenth lies outside of the molecule.

    Parameters
    ----------
    data
        Map, float32 [z, y, x].
    voxel_size
        Edges of a voxel (x, y, z) in Å.
    lowpass
        Resolution (Å) of the low-pass, three voxels at least.
    target
        What the contour should hold; None where nothing tells it.
    solvent
        False for a map without solvent around the molecule, such as a box cut out of a larger map.
    inside
        Where the low-passed map is above its own contour, bool [z, y, x], of :func:`low_passed_molecule`; found when not given.

    Returns
    -------
    Levels
        In the unit of the map.
    """
    inside = low_passed_molecule(data, voxel_size, lowpass) if inside is None else inside
    near = None if target is None else target.near
    counted = inside if near is None else near
    # The median is the level of the solvent: most of a box is empty.
    low, high = float(np.median(_every(data.ravel()))), float(data.max())
    if not counted.any() or high <= low:
        return Levels(0.5 * (low + high), low, high, "noise", 0.0, False)
    edges = np.linspace(low, high, _BINS + 1)
    molecule = inside if near is None else inside | near
    held, elsewhere = _above(data[counted], edges), _above(data[~molecule], edges)
    total = elsewhere + _above(data[molecule], edges)
    quiet = _first(elsewhere <= _OUTSIDE_SHARE * total, total)
    told = solvent and quiet < _BINS and held[quiet] >= 0.02 * np.count_nonzero(counted)
    if not told:
        quiet = _quiet(data, edges, not solvent or _is_masked(data), target is not None)
    voxel = float(np.prod(voxel_size))
    if target is None and not told:
        held, wanted, at = total, float(total[quiet]), quiet             # the low-passed molecule is none here
    else:
        wanted = _FILLING * np.count_nonzero(inside) if target is None else target.mass.volume / voxel
        at = max(quiet, _first(held <= wanted, held))
    at = min(at, int(np.flatnonzero(total > 0)[-1]))
    source = "noise" if at == quiet else "filling" if target is None else "expected volume"
    level = float(edges[at])
    if told:
        level = _joined(data, level, low + 3 * median_and_sd(_without_zeros(data[~molecule], low))[1])
        at = int(np.searchsorted(edges, level + 1e-9 * (high - low), side="right")) - 1
    noisy = _first(elsewhere <= NOISY_SHARE * total, total) if told else quiet // 2
    lowest, highest = _interval(held, at, wanted, wanted if target is None else target.mass.volume_most / voxel, noisy, bool(told))
    drowned = bool(told) and target is not None and float(held[at]) < _DROWNED * wanted
    return Levels(level, float(edges[lowest]), float(edges[highest]), source, float(held[at]) * voxel,
                  drowned or (solvent and _is_noise(data)))


def _quiet(data: np.ndarray, edges: np.ndarray, cut: bool, by_volume: bool) -> int:
    """The level above the noise where the molecule is not told from its solvent."""
    sigmas = (_NO_SOLVENT_SIGMAS if cut else _SIGMAS) * (_BY_VOLUME if cut and by_volume else 1.0)
    return min(int(np.searchsorted(edges, _noise_level(data, sigmas))), _BINS - 1)


def _interval(held: np.ndarray, at: int, wanted: float, most: float, noisy: int, told: bool) -> Tuple[int, int]:
    """The lowest and the highest level that show the molecule, about level ``at``; ``told`` from its solvent, or noise rules alone."""
    lowest = max(_first(held <= MOST * max(float(held[at]), most), held), noisy) if told else noisy
    least = (LEAST if told else _LEAST_ANYWHERE) * min(float(held[at]), wanted)
    return min(lowest, at), max(int(np.flatnonzero(held >= least)[-1]), at)


def _is_noise(data: np.ndarray) -> bool:
    """Whether no more voxels than noise leaves are above its level."""
    return not _is_masked(data) and np.count_nonzero(data > _noise_level(data, _SIGMAS)) <= _BY_CHANCE * data.size + _FEW


def _first(good: np.ndarray, counts: np.ndarray) -> int:
    """First level from which on all are ``good`` where there is anything above them."""
    bad = np.flatnonzero(~good & (counts > 0))
    return int(bad[-1]) + 1 if bad.size else 0


def low_passed_molecule(data: np.ndarray, voxel_size: Sequence[float], lowpass: float) -> np.ndarray:
    """Where a low-passed map is above its own contour, without small parts.

    Parameters
    ----------
    data, voxel_size, lowpass
        As of :func:`find_levels`.

    Returns
    -------
    ndarray
        bool [z, y, x].
    """
    # Nearer to Nyquist a low-pass takes nothing away.
    fine = 3 * float(np.prod(voxel_size)) ** (1 / 3)
    filtered = masks.lowpass(data, voxel_size, max(lowpass, fine))
    return drop_small(filtered >= np.float32(contour(filtered)), _SMALL)


def _every(values: np.ndarray) -> np.ndarray:
    """Some of the values, spread evenly."""
    return values[::max(1, values.size // SAMPLE)]


def _without_zeros(values: np.ndarray, otherwise: float) -> np.ndarray:
    some = _every(values)
    some = some[some != 0]
    return some if some.size else np.array([otherwise], np.float32)


def _is_masked(data: np.ndarray) -> bool:
    return bool(np.count_nonzero(data) < (1 - _ZEROS) * data.size)


def _noise_level(data: np.ndarray, sigmas: float) -> float:
    """Level above which there is little noise, by the values below the median: density raises those above."""
    values = _without_zeros(data.ravel(), 0.0)
    middle = float(np.median(values))
    return middle + sigmas * GAUSSIAN * float(np.median(middle - values[values <= middle]))


def _joined(data: np.ndarray, level: float, floor: float) -> float:
    """The level, or a lower one down to ``floor`` where the largest component holds two thirds when it holds less than half at it."""
    def share(at: float) -> float:
        _, sizes = masks.components(data >= np.float32(at))
        return float(sizes[0] / sizes.sum()) if sizes.size else 0.0

    if floor >= level or share(level) >= 0.5:
        return level
    lower = np.linspace(level, floor, 5)[1:]
    return next((float(at) for at in lower if share(at) >= 2 / 3), level)


def _above(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Number of ``values`` at or above each of the ``edges`` but the last."""
    counts, _ = np.histogram(values, bins=edges.size - 1, range=(edges[0], edges[-1]))
    return np.cumsum(counts[::-1])[::-1]


def levels_of(study: Study, lowpass: float, molecular_mass: Optional[float] = None) -> Tuple[Levels, Optional[Target]]:
    """The levels of the map of a study, and what was expected of it: by its mass, its model or its sequence, else by the map alone.

    Parameters
    ----------
    study
        ``full_map``, with ``model`` and ``sequence`` or without.
    lowpass
        Resolution (Å) of the low-pass that finds the molecule.
    molecular_mass
        Mass (kDa) of the whole molecule, where it is known.

    Returns
    -------
    tuple
        :class:`Levels`, and the :class:`Target` they were found with: None for a model that does not lie on the density, too.
    """
    about = (study.density, study.model, study.sequence)
    return study.shelf.get("contour levels", about, lambda: _levels_of(study, lowpass, molecular_mass), lowpass, molecular_mass)


def _levels_of(study: Study, lowpass: float, molecular_mass: Optional[float]) -> Tuple[Levels, Optional[Target]]:
    map_ = study.density
    solvent = study.through != "xyz"
    inside = low_passed_molecule(map_.data, map_.voxel_size, lowpass)
    alone = find_levels(map_.data, map_.voxel_size, lowpass, None, solvent, inside)
    target = None
    if molecular_mass is not None:
        target = Target(_of_mass(study, 1000 * molecular_mass), None, "molecule")
    elif study.model is not None:
        target = Target(_within(mass_of_model(study.model), study.model, map_), near_atoms(study.model, map_), "model")
        target = target if lies_on(target, map_, alone) else None
    elif study.sequence is not None and solvent:
        mass = mass_of_sequences(study.sequence)
        copies = copies_of(mass, alone)
        mass = mass._replace(protein=mass.protein * copies, nucleic=mass.nucleic * copies)
        target = Target(mass, None, "sequence" if copies == 1 else f"{copies} copies of the sequence")
    if target is None:
        return alone, None
    return find_levels(map_.data, map_.voxel_size, lowpass, target, solvent, inside), target


def _of_mass(study: Study, total: float) -> Mass:
    """A mass (Da) in the parts of protein and nucleic acid that the model or the sequence has; protein without them."""
    known = PROTEIN
    if study.model is not None:
        known = mass_of_model(study.model)
    elif study.sequence is not None:
        known = mass_of_sequences(study.sequence)
    nucleic = known.nucleic / known.total if known.total > 0 else 0.0
    return Mass(total * (1 - nucleic), total * nucleic, 0)


def _within(mass: Mass, model: Any, map_: Map) -> Mass:
    """The part of the mass of a model whose atoms are inside the box."""
    at = (model.xyz - np.asarray(map_.origin)) / np.asarray(map_.voxel_size)
    part = float(((at >= -0.5) & (at < np.array(map_.shape[::-1]) - 0.5)).all(axis=1).mean())
    return mass._replace(protein=mass.protein * part, nucleic=mass.nucleic * part)


def lies_on(target: Target, map_: Map, levels: Levels) -> bool:
    """Whether a model lies on the density, so that its volume says something about the level.

    Parameters
    ----------
    target
        The model, with the voxels near its atoms.
    map_
        The map.
    levels
        Found without the model.

    Returns
    -------
    bool
        Near the atoms lies half of what is above the suggested level, or half as much as the model should fill there.
    """
    above = map_.data >= np.float32(levels.suggested)
    near = float(np.count_nonzero(above & target.near))
    voxel = float(np.prod(map_.voxel_size))
    return near >= _ON_DENSITY * min(float(np.count_nonzero(above)), LEAST * target.mass.volume / voxel)


def copies_of(mass: Mass, levels: Levels) -> int:
    """How many copies of a sequence come nearest to the volume at a level that was found without it.

    Parameters
    ----------
    mass
        Of one copy.
    levels
        Found without the sequence.

    Returns
    -------
    int
        1 at least.
    """
    return max(1, int(round(levels.held / mass.volume))) if mass.volume > 0 else 1
