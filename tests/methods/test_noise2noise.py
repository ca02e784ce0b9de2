"""The network that learns from two half-maps: what it foretells, tiles without seams, seeds, resuming, and what cannot be denoised."""
from __future__ import annotations

import os

import numpy as np
import pytest

import cryoqa_plugin
from cryoqa_plugin import runner
from cryoqa_plugin.errors import FormatError, InputError
from cryoqa_plugin.io.maps import read_header, read_map, write_map
from cryoqa_plugin.progress import silent
from cryoqa_plugin.study import Study
from methods.test_denoise import likeness, made

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from cryoqa_plugin.methods.sharpening import noise2noise_network as network  # noqa: E402
from cryoqa_plugin.methods.sharpening.noise2noise import Noise2noiseParams, compute_noise2noise  # noqa: E402

MEANS_OF_P96 = 0.9403                 # mean FSC with the truth that the conditional means reach; other cases: bench/noise2noise_figures.py


@pytest.fixture(scope="module")
def maps():
    return made()


def plan(**values):
    return network.Plan(**dict(dict(steps=60, rate=1e-3, box=32, seed=5, checkpoint=None, device="cpu"), **values))


def weights_of_a_net(seed=3):
    """Weights of a network that was not trained, and gives more than what it is given."""
    weights = network.initial_weights(seed)
    weights["last"] += 0.1
    return weights


def test_turns_are_48_and_are_undone():
    box = np.arange(27).reshape(3, 3, 3)
    turns = [network.turned(box, k) for k in range(48)]
    assert len({t.tobytes() for t in turns}) == 48
    for k, t in enumerate(turns):
        np.testing.assert_array_equal(network.turned_back(t, k), box)
        np.testing.assert_array_equal(network.turned(torch.from_numpy(box), k).numpy(), t)
        np.testing.assert_array_equal(network.turned_back(torch.from_numpy(t.copy()), k).numpy(), box)


def test_blocks_held_out_are_an_eighth_and_whole():
    held = network.held_out((160, 150, 170), 1)
    assert 0.09 < held.mean() < 0.16 and held.shape == (160, 150, 170)
    blocks = held[:144, :144, :160].reshape(18, 8, 18, 8, 20, 8).mean(axis=(1, 3, 5))
    assert set(np.unique(blocks)) == {0.0, 1.0}


@pytest.mark.parametrize("shape", [(60, 60, 60), (45, 50, 57)])
def test_tiles_leave_no_seams(shape, monkeypatch):
    """What is read in tiles is what is read in one piece that goes on beyond its faces."""
    data = np.random.default_rng(2).standard_normal(shape).astype(np.float32)
    weights = weights_of_a_net()
    monkeypatch.setattr(network, "_TILE", 32)
    tiled = network.read_map(weights, data, (0,), "cpu", silent)
    monkeypatch.setattr(network, "_TILE", 200)
    whole = network.read_map(weights, data, (0,), "cpu", silent)
    assert tiled.shape == shape
    # the grid of the coarse levels begins at the first voxel of a tile; edges are multiples of four, so that tiles agree
    np.testing.assert_allclose(tiled, whole, atol=2e-5 * np.abs(whole).max())


def test_nothing_beyond_the_edge_of_a_tile_is_seen():
    data = np.zeros((1, 1, 64, 64, 64), np.float32)
    weights = weights_of_a_net()
    with torch.inference_mode():
        plain = network.forward(weights, torch.from_numpy(data)).numpy()
        data[..., 31, 32, 33] = 5
        changed = np.argwhere(network.forward(weights, torch.from_numpy(data)).numpy()[0, 0] != plain[0, 0])
    assert np.abs(changed - (31, 32, 33)).max() <= network._EDGE


def test_it_foretells_what_was_held_out_and_ends_at_the_last_step(maps):
    halves, truth, ball = maps
    pair = tuple(h.data / h.data.std() for h in halves)
    seen = []
    trained = network.Training(pair, ball, plan(steps=60)).run(lambda share, words: seen.append(share))
    assert trained.steps == 60 and [c[0] for c in trained.curve] == [50, 60] and seen[-1] == 1
    # a half-map foretells truth^2 of the power of the other: its share of signal where boxes are
    assert trained.curve[-1][2] > trained.curve[0][2] - 0.02 and trained.curve[-1][2] > 0.02
    out = network.read_map(trained.weights, pair[0], (0, 11), "cpu", silent)
    assert np.corrcoef(out[ball], truth[ball])[0, 1] > np.corrcoef(pair[0][ball], truth[ball])[0, 1]


