"""Atomic models on disk: PDB and mmCIF, plain or compressed, read by gemmi; the content tells what a file is, not its name."""
from __future__ import annotations

import bz2
import gzip
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, List, Optional, Tuple

import numpy as np

from ..errors import FormatError, InputError
from ..files import replacing


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
        text = _text(path)
        structure = gemmi.read_structure_string(text, format=gemmi.CoorFormat.Detect)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FormatError(f"The compressed model '{path}' is damaged ({error}); fetch or copy it again.") from None
    except OSError as error:
        raise InputError(f"The model '{path}' cannot be read ({error.strerror or error}); check the path and its permissions.") from None
    except FormatError:
        raise
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


def _text(path: str) -> bytes:
    with open(path, "rb") as stream:
        content = stream.read()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    elif content[:3] == b"BZh":
        content = bz2.decompress(content)
    if b"\0" in content[:4096]:
        raise FormatError(f"'{path}' is a binary file and not an atomic model; give a PDB or mmCIF file.")
    return content


def write_model(path: str, model: Model) -> None:
    """Write a model as mmCIF (name ending in ``.cif``) or PDB, complete or not at all."""
    cif = path.lower().endswith((".cif", ".mmcif"))
    text = model.structure.make_mmcif_document().as_string() if cif else model.structure.make_pdb_string()
    with replacing(path) as stream:
        stream.write(text.encode("utf-8"))
