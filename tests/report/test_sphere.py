"""Hemispheres of the directional resolution."""
from __future__ import annotations

import numpy as np

from cryoqa_plugin.core.directions import half_directions
from cryoqa_plugin.report import sphere
from cryoqa_plugin.report.scale import Scale
from test_pictures import decode


UNKNOWN, OUTSIDE = 128, 129
SCALE = Scale(2.0, 5.0)


def _indices(png):
    return decode(png)[0]


def test_a_cap_is_where_it_belongs():
    axes = half_directions(3)
    values = np.where(np.abs(axes[:, 2]) > 0.9, 4.0, 3.0)
    views = sphere.hemispheres(axes, values, SCALE)
    assert [label[:7] for label, _ in views] == ["along z", "along y", "along x"]
    z, y, x = (_indices(png) for _, png in views)
    assert z.shape == (sphere.EDGE,) * 2
    middle = sphere.EDGE // 2
    assert abs(z[middle, middle] - 127 * 2 / 3) < 3 and abs(z[middle, 10] - 127 / 3) < 3, "the colours of the scale"
    for side in (y, x):
        assert min(side[4, middle], side[-5, middle]) > side[middle, middle] + 30, "z points down, its opposite up"
    assert z[0, 0] == OUTSIDE


def test_directions_that_are_not_known_are_grey():
    axes = half_directions(3)
    values = np.where(axes[:, 2] > 0.7, np.nan, 3.0)
    view = _indices(sphere.hemispheres(axes, values, SCALE)[0][1])
    middle = sphere.EDGE // 2
    assert view[middle, middle] == UNKNOWN and view[middle, 5] < UNKNOWN


def test_scatter_of_single_cones_spans_less_than_a_quarter_of_the_colours():
    axes = half_directions(3)
    values = 2.67 + 0.04 * np.random.default_rng(3).standard_normal(len(axes))
    view = _indices(sphere.hemispheres(axes, values, Scale(0.8 * 2.67, 1.6 * 2.67, True))[0][1])
    shown = view[view < UNKNOWN].astype(int)
    assert shown.max() - shown.min() < 32


def test_an_unknown_cap_is_grey_up_to_its_rim():
    axes = half_directions(3)
    edge = np.deg2rad(30)
    values = np.where(axes[:, 2] > np.cos(edge), np.nan, 3.0)
    angle = np.deg2rad(np.array([20.0, 26.0, 34.0, 60.0]))
    found = sphere.smooth(np.c_[np.sin(angle), np.zeros(4), np.cos(angle)], axes, values)
    assert np.isnan(found[:2]).all() and np.allclose(found[2:], 3)
