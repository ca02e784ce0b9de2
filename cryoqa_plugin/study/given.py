"""The inputs of a Study: checked, hashed, transformed, and what was computed of them kept."""
from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Callable, Dict, Hashable, Mapping, Optional, Sequence, Tuple, Type, TypeVar

import numpy as np

from ..core import fourier, shells
from ..core.fourier import Geometry
from ..errors import InputError, MissingInputError
from ..io.inputs import KINDS, Inputs, base_kind, load_inputs, not_given, require, require_same_grid
from ..io.maps import Map
from ..provenance import sha256, sha256_of_array
from . import mask
from .checks import check_data, check_mask, check_voxel_size
from .mask import UsedMask
from .scale import in_safe_scale, largest_density
from .shelf import Shelf

_MASKS = ("mask", "mask2", "focused_masks")
_UNCHECKED = ("resolution_map",)                 # zero nearly everywhere, or one value: the methods look at it themselves
Self = TypeVar("Self", bound="GivenInputs")


class GivenInputs:
    """One set of inputs, and what is made of them without judging: the lower half of a :class:`Study`.

    Parameters
    ----------
    inputs
        The inputs; else they are given by kind, as in ``Study(half1=one, half2=two, mask=mask)``.
    budget
        Bytes that large answers (transforms, masks) may take; 40 % of the machine's memory when None. What does not fit is made again,
        with the same bits.
    shelf
        The answers of another Study to share; they are found by the data that they are about, so that Studies of some of the same maps
        can share them.
    source_notes
        What is to be known of where the inputs come from, such as the warnings of a job folder.
    **given
        Inputs by kind.

    Notes
    -----
    Arrays that a Study gives are shared: they must not be changed in place.
    """

    def __init__(self, inputs: Optional[Inputs] = None, *, budget: Optional[float] = None, shelf: Optional[Shelf] = None,
                 source_notes: Sequence[str] = (), **given: Any) -> None:
        self.shelf = Shelf(budget) if shelf is None else shelf
        self.inputs, scaled = in_safe_scale(Inputs(**given) if inputs is None else inputs.with_(**given) if given else inputs,
                                            lambda m: self._answer("largest density", (m,), lambda: largest_density(m)))
        self.source_notes = (*source_notes, scaled) if scaled else tuple(source_notes)

    @classmethod
    def read(cls: Type[Self], sources: Mapping[str, Any], voxel_sizes: Optional[Mapping[str, Any]] = None,
             origins: Optional[Mapping[str, Sequence[float]]] = None, budget: Optional[float] = None,
             notes: Sequence[str] = ()) -> Self:
        """The Study of files, each of which is read once.

        Parameters
        ----------
        sources
            Path of each input by kind.
        voxel_sizes, origins
            Voxel size (Å, one value or x, y, z) and origin (x, y, z in Å) by kind, where the caller knows better than the header.
        budget, notes
            As ``budget`` and ``source_notes`` of the class.

        Returns
        -------
        Study
            Of the inputs that these files hold.
        """
        sizes = {name: size for name, size in (voxel_sizes or {}).items() if size is not None}
        inputs = load_inputs(sources, sizes)
        for name, size in sizes.items():
            if name in inputs.given():
                inputs = inputs.changed(name, **_with_voxel_size(inputs.given()[name], size))
        for name, origin in (origins or {}).items():
            if origin is not None and name in inputs.given():
                inputs = inputs.changed(name, origin=tuple(origin))
        return cls(inputs, budget=budget, source_notes=notes)

    # ---------------------------------------------------------------- what was given
    def __getattr__(self, kind: str) -> Any:
        if kind.startswith("_") or kind not in KINDS:
            raise AttributeError(f"'{type(self).__name__}' has no attribute '{kind}'")
        return getattr(self.inputs, kind)

    @property
    def mask(self) -> Optional[Map]:
        """The mask that was given, its values within 0 and 1 (a mask that was resampled leaves them a little); None without one."""
        given = self.inputs.mask
        return None if given is None else self._answer("mask within 0 and 1", (given,), lambda: mask.within_limits(given))

    def given(self) -> Dict[str, Any]:
        """The inputs that are there, by kind.

        Returns
        -------
        dict
            Of a kind with many files each by its own name, ``kind_1`` and so on.
        """
        return self.inputs.given()

    def maps(self) -> Dict[str, Map]:
        """The maps and masks that are there, by kind."""
        return self.inputs.maps()

    @property
    def has_halves(self) -> bool:
        """Both half-maps are there."""
        return self.inputs.half1 is not None and self.inputs.half2 is not None

    def only(self: Self, kinds: Sequence[str]) -> Self:
        """A Study of some of these inputs; answers are shared.

        Parameters
        ----------
        kinds
            Kinds of input to keep; those that are not there are passed over.

        Returns
        -------
        Study
            Of the same objects.
        """
        return type(self)(self.inputs.only(kinds), shelf=self.shelf, source_notes=self.source_notes)

    def with_(self: Self, **given: Any) -> Self:
        """A Study of these inputs with others added, replaced or taken away; answers are shared.

        Parameters
        ----------
        **given
            Inputs by kind; None takes one away.

        Returns
        -------
        Study
            Answers about inputs that stay are not made again.
        """
        return type(self)(self.inputs.with_(**given), shelf=self.shelf, source_notes=self.source_notes)

    def _answer(self, question: str, about: Tuple[Any, ...], make: Callable[[], Any], *how: Hashable) -> Any:
        return self.shelf.get(question, about, make, *how)

    def sha256(self, name: str) -> str:
        """SHA-256 of an input.

        Parameters
        ----------
        name
            Its kind.

        Returns
        -------
        str
            Of its file, of the names and sizes in its folder, or of its bytes in memory when it has no file.
        """
        value = self.given()[name]
        path = getattr(value, "path", None)
        if path and os.path.exists(path):
            return self._answer("sha256", (value,), lambda: sha256(path))
        return self._answer("sha256", (value,), lambda: sha256_of_array(value.data))

    # ---------------------------------------------------------------- checks
    def check(self, *kinds: str, least: int = 8, what: str = "this needs") -> Geometry:
        """Look at the inputs before any work.

        Parameters
        ----------
        *kinds
            The maps that a method uses, of those that are there; all maps when none is named. ``half1`` asks for ``half2`` too.
        least
            Fewest voxels along each axis.
        what
            Beginning of the sentence that says so: ``what`` at least ``least`` voxels.

        Returns
        -------
        Geometry
            Of the first of the maps.

        Raises
        ------
        MissingInputError
            One half-map only, or no map at all.
        InputError
            Maps on different grids, values that are not finite, one value only, an empty mask or one that is none, a small box.
        """
        if self.inputs.half1 is not None or self.inputs.half2 is not None:
            if not kinds or "half1" in kinds:
                require(self.inputs, "half1", "half2")
        used = {n: m for n, m in self.maps().items() if not kinds or n in kinds or n.rpartition("_")[0] in kinds}
        if not used:
            raise MissingInputError(_nothing(kinds))
        require_same_grid(used)
        if "half1" in kinds and set(used) <= set(_MASKS):
            raise MissingInputError(_nothing(kinds))
        for name, map_ in used.items():
            check_voxel_size(map_, name)
            if name not in _UNCHECKED:
                self._answer("check", (map_,), lambda m=map_, n=name: (check_mask if base_kind(n) in _MASKS else check_data)(m, n), name)
        first = next(iter(used.values()))
        if min(first.shape) < least:
            box = " x ".join(str(n) for n in first.shape[::-1])
            raise InputError(f"The map is {box} voxels ({first.place}); {what} at least {least} along each axis. Give the whole map.")
        return fourier.geometry(first.shape, first.voxel_size)

    # ---------------------------------------------------------------- maps and their transforms
    @property
    def grid(self) -> Map:
        """The map that stands for the grid: half-map 1, else the map."""
        found = next((m for n, m in self.maps().items() if n == "half1"), None) or self.inputs.full_map
        return found if found is not None else next(iter(self.maps().values()))

    @property
    def geometry(self) -> Geometry:
        """Shells of the grid."""
        return fourier.geometry(self.grid.shape, self.grid.voxel_size)

    @property
    def frequencies(self) -> np.ndarray:
        """Frequency of each shell of the grid in 1/Å, float64 [n_shells]."""
        return fourier.frequencies(self.geometry)

    @property
    def average(self) -> Map:
        """Mean of the half-maps."""
        def make() -> Map:
            data = self.inputs.half1.data + self.inputs.half2.data
            data *= np.float32(0.5)
            return self.inputs.half1.with_data(data)

        return self._answer("average", (self.inputs.half1, self.inputs.half2), make)

    @property
    def density(self) -> Map:
        """The map to look at: the one given, else the mean of the half-maps."""
        return self.inputs.full_map if self.inputs.full_map is not None else self.average

    def difference(self) -> np.ndarray:
        """Half the difference of the half-maps: what is noise in their mean.

        Returns
        -------
        ndarray
            float32 [z, y, x], made anew at each call.
        """
        out = self.inputs.half1.data - self.inputs.half2.data
        out *= np.float32(0.5)
        return out

    def transform(self, name: str) -> np.ndarray:
        """Transform of a map.

        Parameters
        ----------
        name
            ``half1``, ``half2``, ``full_map``, ... or ``average``, the mean of the half-maps.

        Returns
        -------
        ndarray
            complex64 [nz, ny, nx // 2 + 1]; shared, not to be changed in place.
        """
        map_ = self.average if name == "average" else self.given()[name]
        return self._answer("transform", (map_,), lambda: fourier.forward(map_.data))

    def half_sums(self) -> shells.CrossSums:
        """Cross sums of the half-maps in shells, without a mask.

        Returns
        -------
        CrossSums
            Over the shells of :attr:`geometry`.
        """
        return self._answer("half sums", self._pair, lambda: shells.cross_sums(self.transform("half1"), self.transform("half2"),
                                                                              self.geometry))

    @property
    def _pair(self) -> Tuple[Map, Map]:
        return self.inputs.half1, self.inputs.half2

    # ---------------------------------------------------------------- mask
    @property
    def used_mask(self) -> UsedMask:
        """The mask given, else one made from the density."""
        if self.inputs.mask is not None:
            given = self.mask
            return UsedMask(given, "given")
        density = self.average if self.has_halves else self.density
        return self._answer("made mask", (density,), lambda: mask.made_from(density, self._molecule_of(density)))

    def _molecule_of(self, density: Map) -> np.ndarray:
        """Where the molecule is in a map, bool [z, y, x]."""
        return self._answer("molecule", (density,), lambda: mask.binary_molecule(density))


def _with_voxel_size(map_: Map, size: Any) -> Dict[str, Any]:
    """What changes in a map whose voxel size (Å) the caller knows: an origin that is counted in voxels, and notes that it settles."""
    voxel_size = tuple(float(v) for v in np.broadcast_to(size, 3))
    header = map_.header
    if header is None:
        return dict(voxel_size=voxel_size)
    origin = map_.origin if any(header.header_origin) else tuple(n * v for n, v in zip(header.nstart, voxel_size))
    kept = tuple(note for note in header.warnings if note not in header.voxel_size_warnings)
    return dict(voxel_size=voxel_size, origin=origin, header=replace(header, warnings=kept))


def _nothing(kinds: Sequence[str]) -> str:
    if not kinds or "half1" in kinds and "full_map" in kinds:
        return "Two half-maps or a map are needed and none was given; give the files of both half-maps, or that of the map."
    return not_given(("half1",) if "half1" in kinds else kinds[:1], ())[0]
