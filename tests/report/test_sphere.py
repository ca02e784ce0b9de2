"""Hemispheres of the directional resolution."""
from __future__ import annotations

import struct
import zlib

import numpy as np

from cryoqa_plugin.core.directions import half_directions
from cryoqa_plugin.report import sphere


def _indices(png):
    width, height = struct.unpack(">2I", png[16:24])
    body, at = b"", 8
    while at < len(png):
        size, name = struct.unpack(">I4s", png[at:at + 8])
        body += png[at + 8:at + 8 + size] if name == b"IDAT" else b""
        at += 12 + size
    return np.frombuffer(zlib.decompress(body), np.uint8).reshape(height, width + 1)[:, 1:]


def test_a_cap_is_where_it_belongs():
    axes = half_directions(3)
    values = np.where(np.abs(axes[:, 2]) > 0.9, 4.0, 3.0)
    scale = sphere.limits(values)
    assert scale[0] <= 3.0 * 0.95 and scale[1] >= 3.15
    views = sphere.hemispheres(axes, values, scale)
    assert [label[:7] for label, _ in views] == ["along z", "along y", "along x"]
    z, y, x = (_indices(png) for _, png in views)
    assert z.shape == (sphere.EDGE,) * 2
    middle = (sphere.EDGE - 20) // 2
    bright, dark = z[middle - 8, middle + 18], z[middle, 20]
    assert bright > 200 and dark < 100
    for side in (y, x):
        assert side[4, middle + 10] > 200 and side[middle - 12, middle] < 100, "z points down, and its opposite up"
    assert z[0, 0] == 253 and z[-10, 12] < z[-10, -12], "white outside, and the bar below"


def test_directions_that_are_not_known_are_grey():
    axes = half_directions(3)
    values = np.where(axes[:, 2] > 0.7, np.nan, 3.0)
    view = _indices(sphere.hemispheres(axes, values, sphere.limits(values))[0][1])
    middle = (sphere.EDGE - 20) // 2
    assert view[middle - 20, middle + 10] == 255 and view[middle, 20] < 253


def test_an_unknown_cap_is_grey_up_to_its_rim():
    axes = half_directions(3)
    edge = np.deg2rad(30)
    values = np.where(axes[:, 2] > np.cos(edge), np.nan, 3.0)
    angle = np.deg2rad(np.array([20.0, 26.0, 34.0, 60.0]))
    found = sphere.smooth(np.c_[np.sin(angle), np.zeros(4), np.cos(angle)], axes, values)
    assert np.isnan(found[:2]).all() and np.allclose(found[2:], 3)


def test_a_fixed_scale_is_widened_and_never_narrowed():
    rng = np.random.default_rng(2)
    values = 3 + 0.05 * rng.standard_normal(321)
    assert sphere.fixed_limits(values, 2.4, 4.8) == (2.4, 4.8)
    values[:40] = 9.0
    values[40] = np.nan
    low, high = sphere.fixed_limits(values, 2.4, 4.8)
    assert low == 2.4 and high == 9.0
