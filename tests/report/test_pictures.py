"""Slices, projections and their PNG files show the right axes and values."""
from __future__ import annotations

import io
import zlib

import numpy as np
import pytest

from cryoqa_plugin.report import pictures


def decode(png):
    """Palette indices of our own PNG, without a library."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, found = 8, {}
    while at < len(png):
        length, name = int.from_bytes(png[at:at + 4], "big"), png[at + 4:at + 8]
        body = png[at + 8:at + 8 + length]
        assert int.from_bytes(png[at + 8 + length:at + 12 + length], "big") == zlib.crc32(name + body)
        found[name] = body
        at += 12 + length
    columns, rows = (int.from_bytes(found[b"IHDR"][i:i + 4], "big") for i in (0, 4))
    return np.frombuffer(zlib.decompress(found[b"IDAT"]), np.uint8).reshape(rows, columns + 1)[:, 1:], found[b"PLTE"]


def test_png_is_read_back_and_by_others():
    indices = np.arange(12, dtype=np.uint8).reshape(3, 4)
    palette = np.repeat(np.arange(12)[:, None] * 20, 3, axis=1).astype(np.uint8)
    made = pictures.png(indices, palette)
    np.testing.assert_array_equal(decode(made)[0], indices)
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(made)).convert("L")
    np.testing.assert_array_equal(np.asarray(image), indices * 20)
    seen = pytest.importorskip("PIL.Image").open(io.BytesIO(pictures.png(indices, palette, clear=5))).convert("RGBA")
    np.testing.assert_array_equal(np.asarray(seen)[..., 3] == 0, indices == 5)


@pytest.mark.parametrize("shape", [(8, 9, 11), (300, 20, 17)])
def test_slices_and_projections_have_the_axes_they_name(shape):
    nz, ny, nx = shape
    data = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    (z, a), (y, b), (x, c) = pictures.slices(data)
    assert (z, y, x) == (f"z = {nz // 2}", f"y = {ny // 2}", f"x = {nx // 2}")
    assert (a.shape, b.shape, c.shape) == ((ny, nx), (nz, nx), (nz, ny))
    np.testing.assert_array_equal(b[1], data[1, ny // 2])
    np.testing.assert_array_equal(c[1], data[1, :, nx // 2])
    for (_, image), axis in zip(pictures.projections(data), (0, 1, 2)):
        np.testing.assert_allclose(image, data.sum(axis=axis), rtol=1e-5, atol=1e-4)
    rows, columns = decode(pictures.grey_png(b, (-1, 1)))[0].shape
    assert max(rows, columns) == min(pictures.EDGE, max(nz, nx)) and rows / columns == pytest.approx(nz / nx, rel=0.06)
    outlined = decode(pictures.grey_png(b, (-1, 1), np.zeros_like(b)))[0]
    assert max(outlined.shape) == pictures.EDGE, "an outline is drawn finely"


def test_grey_goes_from_black_to_white_and_the_outline_is_drawn():
    image = np.zeros((20, 20), dtype=np.float32)
    image[:, 10:] = 1
    mask = np.zeros_like(image)
    mask[5:15, 5:15] = 1
    indices, palette = decode(pictures.grey_png(image, (0.0, 1.0), mask))
    assert indices[2, 2] == 0 and indices[2, -2] == 63
    outline = indices == 64
    assert outline[120, 55:65].any() and not outline[110:130, 110:130].any() and not outline[:40].any()
    assert tuple(palette[-3:]) == (230, 120, 0) and tuple(palette[:3]) == (0, 0, 0)


def test_a_constant_map_and_a_flat_image_do_not_fail():
    flat = np.ones((8, 8), dtype=np.float32)
    assert pictures.grey_png(flat, pictures.grey_limits([flat])).startswith(b"\x89PNG")


def test_the_slices_of_largest_variance_are_found():
    data = np.random.default_rng(4).standard_normal((11, 12, 14)).astype(np.float32) + 3
    for axis, (name, (label, image)) in enumerate(zip("zyx", pictures.widest_slices(data))):
        at = int(np.argmax([np.take(data, i, axis).var(dtype=np.float64) for i in range(data.shape[axis])]))
        assert label == f"{name} = {at}"
        np.testing.assert_array_equal(image, np.take(data, at, axis))
    np.testing.assert_array_equal(pictures.maxima(data)[1][1], data.max(axis=1))
