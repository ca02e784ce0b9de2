"""Volumes of SPIDER and Xmipp (.vol, .spi), read through the header of an MRC file that says the same."""
from __future__ import annotations

from typing import Optional

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE

_VOLUME = 3                                      # IFORM of a volume of real numbers
LABEL = b"SPIDER volume"


def as_mrc(block: np.ndarray) -> Optional[np.ndarray]:
    """An MRC header of a SPIDER volume, or None when these are no first bytes of one.

    SPIDER's header is a row of float32 numbers, as many whole rows of the image as 1024 bytes need; the voxels follow as float32, x
    fastest. What MRC calls an extended header fills the difference.

    Parameters
    ----------
    block
        The first 1024 bytes, uint8.

    Returns
    -------
    numpy.ndarray or None
        A record of ``mrcfile.dtypes.HEADER_DTYPE`` in the byte order of the file.

    References
    ----------
    Frank et al. (1996), https://doi.org/10.1006/jsbi.1996.0030 (SPIDER).
    """
    if len(block) < HEADER_DTYPE.itemsize:
        return None
    for order in "<>":
        words = block[:HEADER_DTYPE.itemsize].view(order + "f4")
        # SPIDER counts its words from 1: NZ 1, NY 2, IFORM 5, NX 12, LABREC 13, LABBYT 22, LENBYT 23, pixel size 38.
        values = [float(words[i]) for i in (0, 1, 4, 11, 12, 21, 22)]
        if all(np.isfinite(v) and v == int(v) and 0 < v < 1e6 for v in values):
            nz, ny, form, nx, records, offset, row = (int(v) for v in values)
            if form == _VOLUME and row == 4 * nx and offset == records * row >= HEADER_DTYPE.itemsize:
                return _record(order, (nx, ny, nz), offset, float(words[37]))
    return None


def _record(order: str, box: tuple, offset: int, size: float) -> np.ndarray:
    record = np.zeros((), HEADER_DTYPE.newbyteorder(order))
    record["nx"], record["ny"], record["nz"] = record["mx"], record["my"], record["mz"] = box
    record["mode"], record["nsymbt"], record["map"], record["nlabl"] = 2, offset - HEADER_DTYPE.itemsize, b"MAP ", 1
    record["mapc"], record["mapr"], record["maps"], record["ispg"] = 1, 2, 3, 1
    record["machst"][:2] = (0x44, 0x44) if order == "<" else (0x11, 0x11)
    known = np.isfinite(size) and 1e-3 < size < 1e3
    record["cella"] = tuple(np.float32(n * size) for n in box) if known else (0.0, 0.0, 0.0)
    record["cellb"] = (90.0, 90.0, 90.0)
    record["label"][0] = LABEL.ljust(80)
    return record
