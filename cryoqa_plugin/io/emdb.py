"""Entries of the Electron Microscopy Data Bank: map, half-maps, mask, FSC, header and the fitted model, fetched and checked."""
from __future__ import annotations

import gzip
import os
import re
import xml.etree.ElementTree as ElementTree
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

import numpy as np

from ..errors import CryoqaError, FormatError, InputError
from ..plain_text import one_line
from ..progress import Progress, silent
from ..results import read_json, write_json
from .download import check_url, download, sha256
from .emdb_xml import EmdbHeader, parse_xml, read_fsc_xml, read_header_xml
from .maps import HEADER_BYTES, read_header

__all__ = ["PARTS", "EmdbEntry", "EmdbHeader", "fetch", "read_fsc_xml", "read_header_xml"]

EMDB_URL = "https://ftp.ebi.ac.uk/pub/databases/emdb"
PDB_URL = "https://www.ebi.ac.uk/pdbe/entry-files/download"
PARTS = ("map", "half_maps", "mask", "fsc", "header", "model")
SCHEMA = "cryoqa/emdb_fetch/1"
_BYTES = {0: 1, 1: 2, 2: 4, 6: 2, 12: 2}
_MOST_MODELS = 4
_XML_BYTES = 64 << 20               # the largest headers of EMDB have some MB
_MODEL_BYTES = 4 << 30
_MAP_BYTES = (1 << 30, 64 << 30)    # what a map may always have, and may never exceed


@dataclass(frozen=True)
class EmdbEntry:
    """What was fetched: ``files`` by kind (full_map, half1, half2, mask, fsc, header, model), ``missing`` sentences."""

    entry: str
    folder: str
    files: Dict[str, str] = field(default_factory=dict)
    missing: Tuple[str, ...] = ()
    header: Optional[EmdbHeader] = None
    fetched: Tuple[str, ...] = ()

    def text(self) -> str:
        """A few lines for the screen: the entry, the files, what it does not have."""
        lines = [f"{self.entry}: {self.header.title}" if self.header and self.header.title else self.entry]
        facts = _facts(self.header) if self.header else ""
        lines += [f"  {facts}"] if facts else []
        for kind, path in self.files.items():
            size = os.path.getsize(path) / 1e6
            lines.append(f"  {kind:<9} {path}  ({size:.1f} MB, {'fetched' if kind in self.fetched else 'was there'})")
        return "\n".join(map(one_line, lines + [f"  {sentence}" for sentence in self.missing]))


def _facts(header: EmdbHeader) -> str:
    facts = []
    if header.resolution:
        facts.append(f"{header.resolution:g} Å" + (f" ({header.resolution_method})" if header.resolution_method else ""))
    if header.voxel_size:
        facts.append(f"voxel {header.voxel_size[0]:g} Å")
    if header.contour is not None:
        facts.append(f"contour {header.contour:g}")
    if header.pdb_ids:
        facts.append("model " + ", ".join(header.pdb_ids))
    return "; ".join(facts)


