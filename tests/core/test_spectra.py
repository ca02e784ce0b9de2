import numpy as np
import pytest

import naive_spectra as naive
from cryoqa_plugin.core import fourier, spectra
from cryoqa_plugin.core.shells import CrossSums

SHAPES = [(8, 8, 8), (9, 9, 9), (7, 10, 12), (12, 9, 5)]


def _pair(shape, seed=0):
    rng = np.random.default_rng(seed)
    return [fourier.forward(rng.standard_normal(shape).astype(np.float32)) for _ in range(2)]


def _made(cross, power1, power2, step=0.001, count=None):
    n = len(cross)
    parts = [np.asarray(v, float) for v in (cross, power1, power2)]
    sums = CrossSums(*parts, np.full(n, 50.0) if count is None else count)
    zero = np.zeros(n)
    return spectra.Spectra((np.arange(n) + 0.5) * step, step, sums, CrossSums(zero, zero, zero, zero))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("voxel", [(1.0, 1.0, 1.0), (1.1, 0.9, 1.3)])
def test_sums_equal_the_naive_ones(shape, voxel):
    f1, f2 = _pair(shape)
    geo = fourier.geometry(shape, voxel)
    found = spectra.spectra(f1, f2, geo)
    wanted = naive.fine_sums(f1, f2, shape, geo.steps, spectra.BINS_PER_SHELL)
    for a, b in zip(found.sums, wanted):
        m = min(a.size, b.size)
        assert np.allclose(np.cumsum(a)[:m], np.cumsum(b)[:m], rtol=1e-5, atol=1e-3)
        assert not a[m:].any() and not b[m:].any()
    assert found.sums.count.sum() == naive.weights(shape).sum()


@pytest.mark.parametrize("shape", SHAPES)
def test_plane_is_that_of_kz_0(shape):
    f1, f2 = _pair(shape)
    only = np.zeros_like(f1)
    only[0] = f1[0]
    geo = fourier.geometry(shape)
    assert np.allclose(spectra.spectra(f1, f2, geo).plane.power1, spectra.spectra(only, f2, geo).sums.power1)


def test_limits_empty_the_other_bins():
    f1, f2 = _pair((16, 16, 16))
    found = spectra.spectra(f1, f2, fourier.geometry((16,) * 3, (1.5,) * 3), lowest=12.0, highest=4.0)
    used = found.sums.count > 0
    assert found.freq[used].min() >= 1 / 12 and found.freq[used].max() <= 1 / 4
    assert not found.plane.count[~used].any()


def test_mean_of_is_the_transform_of_the_mean():
    f1, f2 = _pair((9, 12, 10))
    geo = fourier.geometry((9, 12, 10))
    mean = (f1 + f2) / 2
    wanted, found = spectra.spectra(mean, mean, geo), spectra.mean_of(spectra.spectra(f1, f2, geo))
    assert np.allclose(found.sums.power1, wanted.sums.power1, rtol=1e-4, atol=1e-2)
    assert np.allclose(found.plane.power1, wanted.plane.power1, rtol=1e-4, atol=1e-2)


