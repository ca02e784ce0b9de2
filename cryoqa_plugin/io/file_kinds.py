"""What a file is that is not what was asked for, told from how it begins: so that a message names it and says what to do."""
from __future__ import annotations

import bz2
import gzip
import re
from typing import NamedTuple, Optional, Tuple

_LOOKED_AT = 1024                                # bytes
_LEAST_TEXT = 16                                 # letters that make a text; fewer may be anything


class FileKind(NamedTuple):
    """What a file is, what to do with it, and what to do where a map was wanted; empty where only another file helps."""

    name: str
    remedy: str = ""
    as_map: str = ""


_UNPACK = "unpack it"
_AGAIN = "copy or fetch it again"
_CONVERT = "save it as MRC, for example with e2proc3d.py of EMAN2"
_MICROGRAPH = FileKind("a file of Digital Micrograph (DM3 or DM4)", "", _CONVERT)
_MODEL = FileKind("an atomic model (PDB)")
_BEGIN: Tuple[Tuple[bytes, FileKind], ...] = (   # bytes at the beginning, small letters for texts
    (b"\xfd7zXZ\0", FileKind("a file compressed with xz", _UNPACK)), (b"7z\xbc\xaf\x27\x1c", FileKind("a 7z archive", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", FileKind("a file compressed with zstd", _UNPACK)), (b"Rar!", FileKind("a rar archive", _UNPACK)),
    (b"\x89HDF\r\n\x1a\n", FileKind("an HDF5 file, as EMAN2 and ChimeraX write them", "", _CONVERT)),
    (b"\x93NUMPY", FileKind("an array of numpy, or a .cs file of cryoSPARC", "",
                            "write an array as MRC with its voxel size, for example with mrcfile; of a .cs file give the map it names")),
    (b"\x94CSDAT", FileKind("a .cs file of cryoSPARC", "", "give the map that it names")),
    (b"SQLite format 3\0", FileKind("an SQLite file, such as a set of Scipion", "", "give the map that it names")),
    (b"MTZ ", FileKind("an MTZ file of map coefficients or reflections")),
    (b"%PDF", FileKind("a PDF document")), (b"\x89PNG", FileKind("a picture (PNG)")), (b"\xff\xd8\xff", FileKind("a picture (JPEG)")),
    (b"GIF8", FileKind("a picture (GIF)")), (b"II\x97\x01", FileKind("a micrograph of TIA (SER)")),
    (b"II*\0", FileKind("a TIFF file", "", "save it as MRC")), (b"MM\0*", FileKind("a TIFF file", "", "save it as MRC")),
    (b"II+\0", FileKind("a movie of the detector (EER or BigTIFF)")), (b"MM\0+", FileKind("a movie of the detector (EER or BigTIFF)")))
_TEXTS: Tuple[Tuple[str, FileKind], ...] = (     # patterns at the beginning of the text
    (r"<!doctype html|<html|<head|<script", FileKind("a web page", "the download went wrong, fetch it again")),
    (r"<\?xml", FileKind("an XML file")),
    (r"version https://git-lfs", FileKind("a pointer of Git LFS in place of the file", "fetch it with 'git lfs pull'")),
    (r"\S*/annex/objects/", FileKind("a pointer of git-annex in place of the file", "fetch it with 'git annex get'")),
    (r"(?:#[^\n]*\n|\s)*data_[^\n]*\n(?:[^\n]*\n){0,40}?_(?:atom_site|entry)\.", FileKind("an atomic model (mmCIF)")),
    (r"(?:#[^\n]*\n|\s)*data_", FileKind("a STAR or mmCIF file")),
    (r"(?:header|atom|hetatm|remark|cryst1|title|compnd|model|expdta|seqres|origx1|scale1|helix|mdltyp)\s", _MODEL))
_SHORT_TEXTS: Tuple[Tuple[str, FileKind], ...] = (           # too short to be believed where what follows is no text
    (r"<[a-z]", FileKind("an XML file")), (r">\s*\S", FileKind("a FASTA file of sequences")),
    (r"[{\[]\s*[\"{\[\]}0-9-]", FileKind("a JSON file")))
MAP = FileKind("a density map (MRC, CCP4 or MAP)")


def kind_of(start: bytes) -> Optional[FileKind]:
    """What a file is whose first bytes these are (1024, or all when it has fewer); None when they tell nothing."""
    for begin, kind in _BEGIN:
        if start.startswith(begin):
            return kind
    if start.startswith(b"PK\x03\x04"):
        return FileKind("an archive of numpy arrays (.npz)", "", "write one as MRC with its voxel size, for example with mrcfile") \
            if b".npy" in start[:64] else FileKind("a zip archive", _UNPACK)
    if start[257:262] == b"ustar":
        return FileKind("a tar archive", _UNPACK)
    if start[:2] == b"\x1f\x8b" or start[:3] == b"BZh":
        return FileKind("a file that was compressed twice", _UNPACK)
    if start[208:212] == b"MAP ":
        return MAP
    if (start[:4], start[8:11]) == (b"\0\0\0\3", b"\0\0\0") or (start[:4], start[12:15]) == (b"\0\0\0\4", b"\0\0\0"):
        return _MICROGRAPH
    return _text(start)


def _text(start: bytes) -> Optional[FileKind]:
    if not start:
        return FileKind("an empty file (0 bytes)", _AGAIN)
    if not start.strip(b"\0"):
        return FileKind("a file that begins with nothing but zeros: it was not written or copied to its end", _AGAIN)
    words = start.decode("utf-8-sig", "replace").lstrip().lower()
    for pattern, kind in _TEXTS:
        if re.match(pattern, words):
            return kind
    if re.search("[\0-\x08\x0e-\x1f\ufffd]", words[:-4]):   # no text; the last letter may have been cut
        return None
    for pattern, kind in _SHORT_TEXTS:
        if re.match(pattern, words):
            return kind
    if len(words) >= _LEAST_TEXT:
        first = " ".join(words.split())[:30]
        return FileKind(f"a text (it begins with '{first}')")
    return None


def beginning(path: str) -> bytes:
    """The first bytes of a file as :func:`kind_of` takes them, unpacked when it is compressed; empty when it cannot be read."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(_LOOKED_AT)
        if start[:2] == b"\x1f\x8b":
            with gzip.open(path) as packed:
                return packed.read(_LOOKED_AT)
        if start[:3] == b"BZh":
            with bz2.open(path) as packed:
                return packed.read(_LOOKED_AT)
        return start
    except Exception:                                        # of whatever kind: this only words a sentence
        return b"?"


def told(path: str, *own: str) -> str:
    """A sentence, with a space before it, that names what a file is where another one was asked for.

    Empty when that is not known, and for texts and what has one of the words ``own`` in its name, which is what was asked for.
    """
    kind = kind_of(beginning(path))
    if kind is None or any(word in kind.name for word in ("a text", *own)):
        return ""
    return f" It is {kind.name}{f'; {kind.remedy}' if kind.remedy else ''}."
