"""The network of noise2noise: a small U-Net, its training on two half-maps, and its reading in tiles.

PyTorch is imported when a network is made, so that everything else works without it.
"""
from __future__ import annotations

import os
import zlib
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...errors import FormatError, InputError
from ...progress import Progress

CHANNELS = (16, 32, 64)               # of the three levels; a voxel is seen with 23 around it
_SLOPE = 0.1                          # of the leaky rectifiers
_BATCH, _WARM_UP = 4, 20              # boxes a step; steps in which the rate rises
_RIM = 4                              # voxels at the faces of a box of training that do not count: the network sees nothing beyond them
_BLOCKS, _HELD = 8, 0.125            # edge of the blocks, and the part of them that no step learns from
_EVERY, _WATCHED, _PATIENCE = 50, 8, 4         # steps between looks at what is held out; boxes of a look; looks without a better one
_EDGE, _TILE = 24, 96                 # voxels that a tile is read beyond what is kept of it, and what is kept

Pair = Tuple[np.ndarray, np.ndarray]


class Plan(NamedTuple):
    """How a network is trained: steps at most, rate, edge of the boxes in voxels, seed, file of the checkpoint, device of PyTorch."""

    steps: int
    rate: float
    box: int
    seed: int
    checkpoint: Optional[str]
    device: str


class Trained(NamedTuple):
    """A network that was trained: its weights by name, the steps that were made, and what was looked at on the way.

    ``curve`` holds step, part of the power of the other half-map that is foretold where it was learned from, and where it was held out.
    """

    weights: Dict[str, Any]
    steps: int
    curve: List[Tuple[int, float, float]]


def initial_weights(seed: int) -> Dict[str, Any]:
    """Weights of a network that gives 0.4 of what it is given.

    Parameters
    ----------
    seed
        Of the random numbers.

    Returns
    -------
    dict of torch.Tensor
        Kernels float32 [out, in, 3, 3, 3] and offsets [out], by level and place.
    """
    import torch
    rng = np.random.default_rng([seed, 0])

    def kernel(out: int, into: int, size: int, power: float) -> Any:
        return torch.from_numpy((np.sqrt(power) * rng.standard_normal((out, into, size, size, size))).astype(np.float32))

    weights: Dict[str, Any] = {}
    for level, channels in enumerate(CHANNELS):
        last = level == len(CHANNELS) - 1
        convolutions = [("first", 1 if level == 0 else channels), ("second", channels)]
        convolutions += [] if last else [("third", channels), ("fourth", channels)]
        for name, into in convolutions:
            weights[f"{name}{level}"] = kernel(channels, into, 3, 2 / (1 + _SLOPE ** 2) / (27 * into))
            weights[f"{name}{level}_offset"] = torch.zeros(channels)
        if not last:
            # weaker than the convolutions, so that the coarse levels come in slowly
            below = CHANNELS[level + 1]
            weights[f"down{level}"] = kernel(below, channels, 2, 1 / (3 * 8 * channels))
            weights[f"up{level}"] = kernel(below, channels, 2, 1 / (3 * 8 * channels))
    weights["last"] = torch.zeros(1, CHANNELS[0], 1, 1, 1)
    weights["through"] = torch.full((1,), 0.4)
    return weights


def forward(weights: Dict[str, Any], boxes: Any) -> Any:
    """What the network makes of boxes.

    Parameters
    ----------
    weights
        Of the network.
    boxes
        torch.Tensor, float32 [n, 1, z, y, x], edges multiples of four.

    Returns
    -------
    torch.Tensor
        float32 [n, 1, z, y, x].
    """
    from torch.nn import functional

    def convolved(data: Any, name: str) -> Any:
        return functional.leaky_relu(functional.conv3d(data, weights[name], weights[f"{name}_offset"], padding=1), _SLOPE, inplace=True)

    kept, data, deepest = [], boxes, len(CHANNELS) - 1
    for level in range(deepest + 1):
        data = convolved(convolved(data, f"first{level}"), f"second{level}")
        if level < deepest:
            kept.append(data)
            data = functional.conv3d(data, weights[f"down{level}"], stride=2)
    for level in range(deepest - 1, -1, -1):
        data = kept.pop() + functional.conv_transpose3d(data, weights[f"up{level}"], stride=2)
        data = convolved(convolved(data, f"third{level}"), f"fourth{level}")
    return functional.conv3d(data, weights["last"]) + weights["through"] * boxes


