import gemmi
import numpy as np
import pytest

import naive_spectra as naive
from cryoqa_plugin.core import density, fourier


def _direct(elements, xyz, b_iso, occupancy, shape, voxel_size, origin, table="electron"):
    """Structure factors by summation over atoms, times voxels per volume."""
    cell = np.array(voxel_size) * shape[::-1]
    kz, ky, kx = naive.indices(shape)
    sz, sy, sx = kz / cell[2], ky / cell[1], kx / cell[0]
    s2 = sz ** 2 + sy ** 2 + sx ** 2
    total = np.zeros(s2.shape, complex)
    for element, position, b, occ in zip(elements, np.asarray(xyz) - origin, b_iso, occupancy):
        e = gemmi.Element(element)
        coefficients = {"electron": e.c4322, "xray": e.it92}.get(table)
        f = np.vectorize(coefficients.calculate_sf)(s2 / 4) if coefficients else e.neutron92.calculate_sf(0)
        x, y, z = position
        total += occ * f * np.exp(-b * s2 / 4) * np.exp(-2j * np.pi * (sz * z + sy * y + sx * x))
    return total * np.prod(shape) / np.prod(cell)


def _atoms(shape, voxel_size, origin, n=6, seed=1):
    rng = np.random.default_rng(seed)
    edge = np.array(voxel_size) * shape[::-1]
    return dict(elements=list(rng.choice(["C", "N", "O", "S", "P"], n)), xyz=origin + edge * rng.uniform(0.2, 0.8, (n, 3)),
                b_iso=rng.uniform(5, 60, n), occupancy=rng.uniform(0.4, 1, n))


CASES = [((16, 16, 16), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)), ((15, 17, 13), (1.2, 1.2, 1.2), (-7.3, 2.9, 100.0)),
         ((12, 18, 14), (1.0, 1.3, 0.8), (3.21, -4.5, 0.77))]


@pytest.mark.parametrize("shape, voxel_size, origin", CASES)
@pytest.mark.parametrize("b_zero", [False, True])
def test_coefficients_equal_direct_summation(shape, voxel_size, origin, b_zero):
    atoms = _atoms(shape, voxel_size, np.array(origin))
    found = density.model_density_ft(shape=shape, voxel_size=voxel_size, origin=origin, b_zero=b_zero, **atoms)
    if b_zero:
        atoms["b_iso"] = np.zeros(len(atoms["b_iso"]))
    wanted = _direct(shape=shape, voxel_size=voxel_size, origin=origin, **atoms)
    inside = naive.weights(shape) > 0
    radius2 = sum((k / (n / 2)) ** 2 for k, n in zip(naive.indices(shape), shape))
    scale = np.abs(wanted)[inside].mean()
    assert found.dtype == np.complex64
    assert np.abs(found - wanted)[inside & (radius2 <= 1)].max() < 0.01 * scale
    assert np.abs(found - wanted)[inside].mean() < 0.01 * scale


def test_nyquist_planes_of_even_axes_are_empty():
    atoms = _atoms((8, 9, 10), (1.0,) * 3, np.zeros(3))
    found = density.model_density_ft(shape=(8, 9, 10), voxel_size=(1.0,) * 3, origin=(0.0,) * 3, **atoms)
    assert not found[4].any() and not found[:, :, 5].any() and found[:, 4].any() and found[:, 5].any()


@pytest.mark.parametrize("table", density.TABLES)
def test_scattering_tables(table):
    atoms = _atoms((14,) * 3, (1.0,) * 3, np.zeros(3))
    found = density.model_density_ft(shape=(14,) * 3, voxel_size=(1.0,) * 3, origin=(0.0,) * 3, table=table, **atoms)
    wanted = _direct(shape=(14,) * 3, voxel_size=(1.0,) * 3, origin=(0.0,) * 3, table=table, **atoms)
    assert np.abs(found - wanted)[:5, :5, :5].max() < 0.01 * np.abs(wanted[0, 0, 0])


def test_inverse_lies_where_the_atom_is():
    xyz = np.array([[11.0, 8.0, 5.0]])
    ft = density.model_density_ft(["C"], xyz, np.array([20.0]), np.ones(1), (20, 20, 20), (1.0, 1.0, 1.0), (2.0, 1.0, 0.0))
    data = fourier.inverse(ft, (20, 20, 20))
    assert np.unravel_index(np.argmax(data), data.shape) == (5, 7, 9)


def test_atoms_inside():
    xyz = np.array([[0.0, 0.0, 0.0], [-0.4, 5.0, 5.0], [-0.6, 5.0, 5.0], [9.4, 5.0, 5.0], [9.6, 5.0, 5.0], [5.0, 5.0, 5.0]])
    found = density.atoms_inside(["C", "N", "O", "C", "C", "X"], xyz, (10, 10, 10), (1.0,) * 3, (0.0,) * 3)
    assert found.keep.tolist() == [True, True, False, True, False, False]
    assert (found.outside, found.unknown) == (2, 1)


def test_atoms_inside_follow_the_origin():
    xyz = np.array([[105.0, -3.0, 20.0]])
    assert density.atoms_inside(["C"], xyz, (10, 10, 10), (1.0,) * 3, (100.0, -8.0, 15.0)).keep.all()
    assert density.atoms_inside(["C"], xyz, (10, 10, 10), (1.0,) * 3, (0.0,) * 3).outside == 1
