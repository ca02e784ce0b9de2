"""The two kinds of XML that EMDB entries carry: the header, and FSC curves (which RELION and cryoSPARC write too)."""
from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from typing import Dict, Optional, Tuple

import numpy as np

from ..errors import FormatError, InputError


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


def read_header_xml(path: str) -> EmdbHeader:
    """Header of an EMDB entry (schema 1.9 or 3)."""
    root = _root(path)
    if root.tag not in ("emd", "emdEntry"):
        raise FormatError(f"'{path}' begins with <{root.tag}> and is no EMDB header; give emd-NNNN.xml of the entry.")
    pdb = _texts(root, ".//pdb_list/pdb_reference/pdb_id") or _texts(root, ".//fittedPDBEntryIdList/fittedPDBEntryId")
    spacing = [_number(root, f"map/pixel_spacing/{a}") or _number(root, f"map/pixelSpacing/pixel{a.upper()}") for a in "xyz"]
    sizes = [_number(root, f"map/dimensions/{a}") or _number(root, f"map/dimensions/num{a.capitalize()}s") for a in ("sec", "row", "col")]
    contour = _number(root, "map/contour_list/contour[@primary='true']/level") or _number(root, "map/contour_list/contour/level") \
        or _number(root, "map/contourLevel")
    return EmdbHeader(
        entry=root.get("emdb_id") or root.get("accessCode") or "", title=_text(root, "admin/title") or _text(root, "deposition/title"),
        resolution=_number(root, ".//final_reconstruction/resolution") or _number(root, ".//reconstruction/resolutionByAuthor"),
        resolution_method=_text(root, ".//final_reconstruction/resolution_method") or _text(root, ".//reconstruction/resolutionMethod"),
        contour=contour, voxel_size=tuple(spacing) if all(spacing) else None,
        shape=tuple(int(n) for n in sizes) if all(sizes) else None,
        method=_text(root, ".//structure_determination/method") or _text(root, "processing/method"),
        pdb_ids=tuple(dict.fromkeys(t.lower() for t in pdb)), map_file=_text(root, "map/file"),
        half_map_files=tuple(_texts(root, ".//half_map_list/half_map/file")),
        mask_files=tuple(_texts(root, ".//segmentation_list/segmentation/mask_details/file")),
        fsc_files=tuple(_texts(root, ".//validation//fsc_curve/file")))


def read_fsc_xml(path: str) -> Dict[str, Tuple[np.ndarray, np.ndarray]]:
    """Curves of an FSC file by title: (freq in 1/Å, correlation), float64 of shape (n,); one ``<fsc>`` is one curve."""
    root = _root(path)
    blocks = [root] if root.tag == "fsc" else root.findall(".//fsc")
    out: Dict[str, Tuple[np.ndarray, np.ndarray]] = {}
    for number, block in enumerate(blocks, 1):
        try:
            points = [(float(c.findtext("x", "")), float(c.findtext("y", ""))) for c in block.iter("coordinate")]
        except ValueError:
            raise FormatError(f"'{path}' has a coordinate that is no number; fetch or write the FSC file again.") from None
        if points:
            title = block.get("title") or f"fsc {number}"
            x, y = np.array(points, dtype=np.float64).T
            order = np.argsort(x, kind="stable")
            out[title if title not in out else f"{title} ({number})"] = (x[order], y[order])
    if not out:
        raise FormatError(f"'{path}' holds no <fsc> with <coordinate> points; give an FSC file in EMDB's layout.")
    return out


def _root(path: str) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()
    except OSError as error:
        raise InputError(f"'{path}' cannot be read ({error.strerror or error}); check the path and its permissions.") from None
    except ElementTree.ParseError as error:
        raise FormatError(f"'{path}' is not well-formed XML ({error}); fetch it again.") from None


def _text(root: ElementTree.Element, where: str) -> str:
    return " ".join((root.findtext(where) or "").split())


def _texts(root: ElementTree.Element, where: str) -> Tuple[str, ...]:
    return tuple(e.text.strip() for e in root.findall(where) if e.text and e.text.strip())


def _number(root: ElementTree.Element, where: str) -> Optional[float]:
    try:
        return float(root.findtext(where) or "")
    except ValueError:
        return None
