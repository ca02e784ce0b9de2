"""The level of the solvent."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.study.solvent import without_level


def test_a_constant_changes_nothing_and_the_solvent_is_at_0():
    rng = np.random.default_rng(3)
    data = rng.standard_normal((9, 10, 11)).astype(np.float32)
    mask = rng.random(data.shape).astype(np.float32)
    mask[0] = 0
    out = without_level(data, mask)
    level = float(((1 - mask.astype(float)) * data).sum() / (1 - mask.astype(float)).sum())
    np.testing.assert_allclose(out, data - level, atol=1e-6)
    assert float(((1 - mask) * out).sum(dtype=float)) == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(without_level(data + np.float32(7.5), mask), out, atol=2e-6)
    assert out.dtype == np.float32


def test_a_mask_of_the_whole_box_leaves_the_mean_of_the_map():
    data = np.arange(64, dtype=np.float32).reshape(4, 4, 4)
    np.testing.assert_allclose(without_level(data, np.ones_like(data)), data - 31.5)
