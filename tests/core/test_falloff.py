"""Local B-factors of coloured noise whose fall-off is known."""
import numpy as np
import pytest

from cryoqa_plugin.core import falloff, fourier, local


def coloured(rng, shape, bfactor):
    """White noise with a fall-off, voxels of 1 Å."""
    k = np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij")
    s2 = sum(a ** 2 for a in k)
    return np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * np.exp(-bfactor * s2 / 4)).real


def made(noise=0.0, shape=(88, 40, 97), seed=0):
    """Two halves with B = 40 on the left and 70 on the right, and a mask that leaves out the upper half."""
    rng = np.random.default_rng(seed)
    right = np.clip((np.arange(shape[2]) - shape[2] / 2) / 4 + 0.5, 0, 1)
    mask = np.zeros(shape, np.float32)
    mask[: shape[0] // 2] = 1
    signal = mask * ((1 - right) * coloured(rng, shape, 40) + right * coloured(rng, shape, 70))
    return [(signal + noise * rng.standard_normal(shape)).astype(np.float32) for _ in range(2)], mask


def fitted(halves, mask, count=6, window=6.0, slope=0.0):
    geo = fourier.geometry(mask.shape)
    amplitude = np.exp(-slope * fourier.frequencies(geo) ** 2 / 4)
    bands = falloff.make_bands(geo, 10, 2.8, count, amplitude)
    grid = local.points(mask.shape, (1, 1, 1), window)
    transforms = [fourier.forward(h) for h in halves]
    found = falloff.powers(transforms[0], transforms[1] if len(halves) > 1 else None, geo, bands, grid, mask)
    fit = falloff.fit(geo, bands, found, window)
    common = slope + falloff.common_bfactor(geo, bands, fit.reference, found.noise)
    return falloff.spread(fit.bfactor + common, found, grid, mask), falloff.spread(fit.error, found, grid, mask), found


@pytest.mark.parametrize("alone,noise,slope", [(False, 0.1, 0.0), (True, 0.1, 70.0), (False, 0.0, 70.0)])
def test_known_fall_off(alone, noise, slope):
    halves, mask = made(noise)
    b, error, found = fitted(halves[:1] if alone else halves, mask, slope=slope)
    left, right = b[8:34, :, 18:32], b[8:34, :, 66:80]
    assert left.mean() == pytest.approx(40, abs=6) and right.mean() == pytest.approx(70, abs=6)
    assert found.noise_known and np.all(b[50:] == 0)
    assert left.std() < 2.5 * error[8:34, :, 18:32].mean()


def test_noise_that_is_not_taken_off_would_bias():
    """The fall-off of a map with as much noise, all of it taken for signal."""
    halves, mask = made(0.1)
    full = np.ones_like(mask)
    biased, _, found = fitted(halves[:1], full)
    assert not found.noise_known and biased[8:34, :, 66:80].mean() < 60


def test_the_mean_over_a_band():
    geo = fourier.geometry((64, 64, 64))
    bands = falloff.make_bands(geo, 10, 2.5, 8, np.ones(geo.n_shells))
    logs, counts = falloff.table(geo, bands)
    zero = np.flatnonzero(falloff._GRID == 0)[0]
    assert np.all(abs(logs[:, zero]) < 1e-12) and np.all(np.diff(logs[3]) < 0) and np.all(np.diff(counts) > 0)


def test_share_of_a_mask():
    mask = np.zeros((32, 32, 32), np.float32)
    mask[:, :, :16] = 1
    grid = local.points(mask.shape, (1, 1, 1), 3.0)
    part = falloff.share(mask, grid)
    at = np.arange(grid.shape[2]) * 32 / grid.shape[2]
    assert part[:, :, np.argmin(abs(at - 8))].min() > 0.95 and part[:, :, np.argmin(abs(at - 24))].max() < 0.05


def test_fine_voxels_do_not_overflow():
    import warnings
    geo = fourier.geometry((128, 128, 128), (0.5, 0.5, 0.5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        logs, counts = falloff.table(geo, falloff.Bands(np.array([20.0, 40.0, 60.0]), 4.0, np.ones(65)))
    assert np.isfinite(logs).all() and (np.diff(logs, axis=1) < 0).all() and (counts > 0).all()
