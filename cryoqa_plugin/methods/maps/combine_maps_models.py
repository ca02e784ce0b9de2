"""The models that maps are weighted by: one for all, or one for each."""
from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from ...core import density, fourier, masks
from ...errors import InputError
from ...io.maps import Map
from ...study import Study
from ..resolution.mtriage_model import Atoms, atoms_of
from .combine_maps_inputs import Member
from .combine_maps_place import Placed

_BAND, _STEP = (20.0, 8.0), 3.0       # Å: detail by which models are held against maps, and between places
_ALIKE, _BETTER = 0.3, 0.1            # correlation of a map with its model, below which it is doubted, and by which another one's is better
_FEWEST = 50                          # places
_NEAR = 0.2                           # of the highest density of a model at 8 Å, that its molecule is inside of


class Models:
    """The density of the model of each map, with all B-factors 0.

    Parameters
    ----------
    study
        ``model``, for the consensus and, where there are no ``focused_models``, for all maps.
    grid
        The common grid.
    notes
        Sentences are added on atoms that are left out.
    """

    def __init__(self, study: Study, grid: Map, notes: List[str]) -> None:
        self.grid = grid
        self._whole = atoms_of(study.model, grid, "electron", notes) if study.model is not None else None
        self._each: Dict[int, Atoms] = {}
        for number, model in enumerate(study.focused_models, 1):
            try:
                self._each[number] = atoms_of(model, grid, "electron", notes)
            except InputError as error:
                raise InputError(f"The model of focused map {number} cannot be used: {error}") from None
        self._kept: Optional[np.ndarray] = None

    @property
    def any(self) -> bool:
        """There is a model."""
        return self._whole is not None or bool(self._each)

    def known(self, number: int) -> bool:
        """Whether a map has a model.

        Parameters
        ----------
        number
            Of the focused map, 0 for the consensus.

        Returns
        -------
        bool
            With ``model`` alone every map has it.
        """
        return number in self._each or self._whole is not None and (number == 0 or not self._each)

    def transform(self, number: int, placed: Optional[Placed] = None) -> Optional[np.ndarray]:
        """Transform of the density of a map's model.

        Parameters
        ----------
        number
            Of the focused map, 0 for the consensus.
        placed
            How the map was moved; a model of its own moves along, the one of all maps lies on the consensus.

        Returns
        -------
        ndarray or None
            complex64 [nz, ny, nx // 2 + 1]; None without a model.
        """
        if number in self._each:
            return self._drawn(self._each[number], placed if placed is not None and placed.moved else None)
        if not self.known(number):
            return None
        if self._kept is None and self._whole is not None:
            self._kept = self._drawn(self._whole, None)
        return self._kept

    def _drawn(self, atoms: Atoms, placed: Optional[Placed]) -> np.ndarray:
        grid, xyz = self.grid, atoms.xyz
        if placed is not None:
            centre = placed.centre + np.asarray(grid.origin)
            xyz = (xyz - centre) @ placed.rotation.T + centre + placed.shift
        return density.model_density_ft(atoms.elements, xyz, atoms.b_iso, atoms.occupancy, grid.shape, grid.voxel_size, grid.origin,
                                        b_zero=True)

    def doubts(self, members: Sequence[Member]) -> List[str]:
        """Sentences on models that are not those of their maps.

        Parameters
        ----------
        members
            The maps, as they lie by their origins.

        Returns
        -------
        list of str
            Of each map with a model of its own: where another one's fits it better by 0.1, and where it correlates with its own by less
            than 0.3 around the atoms; between 20 and 8 Å.
        """
        own = [m for m in members if m.number in self._each]
        shown = {m.number: self._coarse(fourier.inverse(self.transform(m.number), self.grid.shape)) for m in own}
        out = []
        for member in own:
            image, number = self._coarse(member.data)[1], member.number
            used = self._thinned(member.support) > 0.5
            fits = {other: _correlation(image, of_model, used) for other, (_, of_model) in shown.items()}
            best = max(fits, key=lambda n: fits[n])
            dense, of_model = shown[number]
            near = _correlation(image, of_model, used & (dense > _NEAR * float(dense.max())))
            if fits[best] > fits[number] + _BETTER:
                out.append(f"The model of focused map {best} fits focused map {number} ({member.file}) better than its own does "
                           f"(correlation {fits[best]:.2f} against {fits[number]:.2f}). Give the models in the order of the maps.")
            elif near < _ALIKE:
                out.append(f"The model of focused map {number} does not match it ({member.file}): around its atoms they correlate by "
                           f"{near:.2f}. Give the models in the order of the maps, each in the place of its map.")
        return out

    def _coarse(self, data: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """A map coarser than 8 Å, and between 20 and 8 Å, on every few voxels."""
        fine = masks.lowpass(data, self.grid.voxel_size, _BAND[1])
        return self._thinned(fine), self._thinned(fine - masks.lowpass(data, self.grid.voxel_size, _BAND[0]))

    def _thinned(self, data: np.ndarray) -> np.ndarray:
        step = max(int(_STEP / self.grid.voxel), 1)
        return data[::step, ::step, ::step]


def _correlation(one: np.ndarray, other: np.ndarray, where: np.ndarray) -> float:
    """Correlation over some places; 0 where there are too few."""
    if np.count_nonzero(where) < _FEWEST:
        return 0.0
    return float(np.nan_to_num(np.corrcoef(one[where], other[where])[0, 1]))
