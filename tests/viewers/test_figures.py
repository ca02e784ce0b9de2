"""The drawings, without a screen."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from cryoqa_plugin.core.directions import half_directions  # noqa: E402
from cryoqa_plugin.io.maps import Map  # noqa: E402
from cryoqa_plugin.viewers.fsc_figure import crossing, draw_fsc, line, lines_of_document  # noqa: E402
from cryoqa_plugin.viewers.sphere_figure import draw_sphere  # noqa: E402
from cryoqa_plugin.viewers.volume_figure import VIEWS, Look, Scene, draw_views, grid_sentence, overlay_limits  # noqa: E402

SHAPE, VOXEL, ORIGIN = (6, 8, 10), (1.0, 1.5, 2.0), (-3.0, 10.0, 0.5)       # z, y, x; x, y, z; x, y, z


@pytest.fixture
def figure():
    made = Figure(figsize=(8, 7), dpi=60)
    FigureCanvasAgg(made)
    return made


def _map(seed=1, shape=SHAPE):
    rng = np.random.default_rng(seed)
    return Map(rng.standard_normal(shape).astype(np.float32), VOXEL, ORIGIN)


def _pixels(figure):
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba()).copy()


def test_a_bright_voxel_is_drawn_where_it_lies(figure):
    x, y, z = 7, 2, 4
    data = np.zeros(SHAPE, np.float32)
    data[z, y, x] = 1
    axes = draw_views(figure, Scene(Map(data, VOXEL, ORIGIN)), Look((x, y, z), contrast=3.0))
    place = {2: -3.0 + 7 * 1.0, 1: 10.0 + 2 * 1.5, 0: 0.5 + 4 * 2.0}             # in Å, by axis of [z, y, x]
    for ax, (_, right, up) in zip(axes, VIEWS):
        assert ax.get_xlabel() == f"{'zyx'[right]} (Å)" and ax.get_ylabel() == f"{'zyx'[up]} (Å)"
        image = ax.images[0]
        array, (left, end, bottom, top) = np.asarray(image.get_array()), image.get_extent()
        assert array.shape == (SHAPE[up], SHAPE[right])
        row, column = np.unravel_index(array.argmax(), array.shape)
        assert left + (column + 0.5) * (end - left) / SHAPE[right] == pytest.approx(place[right])
        assert bottom + (row + 0.5) * (top - bottom) / SHAPE[up] == pytest.approx(place[up])
    assert "at x, y, z = 7, 2, 4:  1" in "".join(t.get_text() for t in figure.axes[3].texts)


def test_projections_are_means(figure):
    map_ = _map()
    axes = draw_views(figure, Scene(map_), Look(projections=True))
    np.testing.assert_allclose(np.asarray(axes[0].images[0].get_array()), map_.data.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(np.asarray(axes[1].images[0].get_array()), map_.data.mean(axis=2).T, rtol=1e-5)
    np.testing.assert_allclose(np.asarray(axes[2].images[0].get_array()), map_.data.mean(axis=1), rtol=1e-5)


def test_mask_contour_and_second_map_change_the_picture(figure):
    map_ = _map()
    mask = np.zeros(SHAPE, np.float32)
    mask[1:5, 2:6, 3:8] = 1
    scene = Scene(map_, "density")
    plain = _pixels(draw_views(figure, scene)[0].figure)
    masked = replace(scene, mask=map_.with_data(mask))
    draw_views(figure, masked)
    assert (_pixels(figure) != plain).any()
    texts = "".join(t.get_text() for t in figure.axes[3].texts)
    assert f"{100 * mask.mean():.1f} % of the box" in texts
    draw_views(figure, masked, Look(show_mask=False))
    np.testing.assert_array_equal(_pixels(figure), plain)
    axes = draw_views(figure, replace(masked, overlay=_map(2), overlay_name="second"), Look(floor=0))
    drawn = np.ma.getmaskarray(axes[0].images[1].get_array())
    np.testing.assert_array_equal(drawn, mask[SHAPE[0] // 2] < 0.5)           # in the mask and nowhere else
    assert "second:" in "".join(t.get_text() for t in figure.axes[3].texts)


def test_the_floor_hides_low_values_of_the_second_map(figure):
    scene = Scene(_map(), overlay=_map(2))
    bottom, low, high = overlay_limits(scene, Look(floor=90))
    assert low == bottom == pytest.approx(np.quantile(scene.overlay.data, 0.9), abs=1e-6) and high > low
    shown = draw_views(figure, scene, Look(floor=90))[0].images[1].get_array()
    np.testing.assert_array_equal(np.ma.getmaskarray(shown), scene.overlay.data[SHAPE[0] // 2] < bottom)


def test_a_flat_map_and_an_empty_mask_can_be_drawn(figure):
    flat = Map(np.full(SHAPE, 2.0, np.float32), VOXEL, ORIGIN)
    scene = Scene(flat, mask=flat.with_data(np.zeros(SHAPE, np.float32)), overlay=flat.with_data(np.zeros(SHAPE, np.float32)))
    for projections in (False, True):
        draw_views(figure, scene, Look(projections=projections))
        _pixels(figure)


def test_maps_of_different_boxes_are_refused_with_a_sentence():
    assert grid_sentence(_map(), _map(2), "mask") is None
    said = grid_sentence(_map(), _map(2, (6, 8, 12)), "mask")
    assert "10 x 8 x 6" in said and "12 x 8 x 6" in said and said.endswith(".")


FREQ = [0.0, 0.1, 0.2, 0.3, 0.4]


def test_crossings_and_curves_that_do_not_cross():
    falling = line("a", FREQ, [1.0, 0.9, 0.6, 0.2, 0.0])
    assert crossing(falling, 0.5)[0] == pytest.approx(1 / 0.225)
    assert crossing(falling, 0.143) == (pytest.approx(1 / (0.3 + 0.1 * 0.057 / 0.2)), "3.04 Å at 0.143")
    assert crossing(line("b", FREQ, [1.0] * 5), 0.143) == (None, "above 0.143 up to its end")
    assert crossing(line("c", FREQ[1:], [0.05, 0.0, 0.01, None]), 0.143) == (None, "never above 0.143")


def test_the_legend_tells_the_crossings(figure):
    curves = [line("half-maps", FREQ, [1.0, 0.9, 0.6, 0.2, 0.0], [0.9] * 5, [1.0] * 5), line("constant", FREQ, [1.0] * 5),
              line("phases randomised", FREQ, [1.0, 0.9, 0.1, 0.0, 0.0])]
    ax = draw_fsc(figure, curves)
    texts = [t.get_text() for t in ax.get_legend().get_texts()]
    assert texts == ["half-maps: 3.04 Å at 0.143; 4.44 Å at 0.5", "constant: above 0.143 up to its end; above 0.5 up to its end",
                     "phases randomised"]
    _pixels(figure)
    draw_fsc(figure, [])
    _pixels(figure)


def test_curves_of_a_saved_result_come_in_order():
    def curve(label="FSC"):
        return dict(x=FREQ, y=[1.0] * 5, y_label=label)
    document = {"curves": {"fsc_unmasked": curve(), "fsc_weight": curve("weight"), "fsc_true": curve(), "half_bit": curve()}}
    assert [c.label for c in lines_of_document(document)] == ["in the mask, corrected", "no mask"]


# -------------------------- the direction sphere --------------------------

def _cap(axis, unknown=False):
    """Directions, and 4 Å near an axis, 3 Å elsewhere, with a few that are not known across x."""
    axes = half_directions(3)
    values = np.where(np.abs(axes[:, axis]) > 0.9, 4.0, 3.0)
    return axes, np.where(unknown & (np.abs(axes[:, 0]) < 0.35), np.nan, values)


def _yellow(rgba):
    """Whether a colour is at the bright end of the scale: much red, little blue."""
    return np.asarray(rgba)[..., 0] - np.asarray(rgba)[..., 2] > 0.5


def _seen_from(figure, ball, axis):
    """The colour near the middle of the ball, turned so that an axis points at who looks."""
    ball.view_init(*((0, 0), (0, 90), (90, 0))[axis])
    pixels = _pixels(figure)
    x, y = ball.transAxes.transform((0.53, 0.53))
    return pixels[pixels.shape[0] - int(y), int(x)] / 255


@pytest.mark.parametrize("axis", [pytest.param(0, marks=pytest.mark.heavy), pytest.param(1, marks=pytest.mark.heavy), 2])
def test_a_cap_is_drawn_where_it_lies(figure, axis):
    ball, *discs = draw_sphere(figure, *_cap(axis), "some run")
    for disc, seen in zip(discs, (2, 1, 0)):
        image = np.asarray(disc.images[0].get_array())
        middle = image.shape[0] // 2
        assert _yellow(image[middle, middle]) == (seen == axis) and tuple(image[0, 0][:3]) == (1, 1, 1)
        assert "seen along " + "xyz"[seen] in disc.get_title()
    assert [bool(_yellow(_seen_from(figure, ball, a))) for a in range(3)] == [axis == a for a in range(3)]
    assert figure._suptitle.get_text() == "some run"


def test_the_mouse_reads_the_sphere(figure):
    disc = draw_sphere(figure, *_cap(2))[1]
    assert disc.format_coord(0, 0) == "x, y, z = 0.00, 0.00, 1.00: 4.00" and disc.format_coord(1, 1) == ""
    assert disc.format_coord(0.999, 0) == "x, y, z = 1.00, 0.00, 0.00: 3.00"


def test_directions_that_are_not_known_are_grey(figure):
    ball, along_z, *_ = draw_sphere(figure, *_cap(2, unknown=True))
    image = np.asarray(along_z.images[0].get_array())
    np.testing.assert_allclose(image[image.shape[0] // 2, image.shape[0] // 2][:3], 0.75)
    np.testing.assert_allclose(_seen_from(figure, ball, 1)[:3], 0.75, atol=0.01)
