"""Curves on disk: the MTF of a detector, and the FSC that another program found."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ..errors import FormatError, InputError
from . import ranges
from .emdb_xml import read_fsc_xml
from .file_kinds import told
from .reading import reader
from .star import StarTable, read_star

_MTF_COLUMNS = ("rlnResolutionInversePixel", "rlnMtfValue")
_FSC_COLUMNS = (                                 # frequency in 1/Å and FSC, the best first: RELION's, then Xmipp's
    ("rlnResolution", "rlnFourierShellCorrelationCorrected"), ("rlnResolution", "rlnFourierShellCorrelationUnmaskedMaps"),
    ("rlnResolution", "rlnGoldStandardFsc"), ("resolutionFreqFourier", "resolutionFRC"))
_FINEST = 2.0                                    # 1/Å; no map of cryo-EM goes further, so that larger numbers are something else
_HIGHEST = 1.0                                   # 1/pixel; super-resolution doubles what a detector has
_DETECTOR_NYQUIST = 0.5                          # 1/pixel
_MOST = 1000.0                                   # of an MTF in percent, generously
_ABOVE_ONE = 1.2                                 # an MTF begins at 1; above this it is in percent, or no MTF


@dataclass(frozen=True)
class Mtf:
    """The MTF of a detector: how much of each frequency it lets through.

    Parameters
    ----------
    frequency
        Frequencies in 1/pixel of the detector, rising, float64 [n].
    values
        Values above 0, float64 [n].
    path
        The file, None for what is in memory.
    warnings
        Sentences about what to check in the file.
    """

    frequency: np.ndarray
    values: np.ndarray
    path: Optional[str] = None
    warnings: Tuple[str, ...] = ()

    @property
    def data(self) -> np.ndarray:
        """Frequencies and values, float64 [2, n]."""
        return np.stack([self.frequency, self.values])

    def at(self, frequency: np.ndarray, pixel_size: float) -> np.ndarray:
        """MTF at some frequencies, linear between its points, and as at its ends beyond them.

        Parameters
        ----------
        frequency
            Frequencies in 1/Å, float [m].
        pixel_size
            Pixel size of the detector in Å.

        Returns
        -------
        ndarray
            float64 [m].
        """
        return np.interp(np.asarray(frequency) * pixel_size, self.frequency, self.values)


@dataclass(frozen=True)
class GivenFsc:
    """An FSC that another program found.

    Parameters
    ----------
    frequency
        Frequencies in 1/Å, rising, float64 [n].
    values
        FSC, float64 [n].
    name
        What the file calls it.
    path, warnings
        As of :class:`Mtf`.
    """

    frequency: np.ndarray
    values: np.ndarray
    name: str = ""
    path: Optional[str] = None
    warnings: Tuple[str, ...] = ()

    @property
    def data(self) -> np.ndarray:
        """Frequencies and values, float64 [2, n]."""
        return np.stack([self.frequency, self.values])

    def at(self, frequency: np.ndarray) -> np.ndarray:
        """FSC at some frequencies: linear between its points, 0 beyond the last.

        Parameters
        ----------
        frequency
            Frequencies in 1/Å, float [m].

        Returns
        -------
        ndarray
            float64 [m].
        """
        return np.interp(frequency, self.frequency, self.values, right=0.0)


@reader("MTF file", "give the STAR file that RELION takes for --mtf", "STAR")
def read_mtf(path: str) -> Mtf:
    """The MTF in a RELION STAR file.

    Parameters
    ----------
    path
        A file with the columns ``_rlnResolutionInversePixel`` and ``_rlnMtfValue``.

    Raises
    ------
    MissingInputError
        The file is not there.
    FormatError
        It holds no such table of numbers.
    InputError
        A value is not positive.
    """
    table = next((t for t in read_star(path).values() if len(t) and set(_MTF_COLUMNS) <= set(t.columns)), None)
    if table is None:
        raise FormatError(f"The MTF file {path} holds no table of numbers with the columns _{_MTF_COLUMNS[0]} and _{_MTF_COLUMNS[1]}; "
                          "give the STAR file that RELION takes for --mtf." + told(path, "STAR"))
    frequency, values = (table.numbers(name, finite=True) for name in _MTF_COLUMNS)
    if frequency.min() < 0 or frequency.max() > _HIGHEST:
        raise InputError(f"The MTF file {path} has frequencies from {frequency.min():g} to {frequency.max():g} 1/pixel; they run from 0 to "
                         f"{_DETECTOR_NYQUIST:g}. Give the STAR file that RELION takes for --mtf.")
    if values.min() <= 0:
        raise InputError(f"The MTF file {path} has values that are not positive (lowest {values.min():g}); give the MTF of the detector.")
    if values.max() > _MOST:
        raise InputError(f"The MTF file {path} has values up to {values.max():.4g}, where one that lets everything through is 1, or 100 %; "
                         "give the MTF of the detector.")
    order = np.argsort(frequency, kind="stable")
    frequency, values = frequency[order], values[order]
    return Mtf(frequency, values, path, tuple(_mtf_notes(frequency, values)))


def _mtf_notes(frequency: np.ndarray, values: np.ndarray) -> List[str]:
    out = []
    if frequency[-1] < 0.98 * _DETECTOR_NYQUIST:
        out.append(f"The MTF ends at {frequency[-1]:.3g} 1/pixel; its last value, {values[-1]:.3g}, is taken up to {_DETECTOR_NYQUIST:g}.")
    if values.max() > _ABOVE_ONE:
        out.append(f"The MTF has values up to {values.max():.4g}, where one that lets everything through is 1; the map is divided by them "
                   "as they are. Divide the column by its first value.")
    return out


class _Points(NamedTuple):
    """Points of a curve as a file has them: ``x`` in 1/Å, what the file calls ``y``, and notes."""

    x: np.ndarray
    y: np.ndarray
    name: str
    notes: Tuple[str, ...] = ()


@reader("FSC file", "give the postprocess.star of RELION, EMDB's XML, or two columns of numbers", "STAR", "XML")
def read_fsc_curve(path: str) -> GivenFsc:
    """The FSC in a file: RELION's postprocess.star or model.star, Xmipp's fsc.xmd, the XML of EMDB, RELION and cryoSPARC, or two columns.

    Of several curves in a file the one corrected for the mask is taken, else the masked, else the first; a note says which.

    Parameters
    ----------
    path
        The file; its content tells what it is. Of plain columns the first is the frequency in 1/Å, or the resolution in Å from coarse
        to fine, and the last the FSC.

    Raises
    ------
    MissingInputError
        The file is not there.
    FormatError
        It holds no FSC over a frequency in 1/Å.
    """
    with open(path, encoding="utf-8", errors="replace") as stream:
        text = stream.read()
    if text.lstrip("\ufeff \r\n\t").startswith("<"):
        points: Optional[_Points] = _of_xml(read_fsc_xml(path))
    elif re.search(r"^data_", text, re.M):
        points = _of_star(read_star(path))
    else:
        points = _of_columns(text, path)
    if points is None:
        raise FormatError(f"The file {path} holds no FSC: neither a STAR table with _{_FSC_COLUMNS[0][0]} and _{_FSC_COLUMNS[0][1]}, nor "
                          "EMDB's XML, nor two columns of numbers; give the postprocess.star of RELION."
                          + told(path, "STAR", "XML"))
    good = np.isfinite(points.x) & np.isfinite(points.y)
    x, y = points.x[good], points.y[good]
    if x.size < 2 or np.abs(y).max() > 1.001:
        what = f"holds {x.size} points" if x.size < 2 else f"has values up to {np.abs(y).max():.4g}"
        raise FormatError(f"The FSC in {path} {what}; an FSC has values from -1 to 1 at several frequencies, give that of the half-maps.")
    ranges.require_curve(x, y, path)
    order = np.argsort(x, kind="stable")
    return GivenFsc(x[order], y[order], points.name, path, points.notes)


def _of_star(tables: Dict[str, StarTable]) -> Optional[_Points]:
    for names in _FSC_COLUMNS:
        for table in tables.values():
            if len(table) and all(n in table.columns for n in names):
                x, y = (table.numbers(n) for n in names)
                other = "" if names is _FSC_COLUMNS[0] else f"The FSC taken from the file is its column _{names[1]}."
                return _Points(x, y, names[1], (other,) if other else ())
    return None


def _of_xml(curves: Dict[str, Tuple[np.ndarray, np.ndarray]]) -> _Points:
    def rank(title: str) -> int:
        words = title.lower()
        return 0 if "correct" in words else 1 if "masked" in words and "unmasked" not in words else 2

    name = min(curves, key=rank)                             # of equal ones the first
    notes = (f"Of the {len(curves)} curves of the file '{name}' is taken.",) if len(curves) > 1 else ()
    return _Points(*curves[name], name, notes)


def _of_columns(text: str, path: str) -> Optional[_Points]:
    """Points of plain columns; None where the first row below the head is not of numbers."""
    lines = [(i, re.split(r"[\s,;]+", line.strip(" \t\r,;"))) for i, line in enumerate(text.splitlines(), 1)
             if line.strip() and line.strip()[0] not in "#;!@"]
    named = bool(lines) and not _is_number(lines[0][1][0])
    below = lines[named:]
    if len(below) < 2 or len(below[0][1]) < 2 or not all(map(_is_number, below[0][1])):
        return None
    width = len(below[0][1])
    for number, words in below:
        wrong = next((k for k, word in enumerate(words) if not _is_number(word)), None)
        if wrong is not None or len(words) != width:
            what = f"{len(words)} values where the first row has {width}" if wrong is None else (
                f"'{words[wrong][:40]}' in column {wrong + 1}, which is no number")
            raise FormatError(f"Line {number} of '{path}' has {what}; write or copy the file again.")
    rows = np.array([[float(v) for v in words] for _, words in below], dtype=np.float64)
    x, y = rows[:, 0], rows[:, -1]
    name = lines[0][1][-1] if named else f"column {rows.shape[1]}"
    notes = () if rows.shape[1] == 2 else (f"Of the {rows.shape[1]} columns of the file the last is taken for the FSC.",)
    if x.max() <= _FINEST:
        return _Points(x, y, name, notes)
    if np.all(np.diff(x) < 0) and x.min() > 0:
        return _Points(1 / x, y, name, notes + ("The first column of the file falls, so that it is taken for the resolution in Å.",))
    raise FormatError(f"The first column of {path} runs to {x.max():g}, which is no frequency in 1/Å (at most {_FINEST:g}), and does not "
                      "fall as a resolution in Å; give the frequency in 1/Å and the FSC, or the XML file of the same FSC.")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
