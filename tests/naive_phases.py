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


def randomise(ft, shape, voxel_size, first_shell, seed):
    """Coefficients from ``first_shell`` on get the phase of their counter; mates get the opposite one."""
    nz, ny, nx = shape
    r, _ = radius(shape, voxel_size)
    stream = (seed * 0xD1342543DE82EF95 + 0x2545F4914F6CDD1D) % WORD
    out = ft.astype(complex)
    for z, y, x in np.ndindex(ft.shape):
        if r[z, y, x] < first_shell - 0.5:
            continue
        mate = ((-z) % nz) * ny + (-y) % ny
        row = z * ny + y
        size = abs(complex(ft[z, y, x]))
        if x in (0, nx / 2) and mate < row:
            out[z, y, x] = size * np.exp(-2j * np.pi * turn(mate * ft.shape[2] + x, stream))
        elif x in (0, nx / 2) and mate == row:
            out[z, y, x] = size if turn(row * ft.shape[2] + x, stream) < 0.5 else -size
        else:
            out[z, y, x] = size * np.exp(2j * np.pi * turn(row * ft.shape[2] + x, stream))
    return out
