"""Calibration tables that are shipped with the program: how scores of types are distributed at each resolution."""
from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from ..core import type_odds
from ..core.type_odds import TypeTable

_HERE = Path(__file__).parent
_DIGITS = 5                           # significant ones that are kept


class Tables(NamedTuple):
    """Tables by the resolution that they were made at, in Å and rising; ``kinds`` are the names of the types."""

    kinds: Tuple[str, ...]
    resolution: Tuple[float, ...]
    table: Tuple[TypeTable, ...]

    @property
    def composition(self) -> np.ndarray:
        """The part of each type among the residues that the tables were made from, float64 [n_kinds]."""
        return self.table[0].composition

    def at(self, resolution: float) -> TypeTable:
        """The table for a resolution.

        Parameters
        ----------
        resolution
            In Å.

        Returns
        -------
        TypeTable
            Linear between the two that are next to it; the first or the last one beyond them.
        """
        at = float(np.interp(resolution, self.resolution, np.arange(len(self.resolution))))
        low = min(int(at), len(self.table) - 1)
        return self.table[low] if at == low else type_odds.between(self.table[low], self.table[low + 1], at - low)


@lru_cache(maxsize=None)
def read_tables(name: str) -> Tables:
    """The tables of one check.

    Parameters
    ----------
    name
        ``side_chains`` or another that is shipped.

    Returns
    -------
    Tables
        As the script that made them wrote them.
    """
    found = json.loads((_HERE / f"{name}_tables.json").read_text(encoding="utf-8"))
    composition = np.array(found["composition"])
    tables = [TypeTable(np.array(t["means"]), np.linalg.inv(np.array(t["covariance"])), float(t["scale"]), composition)
              for t in found["tables"]]
    return Tables(tuple(found["kinds"]), tuple(found["resolution"]), tuple(tables))


def tables_text(kinds: Sequence[str], resolution: Sequence[float], tables: Sequence[TypeTable], made_from: str) -> str:
    """Tables as the text that :func:`read_tables` reads.

    Parameters
    ----------
    kinds
        Names of the types.
    resolution
        In Å, rising.
    tables
        One for each.
    made_from
        What they were made from, in words.

    Returns
    -------
    str
        JSON, five digits to a number.
    """
    out: List[str] = [f'{{"made_from": {json.dumps(made_from)},', f'"kinds": {json.dumps(list(kinds))},',
                      f'"composition": {_numbers(tables[0].composition)},', f'"resolution": {_numbers(resolution)},', '"tables": [']
    for i, t in enumerate(tables):
        covariance = np.linalg.inv(t.precision)
        out += [f'{{"scale": {t.scale:.{_DIGITS}g},', '"means": [' + ",\n".join(_numbers(row) for row in t.means) + "],",
                '"covariance": [' + ",\n".join(_numbers(row) for row in (covariance + covariance.T) / 2)
                + ("]}," if i + 1 < len(tables) else "]}")]
    return "\n".join(out) + "\n]}\n"


def _numbers(row: Sequence[float]) -> str:
    return "[" + ", ".join(f"{float(v):.{_DIGITS}g}" for v in row) + "]"
