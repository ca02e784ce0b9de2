"""The two kinds of XML that EMDB entries carry: the header, and FSC curves (which RELION and cryoSPARC write too)."""
from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from typing import Dict, Optional, Sequence, Tuple

import numpy as np

from ..errors import FormatError
from . import ranges
from .file_kinds import told
from .reading import reader

_xml = reader("XML file", "fetch it again", "an XML")
_ANY = (-math.inf, math.inf)
_RESOLUTION = (0.1, 1e4)                         # Å; single tomograms are deposited with 100 Å and more


@dataclass(frozen=True)
class EmdbHeader:
    """What the header of an EMDB entry says.

    ``resolution`` in Å and how it was found (``resolution_method``), ``contour`` the recommended level, ``voxel_size``
    (x, y, z) in Å, ``shape`` (nz, ny, nx), ``pdb_ids`` in lower case; the names of files are as written, None or empty when absent.
    """

    entry: str
    title: str = ""
    resolution: Optional[float] = None
    resolution_method: str = ""
    contour: Optional[float] = None
    voxel_size: Optional[Tuple[float, float, float]] = None
    shape: Optional[Tuple[int, int, int]] = None
    method: str = ""
    pdb_ids: Tuple[str, ...] = ()
    map_file: str = ""
    half_map_files: Tuple[str, ...] = ()
    mask_files: Tuple[str, ...] = ()
    fsc_files: Tuple[str, ...] = ()


@_xml
def read_header_xml(path: str) -> EmdbHeader:
    """Header of an EMDB entry (schema 1.9 or 3)."""
    root = _root(path)
    if root.tag not in ("emd", "emdEntry"):
        raise FormatError(f"'{path}' begins with <{root.tag}> and is no EMDB header; give emd-NNNN.xml of the entry.")
    pdb = _texts(root, ".//pdb_list/pdb_reference/pdb_id") or _texts(root, ".//fittedPDBEntryIdList/fittedPDBEntryId")

    def number(*places: str, limits: Tuple[float, float] = _ANY) -> Optional[float]:         # of the versions of the schema the one there
        return next((v for v in (_number(root, place, path, limits) for place in places) if v), None)

    spacing = [number(f"map/pixel_spacing/{a}", f"map/pixelSpacing/pixel{a.upper()}", limits=ranges.VOXEL_SIZE) for a in "xyz"]
    sizes = [number(f"map/dimensions/{a}", f"map/dimensions/num{a.capitalize()}s") for a in ("sec", "row", "col")]
    contour = number("map/contour_list/contour[@primary='true']/level", "map/contour_list/contour/level", "map/contourLevel")
    return EmdbHeader(
        entry=root.get("emdb_id") or root.get("accessCode") or "", title=_text(root, "admin/title") or _text(root, "deposition/title"),
        resolution=number(".//final_reconstruction/resolution", ".//reconstruction/resolutionByAuthor", limits=_RESOLUTION),
        resolution_method=_text(root, ".//final_reconstruction/resolution_method") or _text(root, ".//reconstruction/resolutionMethod"),
        contour=contour, voxel_size=_spacing(spacing, path),
        shape=_box(sizes, path),
        method=_text(root, ".//structure_determination/method") or _text(root, "processing/method"),
        pdb_ids=tuple(dict.fromkeys(t.lower() for t in pdb)), map_file=_text(root, "map/file"),
        half_map_files=tuple(_texts(root, ".//half_map_list/half_map/file")),
        mask_files=tuple(_texts(root, ".//segmentation_list/segmentation/mask_details/file")),
        fsc_files=tuple(_texts(root, ".//validation//fsc_curve/file")))


@_xml
def read_fsc_xml(path: str) -> Dict[str, Tuple[np.ndarray, np.ndarray]]:
    """Curves of an FSC file by title: (freq in 1/Å, correlation), float64 of shape (n,); one ``<fsc>`` is one curve."""
    root = _root(path)
    blocks = [root] if root.tag == "fsc" else root.findall(".//fsc")
    out: Dict[str, Tuple[np.ndarray, np.ndarray]] = {}
    for number, block in enumerate(blocks, 1):
        points = [(_coordinate(c, "x", i, path), _coordinate(c, "y", i, path)) for i, c in enumerate(block.iter("coordinate"), 1)]
        if points:
            title = block.get("title") or f"fsc {number}"
            x, y = np.array(points, dtype=np.float64).T
            known = np.isfinite(x) & np.isfinite(y)
            ranges.require_curve(x[known], y[known], path)
            order = np.argsort(x, kind="stable")
            out[title if title not in out else f"{title} ({number})"] = (x[order], y[order])
    if not out:
        raise FormatError(f"'{path}' holds no <fsc> with <coordinate> points; give an FSC file in EMDB's layout.")
    return out


