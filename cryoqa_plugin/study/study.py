"""What is known about one set of inputs: every question has one answer, computed at first use and kept."""
from __future__ import annotations

from typing import Any, Dict, List, Optional

import numpy as np

from ..core import cones, shells
from ..errors import InputError
from . import confident, extent, halves, notes, resolution
from .directional_noise import CELLS_PER_EDGE, DirectionalNoise, directional_noise
from .fsc_curves import DEFAULT, FscCurves, FscSettings, fsc_curves
from .halves import HalfMaps
from .imposed import imposed_symmetry
from .independence import Independence, judge_independence
from .model_halves import ModelHalves, compare_with_halves, even, noise_ratio, with_data
from .model_study import ModelStudy
from .noise import HalfMapNoise, bounded_fsc, half_map_noise, volume_corrected
from .position import Position, compare_position
from .solvent import flat_region

_FEWEST = 8                                      # voxels along an axis, for which there are four shells


class Study(ModelStudy):
    """One set of inputs and what is known about it.

    Parameters
    ----------
    inputs, budget, shelf, source_notes, **given
        As for :class:`cryoqa_plugin.study.given.GivenInputs`.

    Notes
    -----
    Arrays that a Study gives are shared: they must not be changed in place.
    """

    # ---------------------------------------------------------------- half-maps
    @property
    def half_maps(self) -> HalfMaps:
        """What is known about the two half-maps."""
        self._require_shells()
        return self._answer("half-maps", self._pair, lambda: halves.look_at(
            *self._pair, self.half_sums(), self.geometry, self.position,
            imposed_symmetry(self.transform("half1"), self.transform("half2"), self.geometry, self.grid.voxel_size)))

    @property
    def position(self) -> Position:
        """How half-map 2 lies on half-map 1."""
        self._require_shells()
        return self._answer("position", self._pair, lambda: compare_position(self.transform("half1"), self.transform("half2"),
                                                                            self.geometry))

    @property
    def map_position(self) -> Position:
        """How the map lies on the mean of its half-maps."""
        return self._answer("map position", (*self._pair, self.inputs.full_map),
                            lambda: compare_position(self.transform("average"), self.transform("full_map"), self.geometry))

    @property
    def noise(self) -> Optional[HalfMapNoise]:
        """What the noise of the half-maps tells: by radius, inside against outside, shared; in the mask when one was given.

        None for copies and for half-maps that do not lie on each other, whose difference is no noise.
        """
        if not notes.place_is_known(self.half_maps):
            return None
        given = self.mask
        return self._answer("noise", (*self._pair, given), lambda: half_map_noise(
            self.transform("half1"), self.transform("half2"), self.half_sums(), self.geometry, self.grid.voxel_size,
            None if given is None else given.data, self.half_maps.imposed_order))

    @property
    def independence(self) -> Independence:
        """What stands between the FSC of the half-maps and a resolution."""
        return judge_independence(self.half_maps, self.noise)

    @property
    def model_halves(self) -> Optional[ModelHalves]:
        """How far the model agrees with each half-map, and whether the difference is more than their noise explains.

        None for half-maps that are not two measurements of one molecule, and without atoms in the box.
        """
        known = self.independence
        if known.void is not None or not self.used_atoms().any():
            return None

        def make() -> ModelHalves:
            mask, near = self.model_mask.data, self.near_model("half1", "half2", "map", "model")
            whole, nyquist = (self.transform("half1"), self.transform("half2")), 2 * max(self.grid.voxel_size)
            sums, freq = self.half_sums(), self.frequencies
            ratio = noise_ratio(sums, freq ** 2, with_data(sums, freq, nyquist, known.end))
            near[1] = even(near[1], whole[1], mask, ratio, self.geometry)
            return compare_with_halves(near, whole, ratio, mask, self.geometry, nyquist, known.end, known.order)

        return self._answer("model and half-maps", (*self._pair, self.inputs.model, self.density, self.mask), make)

    @property
    def half_cells(self) -> shells.CrossSums:
        """Cross sums of the half-maps as they are, in shells and 507 cells of direction, float64 [n_shells, 507] each."""
        return self._answer("half-maps by direction", self._pair, lambda: cones.cell_sums(
            self.transform("half1"), self.transform("half2"), self.geometry, CELLS_PER_EDGE))

    @property
    def directional_noise(self) -> Optional[DirectionalNoise]:
        """Noise of the half-maps as they are, by direction: which views are missing.

        None for copies and for half-maps that do not lie on each other, whose difference is no noise, and where too few shells hold any.
        """
        if not notes.place_is_known(self.half_maps):
            return None
        return self._answer("noise by direction", self._pair, lambda: directional_noise(
            self.half_cells, self.geometry, self.half_maps.filtered_at))

    def _require_shells(self) -> None:
        """Raise :class:`InputError` for half-maps of too few voxels to tell anything of them."""
        shape = self.half1.shape
        if min(shape) < _FEWEST:
            box, file = " x ".join(str(n) for n in shape[::-1]), self.half1.path or "in memory"
            raise InputError(f"Half-map 1 is {box} voxels ({file}); half-maps can be compared from {_FEWEST} voxels along each axis on. "
                             "Give the whole maps.")

    def half_map_values(self) -> Dict[str, Any]:
        """The fields of :class:`HalfMapFacts` by name; empty without half-maps.

        Returns
        -------
        dict
            As a result of half-maps takes them.
        """
        return halves.values(self.half_maps, self.noise) if self.has_halves else {}

    def notes(self) -> List[str]:
        """What to know of the inputs before any number is believed.

        Returns
        -------
        list of str
            A sentence each, the most upstream cause first, no sentence twice.
        """
        out = [*self.source_notes, *notes.of_readers(self.given()), *notes.of_origins(self.maps())]
        if self.has_halves:
            out += notes.of_halves(*self._pair, self.half_maps, self.noise)
            full = self.full_map
            if full is not None and full.shape == self.half1.shape and notes.place_is_known(self.half_maps):
                out += notes.of_place(self.map_position, full.path)
        elif self.half1 is not None or self.half2 is not None:
            out.append(notes.ONE_HALF)
        if self.inputs.mask is not None and (self.has_halves or self.full_map is not None):
            out += notes.of_mask(self.inputs.mask)
        if self.model is not None and self.maps():
            out += notes.of_cell(self.model, self.grid)
            if self.model.copies > 1 and (self.has_halves or self.full_map is not None) and self.used_atoms().any():
                out += notes.of_assembly(self.model, self.part_built)
        return list(dict.fromkeys(out))

    # ---------------------------------------------------------------- solvent and resolution
    @property
    def flat(self) -> np.ndarray:
        """Where the map to look at was cut off by a mask, bool [z, y, x]: it has one value there, and no noise."""
        return self._answer("flat", (self.density,), lambda: flat_region(self.density.data))

    @property
    def molecule(self) -> np.ndarray:
        """Where the molecule is in the map to look at: low-passed at 12 Å above its contour, bool [z, y, x]."""
        return self._molecule_of(self.density)

    @property
    def part_built(self) -> float:
        """Part of the molecule in the map to look at that lies in the mask around the model."""
        near = self.model_mask.around >= 0.5
        return float(np.count_nonzero(self.molecule & near) / max(np.count_nonzero(self.molecule), 1))

    @property
    def confident_level(self) -> Optional[confident.ConfidentLevel]:
        """What the noise of the half-maps says of the levels of the map to look at; None where it says nothing."""
        return self._answer("confident level", (*self._pair, self.density), lambda: confident.confident_level(self))

    @property
    def through(self) -> str:
        """Axes (of ``xyz``) along which the molecule runs through the box from face to face: one for a filament, all three for a box that
        was cut out of a larger map."""
        return self._answer("through", (self.density,), lambda: extent.through_faces(self.density, self.molecule))

    @property
    def atoms_outside(self) -> float:
        """Part of the atoms of the model that are outside of the box where they should not be: not beyond faces that the molecule itself
        runs through."""
        return extent.part_outside(self.model.xyz, self.density, self.through)

    def fsc_curves(self, settings: FscSettings = DEFAULT) -> FscCurves:
        """FSC curves of the half-maps: as they are, in the mask when one was given, with random phases, corrected.

        Parameters
        ----------
        settings
            How they are made.

        Returns
        -------
        FscCurves
            Shared by all methods that ask with the same settings.
        """
        given = self.mask
        return self._answer("FSC", (*self._pair, given), lambda: fsc_curves(self, settings, self.independence), settings)

    @property
    def unmasked_resolution(self) -> Optional[float]:
        """Where the unmasked FSC of the half-maps falls below 0.143 (Å), corrected for missing and shared noise; Nyquist, or the edge of a
        low-pass, where it never does; None where the half-maps can have no resolution."""
        return self.resolution_in_box(1.0)

    def resolution_in_box(self, part: float) -> Optional[float]:
        """The unmasked resolution as it would be in a smaller box.

        Parameters
        ----------
        part
            Volume of that box over that of the box there is: as much less of the noise counts.

        Returns
        -------
        float or None
            As :attr:`unmasked_resolution`, in Å.
        """
        known, curve = self.independence, shells.fsc(self.half_sums())
        if known.void is not None:
            return None
        if part != 1:
            curve = volume_corrected(np.clip(curve, 0, 1 - 1e-9), 1 / part)
        if known.volume_factor is not None:
            curve = volume_corrected(np.clip(curve, 0, 1 - 1e-9), known.volume_factor)
        found = resolution.unmasked(bounded_fsc(curve, known.share or 0.0), self.frequencies)
        return found if found is None or known.end is None else max(found, 1 / known.end)

    @property
    def resolution(self) -> float:
        """The overall resolution (Å).

        Of half-maps where the FSC falls below 0.143 that :meth:`fsc_curves` names, without noise that both share, and no finer than the
        edge of a low-pass; of a map alone what the noise of its solvent tells (:func:`cryoqa_plugin.study.resolution.of_map`, which refuses
        maps that were masked).

        Raises
        ------
        InputError
            The half-maps share no signal, or the solvent of the map is masked.
        """
        if self.has_halves:
            if self.half_maps.no_signal:
                files = ", ".join(m.path for m in self._pair if m.path)
                raise InputError(f"The half-maps share no signal{f' ({files})' * bool(files)}, so that they have no resolution; give it.")
            return resolution.overall(self.fsc_curves().judged_by.fsc, self.frequencies, self.independence.end)
        return self._answer("resolution", (self.density,), lambda: resolution.of_map(self.density, self._made_mask()))

    def _made_mask(self) -> Optional[np.ndarray]:
        """The mask made from the map whatever was given, None where none stands out."""
        made = self.with_(mask=None).used_mask
        return made.data if made.source == "made" else None