def _smooth_map(n=24, sigma=1.6, seed=3):
    rng = np.random.default_rng(seed)
    s2 = sum(np.meshgrid(*[np.fft.fftfreq(n) ** 2] * 3, indexing="ij"))
    f = np.fft.fftn(rng.standard_normal((n,) * 3)) * np.exp(-2 * (np.pi * sigma) ** 2 * s2)
    for axis in range(3):                                    # the Nyquist planes take no part
        np.moveaxis(f, axis, 0)[n // 2] = 0
    return np.fft.ifftn(f).real.astype(np.float32)


def test_d99_keeps_a_correlation_of_99_percent():
    data = _smooth_map()
    f = fourier.forward(data)
    found = spectra.spectra(f, f, fourier.geometry(data.shape, (1.5,) * 3))
    d = spectra.d99(found)
    assert naive.correlation_with_cut(data, 1.5, d * 0.99) >= 0.99 >= naive.correlation_with_cut(data, 1.5, d * 1.01)
    assert spectra.d99(found, 2) == d
    assert d * 0.8 < spectra.d99(found, phenix_counting=True) < d


def test_d99_of_nothing_is_nan():
    assert np.isnan(spectra.d99(_made(np.zeros(50), np.zeros(50), np.zeros(50))))


def test_shell_curve_is_the_fsc_of_nearest_integer_shells():
    shape = (12, 12, 12)
    f1, f2 = _pair(shape)
    freq, curve = spectra.shell_curve(spectra.spectra(f1, f2, fourier.geometry(shape, (2.0,) * 3)))
    radius = np.rint(np.sqrt(sum(k ** 2 for k in naive.indices(shape)))).astype(int)
    w = naive.weights(shape)
    for shell in (1, 3, 5):
        pick = radius == shell
        a, b = f1[pick].astype(complex), f2[pick].astype(complex)
        wanted = (w[pick] * (np.conj(a) * b).real).sum() / np.sqrt((w[pick] * abs(a) ** 2).sum() * (w[pick] * abs(b) ** 2).sum())
        assert np.isclose(curve[np.argmin(abs(freq - shell / 24))], wanted, atol=1e-5)


def test_smooth_curve_leaves_a_parabola_alone():
    n = 4000
    s = (np.arange(n) + 0.5) * 0.001
    wanted = 1 - 0.1 * s - 0.03 * s ** 2
    freq, curve = spectra.smooth_curve(_made(wanted, np.ones(n), np.ones(n), count=np.linspace(1, 9, n)))
    assert np.allclose(curve, 1 - 0.1 * freq - 0.03 * freq ** 2, atol=1e-4)


def test_fine_curve_takes_runs_of_500():
    n = 3000
    s = (np.arange(n) + 0.5) * 0.001
    freq, curve = spectra.fine_curve(_made(1 - 0.2 * s, np.ones(n), np.ones(n)))
    assert freq.size == n * 50 // 500
    assert np.allclose(curve, 1 - 0.2 * freq, atol=1e-4)


def test_empty_bins_take_no_part_in_curves():
    n = 2000
    power = np.where(np.arange(n) < 1500, 1.0, 0.0)
    made = _made(power, power, power)
    for freq, curve in (spectra.smooth_curve(made), spectra.fine_curve(made)):
        assert freq.max() <= 1.5 and np.allclose(curve, 1)


def test_crossing_between_points():
    assert spectra.crossing(np.array([0.1, 0.2, 0.3]), np.array([0.9, 0.4, 0.2]), 0.3) == (pytest.approx(1 / 0.25), 1)


def test_crossing_passes_over_a_dip():
    freq = np.arange(1, 101) / 200
    curve = np.where(freq < 0.3, 0.9, 0.0)
    curve[10:13] = 0.1
    d, falls = spectra.crossing(freq, curve, 0.143)
    assert falls == 2 and d == pytest.approx(1 / 0.3, abs=0.06)


def test_crossing_passes_over_a_bump_in_the_noise():
    freq = np.arange(1, 101) / 200
    curve = np.where(freq < 0.3, 0.9, 0.0)
    curve[80:84] = 0.3
    assert spectra.crossing(freq, curve, 0.143)[0] == pytest.approx(1 / 0.3, abs=0.06)


def test_crossing_of_zero_is_the_first():
    freq = np.arange(1, 101) / 200
    curve = np.cos(np.arange(100) / 5)
    assert spectra.crossing(freq, curve, 0.0)[0] == pytest.approx(1 / (freq[0] + 5 * np.pi / 2 / 200), rel=1e-3)


@pytest.mark.parametrize("value", [0.9, 0.1])
def test_no_crossing_is_nan(value):
    d, falls = spectra.crossing(np.arange(1, 20) / 40, np.full(19, value), 0.143)
    assert np.isnan(d) and falls == 0


def _fall(freq, b):
    return np.exp(-b * freq ** 2 / 4)


@pytest.mark.parametrize("b", [-80.0, 12.3, 140.0, 700.0])
def test_fit_finds_b_and_cut(b):
    freq = (np.arange(500) + 0.5) * 0.001
    model = 1e3 * freq ** 2 * np.exp(-3 * freq)
    inside = freq < 1 / 2.5
    signal = np.where(inside, _fall(freq, b), 0)
    spectrum = _made(model * signal, model * signal ** 2, model)
    fit = spectra.fit_model(spectrum, 2.5)
    assert fit.b_iso == pytest.approx(b, abs=0.5)
    assert fit.d_model == pytest.approx(2.5, rel=0.05 if b < 500 else 0.3)
    assert fit.correlation == pytest.approx(1, abs=1e-3)


def test_fit_is_the_maximum_of_the_correlation():
    rng = np.random.default_rng(5)
    freq = (np.arange(300) + 0.5) * 0.001
    cross, p1, p2 = rng.normal(0.5, 1, 300) * _fall(freq, 90), rng.uniform(1, 2, 300) * _fall(freq, 60), rng.uniform(1, 2, 300)
    fit = spectra.fit_model(_made(cross, p1, p2), float("nan"))

    def cc(n, b):
        return (cross * _fall(freq, b))[:n].sum() / np.sqrt(p1.sum() * (p2 * _fall(freq, 2 * b))[:n].sum())

    for d, b in ((fit.d_model_b0, 0.0), (fit.d_model, fit.b_iso)):
        values = [cc(n, b) for n in range(1, 301)]
        assert d == pytest.approx(1 / (0.001 * (1 + np.argmax(values))))
    assert fit.correlation == pytest.approx(max(values))


def test_fit_stops_at_the_cut_given():
    freq = (np.arange(500) + 0.5) * 0.001
    ones = np.ones(500)
    fit = spectra.fit_model(_made(ones * _fall(freq, 50), ones * _fall(freq, 100), ones), 4.0)
    assert fit.d_model >= 4.0 > fit.d_model_b0 * 0.9


@pytest.mark.parametrize("cross", [-1.0, 0.0])
def test_no_fit_without_correlation(cross):
    assert spectra.fit_model(_made(np.full(100, cross), np.ones(100), np.ones(100)), float("nan")) is None


def test_a_dip_that_comes_back_for_good_does_not_count_by_coefficients():
    freq = np.linspace(0.002, 0.4, 400)
    curve = np.where(freq < 1 / 60, 0.95, np.where(freq < 1 / 8.2, 0.3, np.where(freq < 1 / 4.4, 0.7, 0.1)))
    by_points, falls = spectra.crossing(freq, curve, 0.5)
    by_coefficients, _ = spectra.crossing(freq, curve, 0.5, weight=freq ** 2)
    assert falls == 2 and by_points == pytest.approx(60, rel=0.05) and by_coefficients == pytest.approx(4.4, rel=0.02)
    # A short return at the end is noise, and does not count either.
    noisy = np.where(freq > 0.39, 0.6, np.where(freq < 1 / 4.4, 0.9, 0.1))
    assert spectra.crossing(freq, noisy, 0.5, weight=freq ** 2)[0] == pytest.approx(4.4, rel=0.02)