def test_same_seed_same_network_and_resumed_the_same_curve(maps, tmp_path, monkeypatch):
    monkeypatch.setattr(network, "_EVERY", 4)
    halves, _, ball = maps
    pair = tuple(h.data for h in halves)
    whole = network.Training(pair, ball, plan(steps=8)).run(silent)
    again = network.Training(pair, ball, plan(steps=8)).run(silent)
    other = network.Training(pair, ball, plan(steps=8, seed=6)).run(silent)
    assert whole.curve == again.curve and other.curve != whole.curve
    path = str(tmp_path / "kept.pt")
    stopped = network.Training(pair, ball, plan(steps=8, checkpoint=path))

    class Killed(Exception):
        pass

    def kill(share, words):
        raise Killed

    with pytest.raises(Killed):
        stopped.run(kill)
    assert stopped.step == 4 and os.path.getsize(path) > 1e6
    went_on = network.Training(pair, ball, plan(steps=8, checkpoint=path))
    resumed = went_on.run(silent)
    assert resumed.curve == whole.curve
    for name, value in whole.weights.items():
        np.testing.assert_array_equal(value.numpy(), resumed.weights[name].numpy())


def test_a_checkpoint_of_another_run_is_refused(maps, tmp_path):
    halves, _, ball = maps
    path = str(tmp_path / "kept.pt")
    pair = tuple(h.data for h in halves)
    training = network.Training(pair, ball, plan(steps=50, checkpoint=path))
    training._keep()
    with pytest.raises(InputError, match="other half-maps or other parameters"):
        network.Training(pair, ball, plan(rate=2e-3, checkpoint=path)).run(silent)
    with pytest.raises(InputError, match="other half-maps or other parameters"):
        network.Training((pair[1], pair[0]), ball, plan(steps=50, checkpoint=path)).run(silent)
    with open(path, "wb") as out:
        out.write(b"nothing of the kind")
    with pytest.raises(FormatError, match="cannot be read"):
        network.Training(pair, ball, plan(steps=50, checkpoint=path)).run(silent)


def test_training_ends_when_what_is_held_out_gets_worse(maps):
    halves, _, ball = maps
    training = network.Training(tuple(h.data for h in halves), ball, plan())
    training.curve = [(50, 0.1, 0.2), (100, 0.1, 0.3)] + [(100 + 50 * k, 0.1, 0.29) for k in range(1, 4)]
    assert not training._worse()
    training.curve.append((300, 0.1, 0.28))
    assert training._worse()


def test_maps_come_out_and_are_marked(maps, tmp_path):
    halves, truth, ball = maps
    paths = [str(tmp_path / f"half{i}.mrc") for i in (1, 2)]
    for path, half in zip(paths, halves):
        write_map(path, half)
    out = cryoqa_plugin.run("noise2noise", half1=paths[0], half2=paths[1], steps=60, box=32, write_halves=True,
                            outdir=str(tmp_path / "out"))
    mean = (halves[0].data + halves[1].data) / 2
    assert np.corrcoef(out.denoised_map.data[ball], truth[ball])[0, 1] > np.corrcoef(mean[ball], truth[ball])[0, 1]
    np.testing.assert_allclose(out.denoised_map.data + out.removed.data, mean, atol=1e-5)
    assert out.steps_made == 60 and out.halves_state == "dependent" and out.supported_share > 0.9
    assert out.removed_share < out.removed_outside <= 1 and 0 < out.noise_share < 0.6 and 0 <= out.weight_of_network <= 1
    assert "network trained for 60 steps" in out.summary and "resolution, FSC and refinement need the half-maps that went in" in out.summary
    half = str(tmp_path / "out" / "denoised_half1.mrc")
    assert read_header(half).labels[0] == "cryoqa noise2noise: denoised_half1, dependent"
    assert Study.read(dict(half1=half, half2=paths[1])).half_maps.denoised == "dependent"


def test_what_cannot_be_denoised_is_named(maps, monkeypatch, tmp_path):
    halves, _, _ = maps
    same = compute_noise2noise(Study(half1=halves[0], half2=halves[0]), Noise2noiseParams())
    assert same.denoised_map is None and "copies" in same.summary
    small = [h.with_data(h.data[:24]) for h in halves]
    with pytest.raises(InputError, match="32"):
        compute_noise2noise(Study(half1=small[0], half2=small[1]), Noise2noiseParams())
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="no graphics card"):
            compute_noise2noise(Study(half1=halves[0], half2=halves[1]), Noise2noiseParams(device="cuda"))


def test_without_pytorch_it_is_said_what_to_install(maps, monkeypatch, tmp_path):
    import importlib.util
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else known(name, *rest))
    paths = [str(tmp_path / f"half{i}.mrc") for i in (1, 2)]
    for path, half in zip(paths, maps[0]):
        write_map(path, half)
    with pytest.raises(InputError, match="pip install torch"):
        runner.execute("noise2noise", dict(half1=paths[0], half2=paths[1]))


@pytest.mark.heavy
def test_it_beats_the_conditional_means(sim_case):
    folder = sim_case("p96")
    one, two, truth, mask = (read_map(str(folder / f"p96_{name}.mrc")) for name in ("half1", "half2", "truth", "mask"))
    found = compute_noise2noise(Study(half1=one, half2=two), Noise2noiseParams())
    assert likeness(found.denoised_map.data, truth.data, mask.data, one.voxel_size, 10.0, 2.05) > MEANS_OF_P96 + 0.003
    assert found.supported_share > 0.99