def fetch(entry: str, folder: str, *, base_url: Optional[str] = None, parts: Optional[Sequence[str]] = None,
          progress: Progress = silent) -> EmdbEntry:
    """Fetch an entry of EMDB into ``folder/EMD-NNNN``.

    Files that an earlier call fetched, whose SHA-256 is the one in ``manifest.json``, are not fetched again; broken
    downloads go on where they stopped. Every file is checked for its length, for the checksum where the server sends
    one, and for its content: the CRC of gzip, the header and size of a map, the XML or mmCIF.

    Parameters
    ----------
    entry
        ``EMD-3186``, ``emd_3186`` or ``3186``.
    folder
        Where the folder of the entry goes.
    base_url
        Server with EMDB's layout; default the environment variable CRYOQA_EMDB_URL, else EMDB's archive at EBI. Models
        come from CRYOQA_PDB_URL, else PDBe.
    parts
        Some of :data:`PARTS`; default all.
    progress
        Called with a fraction from 0 to 1 and a message.
    """
    number = _number(entry)
    wanted = tuple(parts or PARTS)
    unknown = [p for p in wanted if p not in PARTS]
    if unknown:
        raise InputError(f"There is no part '{unknown[0]}' of an entry; the parts are {', '.join(PARTS)}.")
    base = (base_url or os.environ.get("CRYOQA_EMDB_URL") or EMDB_URL).rstrip("/")
    base = check_url(base[:-len("/structures")] if base.endswith("/structures") else base)
    models = check_url((os.environ.get("CRYOQA_PDB_URL") or PDB_URL).rstrip("/"))
    target = os.path.join(folder, f"EMD-{number}")
    try:
        os.makedirs(target, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder {target} cannot be made ({error.strerror}); choose another one.") from None
    return _Fetcher(number, target, base, models, progress).run(wanted)


def _number(entry: str) -> str:
    found = re.match(r"^(?:EMD[-_ ]?)?(\d{4,6})$", str(entry).strip(), re.IGNORECASE)
    if not found:
        raise InputError(f"'{entry}' is no EMDB entry; give one like EMD-3186.")
    return found.group(1)


@dataclass
class _Item:
    """A file to fetch: addresses to try in turn, its kind, its check, the sentence when none of them exists, the bytes it may have."""

    kind: str
    part: str
    urls: List[str]
    check: Callable[[str], None]
    absent: str
    most: int = _XML_BYTES


class _Fetcher:
    """The steps of one :func:`fetch`: header first, which names the other files, then these; a manifest after each."""

    def __init__(self, number: str, folder: str, base: str, models: str, progress: Progress) -> None:
        self.entry, self.number, self.folder = f"EMD-{number}", number, folder
        self.url, self.models = f"{base}/structures/EMD-{number}", models
        self.progress = progress
        self.manifest_path = os.path.join(folder, "manifest.json")
        self.manifest = self._old_manifest()
        self.fetched: List[str] = []

    def run(self, wanted: Sequence[str]) -> EmdbEntry:
        item = _Item("header", "header", [f"{self.url}/header/emd-{self.number}{end}.xml" for end in ("-v30", "")], _check_header, "")
        path = self._one(item, 0.0, 0.02)
        if path is None:
            raise InputError(f"There is no entry {self.entry} at {self.url}; check the number, or give another server.")
        header = read_header_xml(path)
        items = [i for i in self._items(header) if i.part in wanted]
        files, missing = ({"header": path} if "header" in wanted else {}), []
        for i, item in enumerate(items):
            found = self._one(item, 0.02 + 0.98 * i / len(items), 0.98 / len(items))
            if found:
                files[item.kind] = found
            elif item.absent and item.absent not in missing:
                missing.append(item.absent)
        if "model" in wanted and not header.pdb_ids:
            missing.append("No model: the header names no PDB entry.")
        self.progress(1.0, "done")
        return EmdbEntry(self.entry, self.folder, files, tuple(missing), header, tuple(self.fetched))

    def _items(self, header: EmdbHeader) -> List[_Item]:
        n, url, most = self.number, self.url, _most_bytes(header)
        names = _Names(n)
        halves = names.take(header.half_map_files, "half", "map")
        masks = names.take(header.mask_files, "msk", "map") or [f"emd_{n}_msk_1.map"]
        curves = names.take(header.fsc_files, "fsc", "xml") + [f"emd_{n}_fsc.xml", f"emd_{n}_fsc_1.xml"]
        none = "No half-maps: the entry has none (older depositions often do not)."
        out = [_Item("full_map", "map", _urls(f"{url}/map", [f"emd_{n}.map.gz", f"emd_{n}.map"]), _map_check(most),
                     f"No map: {url}/map has none.", most)]
        for i, name in enumerate(halves[:2] if len(halves) > 1 else ("", ""), 1):        # one alone may be either of them
            out.append(_Item(f"half{i}", "half_maps", _urls(f"{url}/other", [name, f"emd_{n}_half_map_{i}.map.gz"]), _map_check(most),
                             none, most))
        for i, name in enumerate(masks):
            kinds = [name, name + ".gz"] + ([f"emd_{n}_msk.map"] if i == 0 else [])
            out.append(_Item(f"mask{i + 1 if i else ''}", "mask", _urls(f"{url}/masks", kinds), _map_check(most),
                             "No mask: the entry has none.", most))
        out.append(_Item("fsc", "fsc", _urls(f"{url}/fsc", curves), _check_xml, "No FSC curve: the depositors gave none."))
        for i, pdb in enumerate([p for p in header.pdb_ids if re.match(r"(pdb_[0-9a-z]{8}|[0-9][0-9a-z]{3})\Z", p)][:_MOST_MODELS]):
            out.append(_Item(f"model{i + 1 if i else ''}", "model", _urls(self.models, [f"{pdb}.cif", f"{pdb}.cif.gz"]), _check_model,
                             f"No model: {pdb} is not at {self.models}.", _MODEL_BYTES))
        return out

    def _one(self, item: _Item, start: float, share: float) -> Optional[str]:
        """Path of the file of an item, fetched unless a sound one is there; None when the server has none."""
        files, absent = self.manifest["files"], self.manifest["absent"]
        old = files.get(item.kind)
        if old and self._sound(old):
            return os.path.join(self.folder, old["path"])
        if item.kind in absent:
            return None
        for url in item.urls:
            path = os.path.join(self.folder, url.rsplit("/", 1)[1])
            self.progress(start, f"{self.entry}: {os.path.basename(path)}")
            done = download(url, path, most=item.most, check=item.check, progress=self._meter(os.path.basename(path), start, share))
            if done:
                files[item.kind] = {"path": os.path.basename(path), "url": url, "size": done.size, "sha256": done.sha256,
                                    "checked": list(done.checked), "date": _now()}
                self.fetched.append(item.kind)
                self._write()
                return path
        absent[item.kind] = _now()
        if item.kind != "header":
            self._write()
        return None

    def _meter(self, name: str, start: float, share: float) -> Callable[[int, int], None]:
        def meter(have: int, total: int) -> None:
            amount = f"{have / 1e6:.1f} of {total / 1e6:.1f} MB" if total else f"{have / 1e6:.1f} MB"
            self.progress(start + (share * have / total if total else 0.0), f"{self.entry}: {name} {amount}")
        return meter

    def _sound(self, old: Dict[str, Any]) -> bool:
        path = os.path.join(self.folder, os.path.basename(str(old.get("path", ""))))
        return os.path.isfile(path) and os.path.getsize(path) == old.get("size") and sha256(path) == old.get("sha256")

    def _old_manifest(self) -> Dict[str, Any]:
        try:
            old = read_json(self.manifest_path)
            if old["schema"] == SCHEMA and old["entry"] == self.entry and old["source"] == self.url:
                return {"files": dict(old["files"]), "absent": dict(old["absent"])}
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return {"files": {}, "absent": {}}

    def _write(self) -> None:
        write_json({"schema": SCHEMA, "entry": self.entry, "source": self.url, **self.manifest}, self.manifest_path)


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Names:
    """Names that a header gives to the files of its entry: of this entry, of their kind, and each for one file only."""

    def __init__(self, number: str) -> None:
        self._number = number
        self._taken: Set[str] = set()

    def take(self, names: Sequence[str], kind: str, end: str) -> List[str]:
        """Those of the names that can be used; the others are as if the header had not named them."""
        out = []
        for name in names:
            sound = re.match(rf"emd_{self._number}_[A-Za-z0-9_.\-]{{1,80}}\.{end}(\.gz)?\Z", name or "")
            if sound and kind in name and name.lower() not in self._taken:
                self._taken |= {name.lower(), name.lower() + ".gz"}
                out.append(name)
        return out


def _most_bytes(header: EmdbHeader) -> int:
    """Bytes that a map of the entry may have: half-maps and masks may be larger than the map, which may have been cropped."""
    voxels = float(np.prod([abs(float(n)) for n in header.shape])) if header.shape else 0.0
    return int(min(max(16 * voxels, _MAP_BYTES[0]), _MAP_BYTES[1])) if voxels else _MAP_BYTES[1]


def _urls(base: str, names: Sequence[str]) -> List[str]:
    return [f"{base}/{n}" for n in dict.fromkeys(n for n in names if n)]


# ---------------------------------------------------------------- content

def _map_check(most: int) -> Callable[[str], None]:
    """Raises FormatError unless a file is a whole map of at most so many bytes; of a gzip file the CRC is checked too."""
    def check(path: str) -> None:
        found = _unpacked_size(path, most)
        header = read_header(path)
        needed = HEADER_BYTES + header.extended_bytes + int(np.prod([int(n) for n in header.shape])) * _BYTES.get(header.mode, 1)
        if found < needed:
            raise FormatError(f"it is truncated, {found} bytes instead of {needed}.")
    return check


def _unpacked_size(path: str, most: int) -> int:
    with open(path, "rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    if not packed:
        return os.path.getsize(path)
    size = 0
    try:
        with gzip.open(path, "rb") as stream:
            for block in iter(lambda: stream.read(1 << 20), b""):
                size += len(block)
                if size > most:
                    raise FormatError(f"it unpacks to more than {most / 1e6:.0f} MB.")
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(f"its gzip stream is damaged ({error}).") from None
    return size


def _check_header(path: str) -> None:
    try:
        read_header_xml(path)
    except CryoqaError as error:
        raise FormatError(str(error)) from None


def _check_xml(path: str) -> None:
    try:
        parse_xml(path)
    except ElementTree.ParseError as error:
        raise FormatError(f"it is not well-formed XML ({error}).") from None


def _check_model(path: str) -> None:
    _unpacked_size(path, _MODEL_BYTES)
    with open(path, "rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    with (gzip.open(path, "rb") if packed else open(path, "rb")) as stream:
        start = stream.read(4096)
    if b"data_" not in start and b"HEADER" not in start and b"ATOM" not in start:
        raise FormatError("it is neither mmCIF nor PDB.")
