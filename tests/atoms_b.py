"""B-factors of the atoms of a simulated case, averaged over windows."""
from __future__ import annotations

import numpy as np

from cryoqa_plugin.core import banks, fourier
from cryoqa_plugin.io.models import read_model


def local_b(folder, grid, window):
    """At each atom its voxel (an index of three arrays), the mean B of the atoms in a Gaussian ``window`` (Å) around it, and the B-factor
    by which their power falls together between 7 and 3.2 Å."""
    model = read_model(str(folder / f"{folder.name}_model.pdb"))
    geo = fourier.geometry(grid.shape, grid.voxel_size)
    place = np.rint((model.xyz - np.array(grid.origin)) / np.array(grid.voxel_size)).astype(int)[:, ::-1] % np.array(grid.shape)
    place = tuple(place.T)

    def mean(values):
        lattice = np.zeros(grid.shape, np.float32)
        np.add.at(lattice, place, values.astype(np.float32))
        return banks.gaussian(lattice, geo, window)[place].astype(float)

    count = mean(np.ones(len(model.b_iso)))
    low, high = (np.log(mean(np.exp(-model.b_iso * s2 / 2)) / count) for s2 in (0.02, 0.1))
    return place, mean(model.b_iso) / count, -2 * (high - low) / 0.08
