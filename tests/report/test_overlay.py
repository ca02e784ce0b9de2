"""Coloured slices: the scale of the page gives the colour, the map below its shade, grey stands where there is no value."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.report import overlay
from cryoqa_plugin.report.scale import Scale, ramp
from test_pictures import decode

SCALE = Scale(2.0, 8.0, True)


def colours(png):
    """Colours, int [rows, columns, 3], of our own PNG."""
    indices, palette = decode(png)
    return np.frombuffer(palette, np.uint8).reshape(-1, 3)[indices].astype(int)


def hue(colour):
    """Place on the scale of a colour of any lightness."""
    places = np.linspace(0, 1, 601)
    table = ramp(places)
    table /= np.linalg.norm(table, axis=1)[:, None]
    return places[np.argmax(table @ (np.asarray(colour) / np.linalg.norm(colour)))]


def test_colours_are_those_of_the_scale_and_not_stretched():
    values = np.zeros((20, 20, 30), np.float32)
    values[5:15, 5:15, 5:15], values[5:15, 5:15, 15:25] = 2.5, 4.0
    made = overlay.coloured_slices(values, SCALE)
    assert [label.split(":")[0] for label, _ in made] == ["z = 10", "y = 10", "x = 15"]
    image = colours(made[0][1])
    rows, columns, _ = image.shape
    assert max(rows, columns) == overlay.EDGE
    left, right, outside = image[rows // 2, columns // 4], image[rows // 2, -columns // 4], image[2, 2]
    assert hue(left) == pytest.approx(float(SCALE.fraction(2.5)), abs=0.01) and hue(right) == pytest.approx(0.5, abs=0.01)
    np.testing.assert_allclose(right, ramp(np.array(0.5)), atol=1)
    assert outside[0] == outside[1] == outside[2] < 40


def test_an_even_map_looks_even_and_keeps_its_differences():
    rng = np.random.default_rng(4)
    values = (2.7 + 0.08 * rng.standard_normal((24, 24, 24))).astype(np.float32)
    image = colours(overlay.coloured_slices(values, Scale(2.13, 4.26, True))[0][1])
    inner = image[40:-40, 40:-40].reshape(-1, 3)
    places = [hue(c) for c in np.unique(inner, axis=0)]
    assert max(places) - min(places) < 0.25 and len(places) > 8


def test_the_map_below_shows_around_and_through():
    values = np.zeros((16, 16, 16), np.float32)
    values[:, :, 8:] = 3.0
    background = np.zeros_like(values)
    background[:, :8] = 1.0
    part = overlay.Window((8, 8, 8), (8, 8, 8))
    below = [image for _, image in overlay.window_slices(background, part)]
    image = colours(overlay.coloured_slices(values, SCALE, below, part)[0][1])
    low, high = overlay.EDGE // 4, overlay.EDGE * 9 // 10
    bright, dark = image[low], image[high]
    assert bright[low].mean() > dark[low].mean() + 100
    assert bright[high].mean() > 2 * dark[high].mean()


def test_a_window_holds_what_is_known_and_goes_beyond_the_box():
    known = np.zeros((10, 20, 30), bool)
    known[0:4, 8:14, 25:30] = True
    part = overlay.window(known)
    assert part.centre == (2, 11, 27) and part.reach == (6, 7, 7)
    data = np.random.default_rng(1).standard_normal(known.shape).astype(np.float32)
    (_, z), (_, y), (_, x) = overlay.window_slices(data, part)
    assert z.shape == y.shape == x.shape == (15, 15)
    np.testing.assert_array_equal(z[:, :10], data[2, 4:19, 20:30])
    assert not z[:, 10:].any(), "beyond the box"
    np.testing.assert_array_equal(y[5:, :10], data[0:10, 11, 20:30])
    np.testing.assert_array_equal(x[5:], data[0:10, 4:19, 27])


def test_a_few_bytes_a_picture():
    values = np.zeros((40, 60, 60), np.float32)
    z, y, x = np.indices(values.shape)
    inside = (x - 30) ** 2 + (y - 30) ** 2 + (z - 20) ** 2 < 300
    values[inside] = 3 + x[inside] / 60
    assert sum(len(png) for _, png in overlay.coloured_slices(values, SCALE)) < 25_000
