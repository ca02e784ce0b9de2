"""SMOC by loops over residues and all voxels: plain numpy."""
import gemmi
import numpy as np
from naive_model_map import near, positions


def gaussians(position, weight, shape, voxel_size, sigma):
    """Atoms as Gaussians, cut off at four standard deviations along each axis, float64 [z, y, x]."""
    at = positions(shape, voxel_size, (0, 0, 0))
    out = np.zeros(len(at))
    for p, w in zip(position, weight):
        away = at - p
        out += w * np.exp(-0.5 * (away ** 2).sum(axis=1) / sigma ** 2) * np.all(np.abs(away) <= 4 * sigma + 1e-9, axis=1)
    return out.reshape(shape)


def scores(model, data, voxel_size, resolution, window):
    """SMOC and the correlation of each residue of a model whose chains are whole, in the order of the file."""
    sigma = 0.225 * resolution
    mass = [gemmi.Element(e).weight for e in model.elements]
    sim = gaussians(model.xyz, mass, data.shape, voxel_size, sigma).ravel()
    at, values = positions(data.shape, voxel_size, (0, 0, 0)), data.ravel().astype(float)
    out = []
    for chain in model.structure[0]:
        residues = [[a.pos.tolist() for a in r] for r in chain]
        for i in range(len(residues)):
            around = [p for r in residues[max(0, i - window // 2):i + window // 2 + 1] for p in r]
            here = near(at, np.array(around), 2.5 * max(sigma, 1.0))
            x, y = values[here], sim[here]
            out.append(((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()), np.corrcoef(x, y)[0, 1]))
    return np.array(out)
