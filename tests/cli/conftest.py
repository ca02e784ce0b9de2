"""Small files for the command line: two half-maps of a blob, its mask and a model of three atoms."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.io.maps import Map, write_map

BOX, VOXEL = 32, 1.5


def _blob(seed):
    rng = np.random.default_rng(seed)
    z, y, x = np.mgrid[:BOX, :BOX, :BOX] - BOX / 2
    inside = np.exp(-(x * x + y * y + z * z) / (2 * 5.0 ** 2))
    truth = np.random.default_rng(1).standard_normal((BOX,) * 3)
    ft = np.fft.rfftn(truth)
    kz, ky = np.fft.fftfreq(BOX)[:, None, None], np.fft.fftfreq(BOX)[None, :, None]
    kx = np.fft.rfftfreq(BOX)[None, None, :]
    ft *= np.exp(-(kx ** 2 + ky ** 2 + kz ** 2) * 60)
    truth = np.fft.irfftn(ft, truth.shape) * inside
    return (truth / truth.std() + 0.5 * inside / inside.std() + 0.5 * rng.standard_normal(truth.shape)).astype(np.float32), inside


PDB = """\
CRYST1   48.000   48.000   48.000  90.00  90.00  90.00 P 1           1
ATOM      1  N   GLY A   1      22.000  24.000  24.000  1.00 30.00           N
ATOM      2  CA  GLY A   1      23.458  24.000  24.000  1.00 30.00           C
ATOM      3  C   GLY A   1      24.009  25.420  24.000  1.00 30.00           C
ATOM      4  O   GLY A   1      23.251  26.393  24.000  1.00 30.00           O
END
"""


@pytest.fixture(scope="session")
def cli_files(tmp_path_factory):
    """Paths by input kind; nobody writes to them."""
    folder = tmp_path_factory.mktemp("cli files, with a comma")
    paths = {}
    for i, kind in enumerate(("half1", "half2")):
        data, inside = _blob(10 + i)
        paths[kind] = str(folder / f"{kind}.mrc")
        write_map(paths[kind], Map(data, (VOXEL,) * 3, (3.0, 4.5, 6.0)))
    paths["mask"] = str(folder / "mask.mrc")
    write_map(paths["mask"], Map(np.clip(inside * 2, 0, 1).astype(np.float32), (VOXEL,) * 3, (3.0, 4.5, 6.0)))
    paths["model"] = str(folder / "model.pdb")
    (folder / "model.pdb").write_text(PDB)
    return paths
