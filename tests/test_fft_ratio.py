"""bench/fft_ratio.py: seconds within scipy.fft and transforms of the whole box are counted, and what was wrapped is put back."""
from __future__ import annotations

import importlib
import shutil
import sys
import time

import numpy as np
import pytest
import scipy.fft

from sources import ROOT


@pytest.fixture
def bench(monkeypatch):
    """The module bench/fft_ratio.py."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    yield importlib.import_module("fft_ratio")
    for name in ("fft_ratio", "table"):
        sys.modules.pop(name, None)


def test_transforms_of_the_whole_box_are_counted_and_all_are_timed(bench):
    data, before = np.ones((40, 40, 40), np.float32), scipy.fft.rfftn
    started = time.process_time()
    with bench.counted(data.size) as sums:
        for _ in range(20):
            back = scipy.fft.irfftn(scipy.fft.rfftn(data), s=data.shape)
            scipy.fft.rfftn(data[:20])                               # a part of the box
            scipy.fft.fft(data[0])                                   # along one axis
    spent = time.process_time() - started
    np.testing.assert_allclose(back, data, atol=1e-6)
    assert sums[1] == 40 and 0.3 * spent < sums[0] <= spent
    assert scipy.fft.rfftn is before
    with pytest.raises(ZeroDivisionError), bench.counted(data.size):
        raise ZeroDivisionError
    assert scipy.fft.rfftn is before


def test_a_capability_is_measured_with_its_own_transforms(bench, tiny_halves, tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    files = bench.files_of(folder)
    for kind, path in tiny_halves["paths"].items():
        if kind in files:
            shutil.copy(path, files[kind])
    claim = next(c for c in bench.CLAIMS if (c.id, c.case) == ("half_map_statistics", "half-maps"))
    taken = bench.measured(claim, files, 2)
    assert 0 < taken.fft_s < taken.cpu_s < 5 and 4 <= taken.whole <= 20
    cells = next(bench.lines_of([claim], files, 1))
    assert cells[0] == "half-map-statistics, half-maps" and float(cells[5]) > 1
