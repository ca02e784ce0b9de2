"""The hand: helices made here, mirror images, swapped axes, noise; simulated and real maps."""
from __future__ import annotations

import functools
import struct

import numpy as np
import pytest
import scipy.ndimage

from cryoqa_plugin.core import masks
from cryoqa_plugin.core.boxes import mirrored
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import Map, read_map, write_map
from cryoqa_plugin.methods.map_info import hand_steps as steps
from cryoqa_plugin.methods.map_info.hand import HandParams, compute_hand
from cryoqa_plugin.study import Study

AXES = ((0, 0, 1), (1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 1, 1), (1, 0, 1), (1, -1, 0), (0, 1, -1), (1, 1, 1))


def helices(shape, turn, voxel=(1.0, 1.0, 1.0), seed=3, noise=0.02, straight=False):
    """A map [z, y, x] with nine helices of the backbone's radius and pitch, side by side; ``turn`` 1 is right-handed."""
    rng = np.random.default_rng(seed)
    data = np.zeros(shape)
    edges = np.array(shape[::-1]) * voxel
    t = np.arange(-9, 9, 0.05)
    for i, axis in enumerate(AXES):
        q, _ = np.linalg.qr(np.c_[axis, rng.standard_normal((3, 2))])
        along, one = q[:, 0], q[:, 1]
        two = np.cross(along, one)
        centre = (0.5 + (np.array([i % 3, i // 3, (i * 2) % 3]) - 1) * 0.27) * edges
        phase = turn * 2 * np.pi * t / 5.4 if not straight else 0 * t
        xyz = centre + t[:, None] * along + 2.3 * (np.cos(phase)[:, None] * one + np.sin(phase)[:, None] * two)
        at = np.round(xyz / voxel).astype(int)
        ok = np.all((at >= 0) & (at < shape[::-1]), axis=1)
        np.add.at(data, tuple(at[ok].T[::-1]), 1)
    data = scipy.ndimage.gaussian_filter(data, [1.2 / v for v in voxel[::-1]])
    data += noise * data.std() * 10 * rng.standard_normal(shape)
    return data.astype(np.float32)


@functools.lru_cache(maxsize=None)
def right_handed(box=64, **params):
    """Right-handed helices in a cube, and what is said about them."""
    data = helices((box,) * 3, 1)
    return data, judged(data, **params)


def judged(data, voxel=(1.0, 1.0, 1.0), origin=(0.0, 0.0, 0.0), **params):
    return compute_hand(Study(full_map=Map(data, voxel, origin)), HandParams(**dict(dict(resolution=4.0), **params)))


@pytest.mark.parametrize("shape, voxel", [((64,) * 3, (1.0,) * 3), ((63, 70, 67), (1.0,) * 3), ((50, 46, 72), (1.3, 1.4, 0.9))])
def test_right_and_left_handed_helices(shape, voxel):
    assert judged(helices(shape, 1, voxel), voxel).hand == "right"
    left = judged(helices(shape, -1, voxel), voxel)
    assert left.hand == "wrong" and left.wrong_probability > 0.999 and left.z_score < -2.5 and left.top_fraction == 0


@pytest.mark.heavy
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mirror_image_is_exactly_the_opposite(axis):
    data = helices((64, 60, 61), 1)
    one, other = judged(data), judged(np.ascontiguousarray(np.flip(data, axis)))
    assert other.z_score == -one.z_score and other.wrong_probability == 1 - one.wrong_probability
    assert other.top_fraction == 1 - one.top_fraction and other.n_pieces == one.n_pieces > 8
    assert (one.hand, other.hand) == ("right", "wrong")


@pytest.mark.heavy
def test_half_maps_and_their_mirror_images(tmp_path):
    data = helices((64, 64, 64), 1, noise=0)
    rng = np.random.default_rng(5)
    halves = [data + 0.3 * data.std() * rng.standard_normal(data.shape).astype(np.float32) for _ in range(2)]
    both = [compute_hand(Study(half1=Map(np.ascontiguousarray(halves[0][:, ::s]), (1.0,) * 3),
                                half2=Map(np.ascontiguousarray(halves[1][:, ::s]), (1.0,) * 3)), HandParams()) for s in (1, -1)]
    assert both[0].hand == "right" and both[1].hand == "wrong" and both[0].half_maps_identical is False
    assert both[1].z_score == pytest.approx(-both[0].z_score, rel=1e-6)


@pytest.mark.heavy
def test_noise_and_straight_rods_say_nothing():
    noise = masks.lowpass(np.random.default_rng(1).standard_normal((64, 64, 64)).astype(np.float32), (1,) * 3, 3.5)
    ball = Map(masks.ball(noise.shape, (1,) * 3, 28).astype(np.float32), (1.0,) * 3)
    result = compute_hand(Study(full_map=Map(noise, (1.0,) * 3), mask=ball), HandParams(resolution=3.5))
    assert (result.hand, result.wrong_probability, result.mask_source) == ("undetermined", None, "given")
    assert result.helical_share < 0.15 and result.n_rods > 50 and result.summary.startswith("The hand cannot be determined")
    symmetric = noise + noise[::-1, ::-1]
    result = compute_hand(Study(full_map=Map(symmetric, (1.0,) * 3), mask=ball), HandParams(resolution=3.5))
    assert result.hand == "undetermined"
    assert judged(helices((64, 64, 64), 1, straight=True)).hand == "undetermined"


def test_helices_are_where_they_are():
    origin = (10.0, -20.0, 30.0)
    plain, here = right_handed()
    image = np.ascontiguousarray(plain[::-1])
    for data, result, start in ((plain, here, (0, 0, 0)), (image, judged(image, origin=origin), origin)):
        table = result.helices
        dense = scipy.ndimage.gaussian_filter(data, 2)
        for row in table.rows[:6]:
            at = np.round(np.array(row[:3]) - start).astype(int)
            assert dense[tuple(at[::-1])] > 0.3 * dense.max() and 8 <= row[6] < 30
            assert np.linalg.norm(row[3:6]) == pytest.approx(1, abs=2e-3)
            ends = [np.round(np.array(row[:3]) - start + s * np.array(row[3:6])).astype(int) for s in (-4, 4)]
            assert min(dense[tuple(e[::-1])] for e in ends) > 0.3 * dense.max()


@pytest.mark.parametrize("order", [(2, 1, 3), (2, 3, 1)])
def test_axes_in_another_order_in_the_file(tmp_path, order):
    """The same density, its columns, rows and sections along other axes: the hand is that of the density."""
    path, other = tmp_path / "plain.mrc", tmp_path / "swapped.mrc"
    data = helices((60, 62, 64), 1)
    write_map(str(path), Map(data, (1.0,) * 3))
    block = bytearray(path.read_bytes()[:1024])
    sections = data.transpose([3 - order[2], 3 - order[1], 3 - order[0]])
    struct.pack_into("<3i", block, 0, *sections.shape[::-1])
    struct.pack_into("<3i", block, 64, *order)
    other.write_bytes(bytes(block) + np.ascontiguousarray(sections).tobytes())
    assert np.array_equal(read_map(str(other)).data, data)
    assert compute_hand(Study.read({"full_map": str(other)}), HandParams(resolution=4.0)).hand == "right"


def test_the_probability():
    even = np.tile([[0.7, 0.1], [0.1, 0.7]], (6, 1))
    assert steps.weigh(even).wrong == pytest.approx(0.5) and steps.weigh(even).z == 0
    right = np.tile([[0.7, 0.1]], (10, 1))
    found = steps.weigh(right)
    assert found.wrong == pytest.approx(2.0 ** -11) and found.z == pytest.approx(np.sqrt(10)) and found.top == 1 and found.share == 1
    assert steps.weigh(right[:, ::-1]).wrong == 1 - found.wrong
    weak = np.r_[right, np.tile([[0.1, 0.4]], (10, 1))]
    assert steps.weigh(weak)[:4] == found[:4] and steps.weigh(weak).share == 0.5
    assert steps.weigh(np.zeros((0, 2))).wrong == 0.5
    shares = np.random.default_rng(1).random(200_000)                    # any share is equally likely: what is then below a half?
    hits = np.random.default_rng(2).binomial(12, shares)
    scores = np.r_[np.tile([[0.7, 0.1]], (9, 1)), np.tile([[0.1, 0.7]], (3, 1))]
    assert steps.weigh(scores).wrong == pytest.approx(np.mean(shares[hits == 9] < 0.5), abs=0.01)


def test_error_allowed_decides():
    strict = judged(right_handed()[0], error_allowed=1e-12)
    assert right_handed()[1].hand == "right" and strict.hand == "undetermined" and "do not agree" in strict.summary


def test_the_resolution_counts():
    data, result = right_handed(resolution=2.0)
    assert result.resolution_used == 4.0
    coarse = judged(data, resolution=8.0)
    assert coarse.resolution_used == 8.0 and coarse.hand == "undetermined"


@pytest.mark.parametrize("shape", [(48, 50, 52), (47, 49, 51)])
def test_mirroring_is_about_the_middle_voxel(shape):
    point = np.zeros(shape, np.float32)
    middle = shape[2] // 2
    point[3, 4, middle], point[3, 4, middle + 5] = 1, 2
    image = mirrored(point)
    assert image[3, 4, middle] == 1 and image[3, 4, middle - 5] == 2
    assert np.array_equal(mirrored(image), point)


def test_the_mirror_image_of_a_wrong_map_is_right():
    wrong = judged(mirrored(right_handed()[0]), write_mirrored=True, origin=(1.0, 2.0, 3.0))
    assert wrong.hand == "wrong" and right_handed()[1].mirrored is None
    assert wrong.mirrored.origin == (1.0, 2.0, 3.0) and np.array_equal(wrong.mirrored.data, right_handed()[0])


def test_a_map_stays_as_it_was():
    data = right_handed()[0]
    mask = Map(np.ones_like(data), (1.0,) * 3)
    before = data.copy()
    compute_hand(Study(full_map=Map(data, (1.0,) * 3), mask=mask), HandParams(resolution=4.0))
    assert np.array_equal(data, before) and mask.data.min() == 1


def test_a_mask_that_stays_low_is_refused():
    data = helices((48, 48, 48), 1)
    with pytest.raises(InputError, match="No voxel of the mask reaches 0.5"):
        compute_hand(Study(full_map=Map(data, (1.0,) * 3), mask=Map(np.full_like(data, 0.3), (1.0,) * 3)), HandParams())


@pytest.mark.realdata
@pytest.mark.heavy
@pytest.mark.parametrize("case, expected", [("p96", "right"), ("t160", "right"), ("fine128", "right"), ("h256", "right"),
                                            ("mirror160", "wrong"), ("rna128", "undetermined"), ("low96", "undetermined"),
                                            ("c5_200", "right"), ("g1_120", "right"), ("g2_144", "right"), ("g3_160", "undetermined")])
def test_simulated_maps(sim_case, case, expected):
    folder = sim_case(case)
    inputs = Study.read({k: str(folder / f"{case}_{k}.mrc") for k in ("half1", "half2")})
    result = compute_hand(inputs, HandParams())
    assert result.hand == expected
    image = Study(**{k: m.with_data(m.data[:, :, ::-1]) for k, m in inputs.maps().items()})
    other = compute_hand(image, HandParams(resolution=result.resolution_used))   # its mask is made anew, equal but for rounding
    assert other.z_score == pytest.approx(-result.z_score, rel=1e-4) and other.n_pieces == result.n_pieces


@pytest.mark.realdata
def test_real_maps_are_never_called_wrong(shared):
    maps = shared / "data" / "maps"
    found = {}
    for name, resolution in (("emd2566_3j6b_daq/2566_3J6B_9.mrc", 3.2), ("emd6272_3j9s_strudel/6272.mrc", 2.6)):
        found[name[:7]] = compute_hand(Study.read({"full_map": str(maps / name)}), HandParams(resolution=resolution)).hand
    assert found == {"emd2566": "right", "emd6272": "undetermined"}
