"""Atomic models on disk: PDB and mmCIF, plain or compressed, read by gemmi."""
from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from typing import Any, List, Optional, Tuple

import numpy as np

from ..errors import FormatError, InputError


@dataclass(frozen=True)
class Model:
    """The first model of a file, with waters and hydrogens; every atom of ``structure`` in file order."""

    structure: Any
    path: Optional[str] = None

    @cached_property
    def _atoms(self) -> List[Any]:
        return [atom for chain in self.structure[0] for residue in chain for atom in residue]

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self._atoms)

    @cached_property
    def xyz(self) -> np.ndarray:
        """Positions, float64 of shape (n_atoms, 3), in Å."""
        return np.array([a.pos.tolist() for a in self._atoms], dtype=np.float64).reshape(-1, 3)

    @cached_property
    def b_iso(self) -> np.ndarray:
        """Isotropic B-factors, float64 of shape (n_atoms,), in Å²."""
        return np.array([a.b_iso for a in self._atoms], dtype=np.float64)

    @cached_property
    def occupancy(self) -> np.ndarray:
        """Occupancies, float64 of shape (n_atoms,), from 0 to 1."""
        return np.array([a.occ for a in self._atoms], dtype=np.float64)

    @cached_property
    def elements(self) -> Tuple[str, ...]:
        """Symbols of the elements, such as ``C`` or ``Zn``."""
        return tuple(a.element.name for a in self._atoms)


def read_model(path: str) -> Model:
    """Read the first model of a PDB or mmCIF file (also gz); one sentence when it is none."""
    import gemmi
    try:
        with open(path, "rb"):
            pass
        structure = gemmi.read_structure(path, format=_format(path))
    except OSError as error:
        raise InputError(f"The model '{path}' cannot be read ({error.strerror or error}); check the path and its permissions.") from None
    except Exception as error:                               # gemmi raises RuntimeError, ValueError and others for broken text
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FormatError(f"The model '{path}' cannot be read as PDB or mmCIF ({reason}); give an atomic model.") from None
    while len(structure) > 1:
        del structure[-1]
    model = Model(structure, path) if len(structure) else None
    if model is None or model.n_atoms == 0:
        raise FormatError(f"The model '{path}' holds no atoms; give a PDB or mmCIF file with ATOM records.")
    if not np.isfinite(model.xyz).all():
        bad = int((~np.isfinite(model.xyz)).any(axis=1).sum())
        raise FormatError(f"The model '{path}' has {bad} atoms whose position is no number; write it again.")
    return model


def _format(path: str) -> Any:
    import gemmi
    stem = path[:-3] if path.lower().endswith(".gz") else path
    known = {".pdb": gemmi.CoorFormat.Pdb, ".ent": gemmi.CoorFormat.Pdb, ".cif": gemmi.CoorFormat.Mmcif, ".mmcif": gemmi.CoorFormat.Mmcif}
    return known.get(os.path.splitext(stem.lower())[1], gemmi.CoorFormat.Detect)


def write_model(path: str, model: Model) -> None:
    """Write a model as mmCIF (name ending in ``.cif``) or PDB, complete or not at all."""
    folder = os.path.dirname(os.path.abspath(path))
    cif = path.lower().endswith((".cif", ".mmcif"))
    text = model.structure.make_mmcif_document().as_string() if cif else model.structure.make_pdb_string()
    handle, temporary = tempfile.mkstemp(prefix=".cryoqa_", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.remove(temporary)
        raise