def turned(data: Any, turn: int) -> Any:
    """A box in one of its 48 positions.

    Parameters
    ----------
    data
        Array or tensor [z, y, x].
    turn
        From 0, which is as it is, to 47.

    Returns
    -------
    array or tensor
        A view, its axes in another order and some of them reversed.
    """
    order = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))[turn // 8]
    reverse = [axis for axis in range(3) if turn >> axis & 1]
    if isinstance(data, np.ndarray):
        return np.flip(data.transpose(order), reverse)
    return data.permute(order).flip(reverse) if reverse else data.permute(order)


def turned_back(data: Any, turn: int) -> Any:
    """The inverse of :func:`turned`.

    Parameters
    ----------
    data
        Array or tensor [z, y, x].
    turn
        As for :func:`turned`.

    Returns
    -------
    array or tensor
        The box as it was.
    """
    order = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))[turn // 8]
    reverse = [axis for axis in range(3) if turn >> axis & 1]
    back = [int(k) for k in np.argsort(order)]
    if isinstance(data, np.ndarray):
        return np.flip(data, reverse).transpose(back)
    return (data.flip(reverse) if reverse else data).permute(back)


def held_out(shape: Sequence[int], seed: int) -> np.ndarray:
    """Voxels that no step learns from: an eighth of the blocks of 8 voxels.

    Parameters
    ----------
    shape
        Of the map (z, y, x).
    seed
        Of the random numbers.

    Returns
    -------
    ndarray
        bool [z, y, x].
    """
    blocks = np.random.default_rng([seed, 1]).random([-(-n // _BLOCKS) for n in shape]) < _HELD
    for axis in range(3):
        blocks = np.repeat(blocks, _BLOCKS, axis=axis)
    return blocks[tuple(slice(n) for n in shape)]


class Training:
    """The training of a network on a pair of half-maps: its state after any step, kept in a file where one is named.

    Parameters
    ----------
    pair
        Half-maps of an even spectrum, float32 [z, y, x] each; each is foretold from the other.
    mask
        Where the middles of boxes are drawn, [z, y, x].
    plan
        How.
    """

    def __init__(self, pair: Pair, mask: np.ndarray, plan: Plan) -> None:
        import torch
        self.plan, self.shape = plan, pair[0].shape
        self.box = min(plan.box, 4 * (min(self.shape) // 4))
        self.maps = [torch.from_numpy(np.ascontiguousarray(m, np.float32)) for m in pair]
        self.held = torch.from_numpy(held_out(self.shape, plan.seed))
        self.places = np.argwhere(mask >= 0.5) if (mask >= 0.5).any() else np.argwhere(np.ones(self.shape, bool))
        self.weights = {k: v.to(plan.device).requires_grad_(True) for k, v in initial_weights(plan.seed).items()}
        self.mean = {k: v.detach().clone() for k, v in self.weights.items()}
        self.best, self.curve, self.step, self.learned = self.mean, [], 0, [0.0, 0.0]
        self.adam = torch.optim.Adam(list(self.weights.values()), lr=plan.rate)
        self.key = zlib.crc32(repr((plan.rate, plan.box, plan.seed, CHANNELS, self.shape)).encode(), zlib.crc32(
            np.ascontiguousarray(pair[1], np.float32), zlib.crc32(np.ascontiguousarray(pair[0], np.float32))))

    def run(self, progress: Progress) -> Trained:
        """Train to the last step, or until what is held out is foretold worse for four looks.

        Parameters
        ----------
        progress
            ``progress(fraction, message)``.

        Returns
        -------
        Trained
            The weights, running means over the steps, of the look with the best of what is held out.

        Raises
        ------
        InputError
            The checkpoint is of another training.
        FormatError
            The checkpoint cannot be read.
        """
        self._resume()
        while self.step < self.plan.steps and not self._worse():
            self._learn()
            if self.step % _EVERY == 0 or self.step == self.plan.steps:
                self._look()
                self._keep()
                progress(self.step / self.plan.steps,
                         f"step {self.step} of {self.plan.steps}: {100 * self.curve[-1][2]:.1f} % foretold of what is held out")
        return Trained(self.best, self.step, self.curve)

    def _boxes(self, rng: np.random.Generator, turn: bool) -> Tuple[Any, Any, Any]:
        """Boxes of one half-map, those of the other, and what is held out, torch [batch, 1, z, y, x] each."""
        import torch
        out: List[List[Any]] = [[], [], []]
        for _ in range(_BATCH):
            middle = self.places[rng.integers(len(self.places))] - rng.integers(self.box // 4, 3 * self.box // 4 + 1, 3)
            at = tuple(slice(k, k + self.box) for k in (int(np.clip(m, 0, n - self.box)) for m, n in zip(middle, self.shape)))
            half, position = int(rng.integers(2)), int(rng.integers(48)) if turn else 0
            for box, data in zip(out, (self.maps[half], self.maps[1 - half], self.held)):
                box.append(turned(data[at], position)[None])
        given, other, held = (torch.stack(box).to(self.plan.device).contiguous() for box in out)
        return given.contiguous(memory_format=torch.channels_last_3d), other, held

    def _errors(self, weights: Dict[str, Any], boxes: Tuple[Any, Any, Any]) -> Tuple[Any, Any, Any]:
        """Squared errors, squares of what is foretold, and what is held out, without the rim of the boxes."""
        given, other, held = boxes
        inner = (..., *(slice(_RIM, self.box - _RIM),) * 3)
        return (forward(weights, given) - other)[inner] ** 2, other[inner] ** 2, held[inner]

    def _learn(self) -> None:
        """One step of Adam; random numbers belong to the step, so that a training that was stopped goes on as if it had not been."""
        import torch
        plan = self.plan
        for group in self.adam.param_groups:                  # the rate does not fall: the running mean of the weights does its work
            group["lr"] = plan.rate * min(1.0, (self.step + 1) / _WARM_UP)
        errors, squares, held = self._errors(self.weights, self._boxes(np.random.default_rng([plan.seed, 2, self.step]), True))
        free = ~held
        loss = (errors * free).sum() / free.sum().clamp(min=1)
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        self.step += 1
        fresh = 1 - min(0.99, self.step / (self.step + 10))
        with torch.no_grad():
            for name, mean in self.mean.items():
                mean.lerp_(self.weights[name], fresh)
            self.learned[0] += float((errors * free).sum())
            self.learned[1] += float((squares * free).sum())

    def _look(self) -> None:
        """What is held out in the same boxes each time; weights that foretell it best so far are put aside."""
        import torch
        sums = [0.0, 0.0]
        with torch.inference_mode():
            for k in range(_WATCHED // _BATCH):
                errors, squares, held = self._errors(self.mean, self._boxes(np.random.default_rng([self.plan.seed, 3, k]), False))
                sums[0] += float((errors * held).sum())
                sums[1] += float((squares * held).sum())
        there, held_share = (1 - s[0] / s[1] if s[1] > 0 else 0.0 for s in (self.learned, sums))
        if held_share >= max((c[2] for c in self.curve), default=-np.inf):
            self.best = {k: v.clone() for k, v in self.mean.items()}
        self.curve.append((self.step, there, held_share))
        self.learned = [0.0, 0.0]

    def _worse(self) -> bool:
        """Whether the best look is four looks ago."""
        shares = [c[2] for c in self.curve]
        return len(shares) > _PATIENCE and int(np.argmax(shares)) < len(shares) - _PATIENCE

    def _keep(self) -> None:
        """Write the state beside the checkpoint and put it in its place."""
        import torch
        path = self.plan.checkpoint
        if path is None:
            return
        torch.save(dict(key=self.key, step=self.step, curve=[list(c) for c in self.curve], mean=self.mean, best=self.best,
                        weights={k: v.detach() for k, v in self.weights.items()}, adam=self.adam.state_dict()), path + ".new")
        os.replace(path + ".new", path)

    def _resume(self) -> None:
        """Take over the state of a checkpoint that is there."""
        import torch
        path = self.plan.checkpoint
        if path is None or not os.path.exists(path):
            return
        try:
            state = torch.load(path, map_location=self.plan.device, weights_only=True)
            key = state["key"]
        except Exception as error:                            # what PyTorch raises for a file that is not its own is of any kind
            raise FormatError(f"The checkpoint {path} cannot be read ({type(error).__name__}); remove it, or give another name.") from error
        if key != self.key:
            raise InputError(f"The checkpoint {path} is of other half-maps or other parameters; remove it, or give another name.")
        with torch.no_grad():
            for name, value in state["weights"].items():
                self.weights[name].copy_(value)
        self.mean, self.best, self.step = state["mean"], state["best"], state["step"]
        self.curve = [(int(a), float(b), float(c)) for a, b, c in state["curve"]]
        self.adam.load_state_dict(state["adam"])


def read_map(weights: Dict[str, Any], data: np.ndarray, turns: Sequence[int], device: str, progress: Progress) -> np.ndarray:
    """What a network makes of a whole map, in tiles that overlap by all that it sees, so that they leave no seams.

    Parameters
    ----------
    weights
        Of the network.
    data
        float32 [z, y, x]; it goes on beyond its faces as it does in a Fourier transform.
    turns
        Positions of the cube in which it is read; the mean is taken.
    device
        Of PyTorch.
    progress
        ``progress(fraction, message)``.

    Returns
    -------
    ndarray
        float32 [z, y, x].
    """
    import torch
    counts = [-(-n // _TILE) for n in data.shape]
    tile = [4 * -(-n // (4 * count)) for n, count in zip(data.shape, counts)]
    padded = np.pad(data, [(_EDGE, _EDGE + t * count - n) for t, count, n in zip(tile, counts, data.shape)], mode="wrap")
    out = np.zeros([t * count for t, count in zip(tile, counts)], np.float32)
    places = list(np.ndindex(*counts))
    with torch.inference_mode():
        for k, place in enumerate(places):
            progress(k / len(places), f"tile {k + 1} of {len(places)}")
            start = [p * t for p, t in zip(place, tile)]
            box = padded[tuple(slice(s, s + t + 2 * _EDGE) for s, t in zip(start, tile))]
            total = np.zeros(tile, np.float32)
            for turn in turns:
                given = torch.from_numpy(np.ascontiguousarray(turned(box, turn)))[None, None].to(device)
                made = forward(weights, given.contiguous(memory_format=torch.channels_last_3d))[0, 0].cpu().numpy()
                total += turned_back(made, turn)[tuple(slice(_EDGE, _EDGE + t) for t in tile)]
            out[tuple(slice(s, s + t) for s, t in zip(start, tile))] = total / np.float32(len(turns))
    return out[tuple(slice(n) for n in data.shape)]
