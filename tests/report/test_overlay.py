"""Coloured slices: blue is the low end, red the high end, grey where there is no value, a bar below."""
from __future__ import annotations

import zlib

import numpy as np

from cryoqa_plugin.report import overlay
from cryoqa_plugin.report.pictures import EDGE
from cryoqa_plugin.report.scale import RAMP


def decode(png):
    """Colours, uint8 [rows, columns, 3], of our own PNG."""
    columns, rows = (int.from_bytes(png[i:i + 4], "big") for i in (16, 20))
    assert png[24:26] == bytes((8, 2))
    at = png.index(b"IDAT") + 4
    length = int.from_bytes(png[at - 8:at - 4], "big")
    return np.frombuffer(zlib.decompress(png[at:at + length]), np.uint8).reshape(rows, 3 * columns + 1)[:, 1:].reshape(rows, columns, 3)


def test_colours_follow_the_values():
    values = np.zeros((20, 20, 30), np.float32)
    values[5:15, 5:15, 5:15], values[5:15, 5:15, 15:25] = 2.0, 4.0
    made = overlay.coloured_slices(values, (2.0, 4.0))
    assert [label for label, _ in made] == ["z = 10", "y = 10", "x = 15"]
    image = decode(made[0][1]).astype(int)
    assert image.shape[1] == EDGE and image.shape[0] > 20 * 8
    left, right, outside = image[80, 80], image[80, 160], image[10, 10]
    assert left[2] > left[0] + 40 and right[0] > right[2] + 40
    assert outside[0] == outside[1] == outside[2]
    assert tuple(image[-1, 0]) == RAMP[0] and tuple(image[-1, -1]) == RAMP[-1]


def test_the_background_shows_around_and_through():
    values = np.zeros((16, 16, 16), np.float32)
    values[:, :, 8:] = 3.0
    background = np.zeros_like(values)
    background[:, :8] = 1.0
    image = decode(overlay.coloured_slices(values, (2.0, 4.0), background)[0][1]).astype(int)
    bright, dark = image[40], image[200]
    assert bright[40].mean() > dark[40].mean() + 100
    assert bright[200].mean() > dark[200].mean() + 20