def fsc_xml(title: str, frequency: np.ndarray, fsc: np.ndarray) -> str:
    """An FSC curve as EMDB takes it.

    Parameters
    ----------
    title
        Name of the curve.
    frequency
        In 1/Å, float [n].
    fsc
        float [n]; points that are not finite are left out.

    Returns
    -------
    str
        XML with one ``<fsc>``, which :func:`read_fsc_xml` reads back to seven digits.
    """
    root = ElementTree.Element("fsc", title=title, xaxis="Resolution (A-1)", yaxis="Correlation Coefficient")
    for x, y in zip(frequency, fsc):
        if math.isfinite(x) and math.isfinite(y):
            point = ElementTree.SubElement(root, "coordinate")
            ElementTree.SubElement(point, "x").text, ElementTree.SubElement(point, "y").text = f"{x:.7g}", f"{y:.7g}"
    lines = ElementTree.tostring(root, encoding="unicode").replace("<coordinate>", "\n  <coordinate>").replace("</fsc>", "\n</fsc>")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{lines}\n'


class _Plain(ElementTree.TreeBuilder):
    """Builds a tree, and refuses a document type: it can name entities that grow without an end, and none of these files has one."""

    def doctype(self, name: str, pubid: str, system: str) -> None:
        raise FormatError("it declares a document type, which no header and no FSC file does.")


def parse_xml(path: str) -> ElementTree.Element:
    """The root of an XML file.

    Parameters
    ----------
    path
        Header or curve.

    Returns
    -------
    Element
        Without entities of the file's own.

    Raises
    ------
    FormatError
        It declares a document type.
    """
    return ElementTree.parse(path, ElementTree.XMLParser(target=_Plain())).getroot()


def _root(path: str) -> ElementTree.Element:
    try:
        return parse_xml(path)
    except FormatError as error:
        raise FormatError(f"'{path}' is no file of EMDB: {error}") from None
    except ElementTree.ParseError as error:
        raise FormatError(f"'{path}' is not well-formed XML ({error}); fetch it again." + told(path, "an XML")) from None


def _coordinate(point: ElementTree.Element, name: str, row: int, path: str) -> float:
    text = point.findtext(name) or ""
    try:
        return float(text)
    except ValueError:
        raise FormatError(f"'{path}' has '{text[:40]}' for {name} of coordinate {row}, which is no number; fetch or write the FSC file "
                          "again.") from None


def _spacing(spacing: Sequence[Optional[float]], path: str) -> Optional[Tuple[float, float, float]]:
    if not all(spacing):
        return None
    x, y, z = (float(v or 0) for v in spacing)
    if not all(ranges.within(v, ranges.VOXEL_SIZE) for v in (x, y, z)):
        raise FormatError(f"'{path}' gives voxels of {x:g} x {y:g} x {z:g} Å; a voxel is {ranges.shown(ranges.VOXEL_SIZE)}. Fetch it "
                          "again.")
    return x, y, z


def _box(sizes: Sequence[Optional[float]], path: str) -> Optional[Tuple[int, int, int]]:
    if not all(sizes):
        return None
    sec, row, col = (float(n or 0) for n in sizes)
    if not all(1 <= n <= ranges.BOX for n in (sec, row, col)):
        raise FormatError(f"'{path}' gives a map of {col:g} x {row:g} x {sec:g} voxels, which cannot be; fetch it again.")
    return int(sec), int(row), int(col)


def _text(root: ElementTree.Element, where: str) -> str:
    return " ".join((root.findtext(where) or "").split())


def _texts(root: ElementTree.Element, where: str) -> Tuple[str, ...]:
    return tuple(e.text.strip() for e in root.findall(where) if e.text and e.text.strip())


def _number(root: ElementTree.Element, where: str, path: str, limits: Tuple[float, float]) -> Optional[float]:
    text = (root.findtext(where) or "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FormatError(f"'{path}' has '{text[:40]}' for {where.lstrip('./')}, which is no number; fetch it again.")
    if value != 0 and not ranges.within(value, limits):      # 0 stands where nothing was known
        raise FormatError(f"'{path}' has {value:g} for {where.lstrip('./')}, which is {ranges.shown(limits)}; fetch it again.")
    return value
