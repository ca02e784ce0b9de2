"""Plain Python version of the random phases."""
import numpy as np

from naive_shells import radius

WORD = 2 ** 64


def turn(counter, seed):
    """A number in [0, 1) from a counter and a seed."""
    h = (seed + (counter + 1) * 0x9E3779B97F4A7C15) % WORD
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    h = (h ^ (h >> 27)) * 0x94D049BB133111EB % WORD
    return ((h ^ (h >> 31)) >> 11) / 2 ** 53


def randomise(ft, shape, voxel_size, first_shell, seed, width):
    """Coefficients from ``first_shell`` on are turned by the angle of their counter; mates by the opposite one."""
    nz, ny, nx = shape
    r, _ = radius(shape, voxel_size)
    stream = (seed * 0xD1342543DE82EF95 + 0x2545F4914F6CDD1D) % WORD
    out = ft.astype(complex)
    for z, y, x in np.ndindex(ft.shape):
        past = r[z, y, x] - max(first_shell - 0.5, 0)
        if past < 0:
            continue
        mate, row = ((-z) % nz) * ny + (-y) % ny, z * ny + y
        paired = x in (0, nx / 2)
        part = min(past / width, 1) if width else 1
        angle = 2 * np.pi * part * (turn((min(row, mate) if paired else row) * ft.shape[2] + x, stream) - 0.5)
        if paired and mate == row:
            out[z, y, x] *= 1 if angle < np.pi / 2 else -1
        else:
            out[z, y, x] *= np.exp(1j * (-angle if paired and mate < row else angle))
    return out
