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
from cryoqa_plugin.report.scale import RAMP, Scale  # noqa: E402
from cryoqa_plugin.viewers.chimerax import Colouring  # noqa: E402
from cryoqa_plugin.viewers.colours import COLOURS, colour_map, quantity_of, scale_of, stops  # noqa: E402
from cryoqa_plugin.viewers.fsc_figure import crossing, draw_fsc, line, lines_of_document, thresholds_of  # noqa: E402
from cryoqa_plugin.viewers.gallery_figure import draw_gallery, gallery_sections  # noqa: E402
from cryoqa_plugin.viewers.sphere_figure import draw_sphere  # noqa: E402
from cryoqa_plugin.viewers.value_figures import draw_guinier, draw_histogram, guinier_lines  # noqa: E402
from cryoqa_plugin.viewers.volume_figure import VIEWS, Look, Scene, draw_views, grid_sentence  # noqa: E402

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
    axes = draw_views(figure, replace(masked, overlay=_map(2), overlay_name="second"))
    alpha = np.asarray(axes[0].images[1].get_array())[..., 3]
    np.testing.assert_array_equal(alpha > 0, mask[SHAPE[0] // 2] >= 0.5)      # in the mask and nowhere else
    assert "second:" in "".join(t.get_text() for t in figure.axes[3].texts)


def _resolved():
    """A scene whose resolution map is 2 Å in one half and 4 Å in the other, 0 where x is below 2, with densities that rise along y."""
    values = np.full(SHAPE, 2.0, np.float32)
    values[:, :, 6:] = 4.0
    values[:, :, :2] = 0.0
    density = np.broadcast_to(np.arange(SHAPE[1], dtype=np.float32)[None, :, None], SHAPE)
    return Scene(Map(np.ascontiguousarray(density), VOXEL, ORIGIN), overlay=Map(values, VOXEL, ORIGIN), quantity="resolution",
                 resolution=3.0)


def test_every_voxel_with_a_resolution_is_coloured_the_best_too(figure):
    scene = _resolved()
    assert scene.scale == Scale(2.0, pytest.approx(4.8), True)               # 0.8 R is 2.4, widened to the 2 percentile; 1.6 R stays
    drawn = np.asarray(draw_views(figure, scene)[0].images[1].get_array())
    np.testing.assert_array_equal(drawn[..., 3] > 0, scene.overlay.data[SHAPE[0] // 2] > 0)
    row = drawn[-1]                                                          # the highest density
    assert row[3, 2] > row[3, 0] and row[8, 0] > row[8, 2]                   # 2 Å is blue, 4 Å red
    assert drawn[0, 3, :3].sum() < row[3, :3].sum()                          # and darker where the density is low
    assert scene.unit == "Å" and set(np.unique(scene.values())) == {2.0, 4.0}


def test_the_threshold_colours_the_dense_part_only(figure):
    scene, look = _resolved(), Look(threshold=0.5)
    limit = scene.level(look)
    shown = (scene.map.data >= limit) & (scene.overlay.data > 0)
    assert 0 < shown.sum() < (scene.overlay.data > 0).sum()
    drawn = np.asarray(draw_views(figure, scene, look)[0].images[1].get_array())
    np.testing.assert_array_equal(drawn[..., 3] > 0, shown[SHAPE[0] // 2])
    assert scene.values(limit).size == shown.sum()
    means = scene.overlay_image(1, 0, replace(look, projections=True))       # along y: the mean over what is coloured
    np.testing.assert_allclose(means[:, 3], 2.0)
    assert np.isnan(means[:, 0]).all()


def test_a_range_of_ones_own_moves_the_colours(figure):
    scene = _resolved()
    first, last = (np.asarray(draw_views(figure, scene, Look(scale=s))[0].images[1].get_array())[-1, 8]
                   for s in (Scale(1.0, 4.0, True), Scale(4.0, 9.0, True)))
    np.testing.assert_allclose(first[:3] - first[:3].min(), (np.array(RAMP[-1]) - min(RAMP[-1])) / 255, atol=0.06)
    np.testing.assert_allclose(last[:3] - last[:3].min(), (np.array(RAMP[0]) - min(RAMP[0])) / 255, atol=0.06)


def test_scales_by_what_the_values_are():
    values = np.linspace(1.0, 2.0, 1001)
    assert scale_of("resolution", np.full(9, 3.0), 3.0) == Scale(pytest.approx(2.4), pytest.approx(4.8), True)
    assert scale_of("occupancy", values) == Scale(0.0, 1.25)
    b = scale_of("B-factor", np.full(9, 100.0), 3.0)
    assert np.exp((b.high - 100) / (4 * 3.0 ** 2)) == pytest.approx(4)       # four times less amplitude at 3 Å
    assert scale_of("other", values) == Scale(pytest.approx(1.02), pytest.approx(1.98))
    assert scale_of("other", np.zeros(0)) == Scale(0.0, 1.0)


@pytest.mark.parametrize("unit, name, found", [
    ("Å", "resolution_map", "resolution"), ("Å", "doa", "other"), ("Å²", "local_bfactor", "B-factor"), ("", "local_occupancy", "occupancy"),
    ("", "outputVolume", "density"), ("", "resolution_Volume", "resolution"), ("", "relion_locres.mrc", "resolution"),
    ("", "relion_locres_filtered.mrc", "density"), ("", "half1", "density"), ("sd", "difference", "other"),
    ("Å²", "local_error", "other"), ("", "outputLocalFscResolution", "resolution"), ("", "fsc3d", "density"),
    ("", "confidence_map", "confidence"), ("", "confidence_mask", "density"), ("", "outputNoise", "other"), ("", "denoised_map", "density"),
    ("", "support_map", "support"), ("", "outputUnsupported", "density"), ("", "lost_map", "density"),
    ("Å", "motion", "motion"), ("Å", "outputMotion", "motion"), ("", "disagreement", "disagreement"), ("", "weight_maps_1", "weight"),
    ("", "weight_maps_2.mrc", "weight"), ("", "outputCopies", "copies"), ("", "local_correlation_map.mrc", "local correlation"),
    ("", "outputNoiseShare", "share of noise"),
    ("", "composite_map", "density"), ("", "outputCompositeHalf1", "density")])
def test_what_a_map_holds(unit, name, found):
    assert quantity_of(unit, name) == found


def test_colours_run_from_blue_to_red_and_every_name_gives_a_map():
    found = stops(Scale(2.0, 8.0, True), COLOURS[0])
    assert [c for _, c in found] == ["#" + "".join(f"{v:02x}" for v in colour) for colour in RAMP]
    ratios = [b[0] / a[0] for a, b in zip(found, found[1:])]
    np.testing.assert_allclose(ratios, 4 ** (1 / 6))                         # even in log d
    for name in COLOURS:
        assert colour_map(name)(0.0) != colour_map(name)(1.0)
    assert colour_map("red to blue")(0.0) == pytest.approx(colour_map(COLOURS[0])(1.0))


def test_the_palette_of_chimerax_is_grey_below_the_lowest_value():
    coloured = Colouring(None, "local resolution", "Å", Scale(2.0, 8.0, True), 3.0)
    parts = [part.split(",") for part in coloured.palette().split(":")]
    values = [float(v) for v, _ in parts]
    assert values == sorted(values) and values[0] == 0 and values[-1] == 8
    assert parts[0][1] == parts[1][1] and values[1] == pytest.approx(2.94)   # grey from 0, as outside of the mask
    assert values[2] == 3.0 and parts[2][1] != parts[1][1]
    assert coloured.key().startswith("#243c8c:2.00 ") and coloured.key().endswith(":8.00")


def test_the_gallery_shows_sections_of_the_mask(figure):
    mask = np.zeros(SHAPE, np.float32)
    mask[:, 2:6, 3:8] = 1
    scene = replace(_resolved(), mask=Map(mask, VOXEL, ORIGIN))
    assert gallery_sections(scene, 1, 2) == [3, 4] and gallery_sections(scene, 2, 50) == [3, 4, 5, 6, 7]
    axes = draw_gallery(figure, scene, Look(), axis=1, count=3)
    numbers = gallery_sections(scene, 1, 3)
    assert [ax.get_title() for ax in axes] == [f"y = {n}" for n in numbers]
    for ax, number in zip(axes, numbers):
        np.testing.assert_array_equal(np.asarray(ax.images[0].get_array()), scene.map.data[:, number])
    _pixels(figure)
    draw_gallery(figure, _scene_without_colours(), Look(), 0, 5)
    _pixels(figure)


def _scene_without_colours():
    return Scene(_map())


def test_the_histogram_says_the_median_and_nine_tenths(figure):
    values = np.linspace(2.0, 4.0, 2001)
    ax = draw_histogram(figure, values, Scale(1.6, 4.8, True), "local resolution", "Å")
    assert ax.get_title() == "median 3.00 Å; 5 % are below 2.10 Å, 5 % above 3.90 Å" and ax.get_xlabel() == "local resolution (Å)"
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(100)
    assert ax.patches[0].get_facecolor()[2] > ax.patches[0].get_facecolor()[0]           # fine is blue
    assert ax.patches[-1].get_facecolor()[0] > ax.patches[-1].get_facecolor()[2]


def test_the_guinier_window(figure):
    document = {"curves": {"fsc_true": dict(x=FREQ, y=[1.0] * 5),
                           "guinier_original": dict(x=[0.01, 0.04], y=[-1.0, -3.0], meaning="the map"),
                           "guinier_fit": dict(x=[0.01, 0.04], y=[-1.0, None], meaning="line fitted")}}
    found = guinier_lines(document)
    assert [name for name, _, _ in found] == ["the map", "line fitted"] and np.isnan(found[1][2][1])
    ax = draw_guinier(figure, found)
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--"]
    _pixels(figure)


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


def test_thresholds_that_are_typed():
    assert thresholds_of("0.143, 0.5") == (0.143, 0.5) and thresholds_of("0.3;0.3 0.143") == (0.3, 0.143)
    for text, said in (("", "at least one"), ("half", "'half' is no threshold"), ("0", "'0' is no threshold"), ("1.2", "between 0 and 1")):
        with pytest.raises(ValueError, match=said):
            thresholds_of(text)


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


def _coarse(rgba):
    """Whether a colour is at the coarse end of the scale: more red than blue."""
    return np.asarray(rgba)[..., 0] - np.asarray(rgba)[..., 2] > 0.3


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
        assert _coarse(image[middle, middle]) == (seen == axis) and tuple(image[0, 0][:3]) == (1, 1, 1)
        assert "seen along " + "xyz"[seen] in disc.get_title()
    assert [bool(_coarse(_seen_from(figure, ball, a))) for a in range(3)] == [axis == a for a in range(3)]
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
