"""What is known about a model and the map that it lies in: its residues, its density, its place."""
from __future__ import annotations

from typing import Any, List, Optional, Tuple

import numpy as np

from ..core import fourier, model_map, rotamers
from . import agreement, base_odds, model_mask, model_place, q_values, side_chains, unexplained
from .agreement import Agreement, EvenMaps
from .base_odds import BaseOdds
from .chain_sequence import ChainSequence, chain_sequences
from .fitting_origin import FittingOrigin, fitting_origin
from .given import GivenInputs
from .model_mask import ModelMask
from .model_place import ModelPlace
from .model_resolution import ComparedAt, compared_at, inside_molecule
from .q_values import QValues, Shells
from .register import Register, register_of
from .residues import BACKBONE, Residues, residues_of
from .side_chains import SideChainOdds
from .solvent import without_level
from .unexplained import Unexplained


class ModelStudy(GivenInputs):
    """The part of a Study that is about its model; parameters as for :class:`cryoqa_plugin.study.given.GivenInputs`."""

    @property
    def _in_map(self) -> Tuple[Any, ...]:
        """What answers on the model in the map to look at are about."""
        return self.inputs.model, self.density

    @property
    def _with_halves(self) -> Tuple[Any, ...]:
        """What those are about that take the half-maps into account."""
        return (*self._in_map, self.inputs.half1, self.inputs.half2)

    @property
    def residues(self) -> Residues:
        """The residues of the model, by kind, in chains and stretches."""
        return self._answer("residues", (self.inputs.model,), lambda: residues_of(self.inputs.model))

    def used_atoms(self, table: str = "electron") -> np.ndarray:
        """Which atoms of the model make its density.

        Parameters
        ----------
        table
            Scattering factors: ``electron``, ``xray`` or ``neutron``.

        Returns
        -------
        ndarray
            bool [n_atoms]: inside the box of the map to look at, of an element that the table knows, and occupied.
        """
        return self._answer("used atoms", self._in_map, lambda: model_place.used_atoms(self.inputs.model, self.density, table), table)

    @property
    def atom_position(self) -> np.ndarray:
        """Positions (x, y, z) of all atoms in Å from the centre of the first voxel of the map to look at, float64 [n_atoms, 3]."""
        return self.inputs.model.xyz - np.asarray(self.density.origin)

    def density_transform(self) -> np.ndarray:
        """Transform of the map to look at.

        Returns
        -------
        ndarray
            complex64 [nz, ny, nx // 2 + 1]; shared, not to be changed in place.
        """
        return self.transform("full_map" if self.inputs.full_map is not None else "average")

    def model_transform(self, table: str = "electron") -> np.ndarray:
        """Transform of the model with its B-factors, on the grid of the map to look at.

        Parameters
        ----------
        table
            Scattering factors: ``electron``, ``xray`` or ``neutron``.

        Returns
        -------
        ndarray
            complex64 [nz, ny, nx // 2 + 1]; shared, not to be changed in place.
        """
        return self._answer("model transform", self._in_map,
                            lambda: model_place.model_transform(self.inputs.model, self.density, table), table)

    @property
    def model_mask(self) -> ModelMask:
        """The mask around the model, without the places where there is density that the model does not explain."""
        def make() -> ModelMask:
            keep = self.used_atoms()
            return model_mask.around_model(self.inputs.model, keep, self.density, self.density_transform(), self.model_transform())

        return self._answer("model mask", self._in_map, make)

    def compared_at(self, given: Optional[float] = None) -> ComparedAt:
        """The resolution at which map and model are compared.

        Parameters
        ----------
        given
            Å; None to take that of the half-maps where their FSC falls below 0.143, or of a map alone where its detail ends (d99).

        Returns
        -------
        ComparedAt
            Never finer than the shells reach.
        """
        about = (self.inputs.half1, self.inputs.half2) if self.has_halves else (self.density,)
        return self._answer("compared at", about, lambda: compared_at(self, given), given)

    def resolution_inside(self, given: Optional[float] = None) -> float:
        """The resolution in the molecule: the one given, else that of the half-maps in the mask around the model, else of the map alone.

        Parameters
        ----------
        given
            Å; None for none.

        Returns
        -------
        float
            In Å, never finer than the shells reach.
        """
        return self._answer("resolution inside", self._with_halves, lambda: inside_molecule(self, given), given)

    def side_chain_odds(self, given: Optional[float] = None) -> SideChainOdds:
        """Which of the 20 amino acids the map shows at each residue.

        Parameters
        ----------
        given
            Resolution in the molecule in Å; None for that of :meth:`resolution_inside`.

        Returns
        -------
        SideChainOdds
            Log-odds of the types.
        """
        at = self.resolution_inside(given)
        return self._answer("side-chain odds", self._with_halves, lambda: side_chains.side_chain_odds(self, at), at)

    @property
    def even_maps(self) -> EvenMaps:
        """Map and model on one scale, their shells evened out and weighted by what of them is signal."""
        return self._answer("even maps", self._with_halves, lambda: agreement.even_maps(self))

    @property
    def agreement(self) -> Agreement:
        """How map and model, and the half-maps, correlate around each atom."""
        return self._answer("agreement", self._with_halves, lambda: agreement.agreement(self))

    def near_model(self, *names: str, table: str = "electron") -> List[np.ndarray]:
        """Transforms of maps and of the model in the mask around the model.

        Parameters
        ----------
        *names
            ``half1``, ``half2``, ``map`` (the map to look at) or ``model``.
        table
            Scattering factors of the model: ``electron``, ``xray`` or ``neutron``.

        Returns
        -------
        list of ndarray
            complex64 [nz, ny, nx // 2 + 1] each, made anew at each call; of maps less the level of their solvent.
        """
        mask, out = self.model_mask, []
        for name in names:
            if name == "model":
                data = fourier.inverse(self.model_transform(table), self.density.shape)
            elif name == "map":
                data = self.density.data - np.float32(mask.level)
            else:
                data = without_level(self.given()[name].data, mask.data)
            data *= mask.data
            out.append(fourier.forward(data))
        return out

    @property
    def chain_sequences(self) -> Tuple[ChainSequence, ...]:
        """The sequence of each chain of protein, with what is not built where the model or a given sequence knows it."""
        return self._answer("sequences of chains", (self.inputs.model, self.inputs.sequence),
                            lambda: chain_sequences(self.inputs.model, self.residues, rotamers.LETTERS, self.inputs.sequence))

    def register(self, given: Optional[float] = None) -> Register:
        """Whether the sequence of the model stands where the map shows it.

        Parameters
        ----------
        given
            Resolution in the molecule in Å; None for that of :meth:`resolution_inside`.

        Returns
        -------
        Register
            Stretches out of register, chains of another sequence, and the posterior of each residue.
        """
        odds = self.side_chain_odds(given)
        return self._answer("register", (odds.raw, self.inputs.sequence),
                            lambda: register_of(self.residues, self.chain_sequences, odds.raw, odds.types, side_chains.composition(),
                                                self.inputs.sequence, self.backbone_density))

    @property
    def backbone_density(self) -> np.ndarray:
        """Mean density at the backbone of each residue above the mean of the map to look at, float64 [n_residues]; NaN outside of it."""
        def make() -> np.ndarray:
            at = model_map.values_at(self.density.data, self.atom_position, self.density.voxel_size, np.nan)
            use = self.residues.first & self.residues.heavy & (self.residues.role == BACKBONE)
            return self.residues.mean(at, use) - float(self.density.data.mean(dtype=np.float64))

        return self._answer("density of the backbone", self._in_map, make)

    def base_odds(self, given: Optional[float] = None) -> Optional[BaseOdds]:
        """Purine or pyrimidine, at each nucleotide.

        Parameters
        ----------
        given
            Resolution in the molecule in Å; None for that of :meth:`resolution_inside`.

        Returns
        -------
        BaseOdds
            None for a model without nucleic acid that has a sugar.
        """
        at = self.resolution_inside(given)
        return self._answer("base odds", self._with_halves, lambda: base_odds.base_odds(self, at), at)

    @property
    def fitting_origin(self) -> FittingOrigin:
        """How the model lies in the density of the map to look at, and the origin of the map with which it would, if it does not."""
        return self._answer("fitting origin", self._in_map, lambda: fitting_origin(self.inputs.model, self.density))

    @property
    def model_place(self) -> Optional[ModelPlace]:
        """Which voxel size, which shift and which hand make the model fit best; None without atoms in the box."""
        def make() -> Optional[ModelPlace]:
            if not self.used_atoms().any():
                return None
            near = fourier.forward((self.density.data - np.float32(self.model_mask.level)) * self.model_mask.around)
            return model_place.find_place(self.inputs.model, self.density, self.density_transform(), near, self.model_mask.free)

        return self._answer("model place", self._in_map, make)

    def q_values(self, sigma: float = 0.4) -> QValues:
        """Q-scores of the atoms and residues of the model in the map to look at.

        Parameters
        ----------
        sigma
            Standard deviation (Å) of the Gaussian that the density around an atom is compared with.

        Returns
        -------
        QValues
            float64 of each atom and each residue, NaN where there is none.
        """
        return self._answer("Q values", self._in_map, lambda: q_values.values(self.residues, self.atom_shells, sigma), float(sigma))

    @property
    def atom_shells(self) -> Shells:
        """The density on shells around each atom, which Q-scores are made of."""
        return self._answer("shells of atoms", self._in_map, lambda: q_values.shells(self.residues, self.atom_position, self.density))

    def even_q_values(self, sigma: float = 0.4) -> QValues:
        """Q-scores in the map with even shells, which tell more of side chains and peptides than those of a blurred map.

        Parameters
        ----------
        sigma
            As of :meth:`q_values`.

        Returns
        -------
        QValues
            As of :meth:`q_values`.
        """
        def make() -> QValues:
            even = self.density.with_data(self.even_maps.map)
            return q_values.values(self.residues, q_values.shells(self.residues, self.atom_position, even), sigma)

        return self._answer("Q values, even", self._with_halves, make, float(sigma))

    @property
    def unexplained(self) -> Unexplained:
        """What the model leaves of its map, in standard deviations of the noise."""
        return self._answer("unexplained", self._with_halves, lambda: unexplained.unexplained(self))

    @property
    def flips(self) -> np.ndarray:
        """How much better the peptide after each residue fits turned over, in standard deviations of the noise, float64 [n_residues]."""
        return self._answer("flips", self._with_halves, lambda: unexplained.flips(self))
