"""The answer of a capability is the same, to the byte, for any number of threads."""
from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.demo import write_demo_data
from cryoqa_plugin.io.maps import read_map, write_map
from cryoqa_plugin.registry import CAPABILITIES

ROWS = [row for row in CAPABILITIES if row.family != "importing" and not row.extras]     # sums of PyTorch are its own
TOLD = ("metrics", "curves", "tables", "checks", "summary", "warnings")
pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The demonstration in a box that is large enough for transforms on two threads, and what it lacks."""
    folder = tmp_path_factory.mktemp("demo")
    paths = {kind: path for kind, path in write_demo_data(str(folder), box=64).items() if kind != "truth"}
    half = read_map(paths["half1"])
    depth = np.linspace(4, 12, half.shape[0], dtype=np.float32)[:, None, None]
    paths.update(resolution_map=str(folder / "resolution.mrc"), reference_map=paths["full_map"], mask2=paths["mask"],
                 target_map=paths["full_map"], primary_map=paths["full_map"])
    write_map(paths["resolution_map"], half.with_data(np.broadcast_to(depth, half.shape)))
    focused = {f"focused_{kind}": [paths[name]] for kind, name in (("maps", "full_map"), ("half1", "half1"), ("half2", "half2"))}
    return dict(paths, others=[paths["half1"], paths["half2"]], **focused)


def _answer(row, files, threads, folder):
    """What is told, as text, and a hash of the voxels of each map."""
    sources = {kind: files[kind] for kind in row.needs + row.takes if kind in files}
    document = runner.execute(row.id, sources, None, str(folder), threads=threads)
    assert document["provenance"]["threads"] == threads
    maps = {path.name: hashlib.sha256(read_map(str(path)).data.tobytes()).hexdigest() for path in sorted(folder.glob("*.mrc"))}
    return json.dumps({name: document[name] for name in TOLD}, sort_keys=True), maps


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_the_answer_does_not_depend_on_threads(row, files, tmp_path):
    one, two, four = (_answer(row, files, n, tmp_path / str(n)) for n in (1, 2, 4))
    assert one == two
    assert one == four
