"""One rounding of all numbers that are shown."""
from __future__ import annotations

import pytest

from cryoqa_plugin.rounding import read_number, show_error, show_limit, show_value


@pytest.mark.parametrize("value, unit, shown", [
    (2.6649, "Å", "2.66 Å"), (2.7, "Å", "2.70 Å"), (362.118, "Å", "362.12 Å"), (0.0031, "Å", "0.0031 Å"), (15, "Å", "15 Å"),
    (-185.6, "Å²", "−186 Å²"), (186.4, "Å²", "186 Å²"), (-0.0191, "Å²", "−0.019 Å²"), (0.3, "Å²", "0.30 Å²"),
    (177522.0, "Å³", "178 nm³"), (12345.0, "Å³", "12.3 nm³"), (1000.0, "Å³", "1 nm³"), (999.4, "Å³", "999 Å³"),
    (147.3, "kDa", "147 kDa"), (1471.3, "kDa", "1\u202f471 kDa"),
    (0.625, "%", "0.6 %"), (12.74, "%", "12.7 %"), (84.3, "%", "84 %"), (99.8, "%", "99.8 %"), (99.97, "%", "> 99.9 %"), (100.0, "%",
                                                                                                                          "100 %"),
    (99.2, "%", "99.2 %"), (5.6e-05, "%", "< 0.1 %"), (0.0, "%", "0 %"), (5.0, "%", "5 %"), (5.02, "%", "5.0 %"),
    (0.779, "", "0.78"), (0.9963, "", "0.996"), (0.9997, "", "0.9997"), (0.99999, "", "> 0.9999"), (1.0, "", "1"), (0.0257, "", "0.026"),
    (0.00311, "voxels", "0.0031 voxels"), (9.5e-4, "", "9.5×10⁻⁴"), (-6.1e-4, "", "−6.1×10⁻⁴"), (4.2e-18, "", "4.2×10⁻¹⁸"),
    (1e-4, "", "1×10⁻⁴"), (0.0, "", "0"), (-0.0, "", "0"), (1.042, "", "1.04"), (38.27, "", "38.3"), (1074.3, "", "1\u202f074"),
    (3775687, "voxels", "3\u202f775\u202f687 voxels"), (2.3456e9, "", "2.3×10⁹"), (5.3842, "SD", "5.38 σ"), (12.34, "degrees", "12.3°"),
    (True, "", "yes"), (False, "", "no"), ("none", "", "none"), (None, "Å", "–"), (float("inf"), "Å", "∞ Å")])
def test_values(value, unit, shown):
    assert show_value(value, unit) == shown


@pytest.mark.parametrize("value, error, unit, shown", [
    (185.6, 2.8, "Å²", "186 ± 3 Å²"), (-2.2e-4, 7.7e-4, "", "−0.0002 ± 0.0008"), (2.664, 0.0096, "Å", "2.66 ± 0.01 Å"),
    (1234.0, 96.0, "", "1\u202f200 ± 100"), (3.0, None, "Å", "3.00 Å"), (3.0, 0.0, "Å", "3.00 Å"), (7.0, 0.3, "", "7.0 ± 0.3")])
def test_errors_have_one_digit(value, error, unit, shown):
    assert show_error(value, error, unit) == shown


def test_limits_stay_as_they_were_set():
    assert [show_limit(*v) for v in ((20.0, "%"), (0.005, ""), (-30.0, "Å²"), (4000.0, ""), (5, ""), (True, ""), ("none", ""), (1e-5,
                                                                                                                                ""))] \
        == ["20 %", "0.005", "−30 Å²", "4\u202f000", "5", "yes", "none", "1×10⁻⁵"]


def test_more_decimals_on_request():
    assert show_value(0.1003, "") == "0.10" and show_value(0.1003, "", 2) == "0.1003"
    assert show_value(20.04, "%", 2) == "20.04 %" and show_value(3.0004, "Å", 2) == "3.0004 Å"


def test_shown_numbers_are_read_back():
    assert [read_number(show_value(*v)) for v in ((2.664, "Å"), (-185.6, "Å²"), (1074.3, ""), (0, "voxels"), (1e-5, ""), (99.99, "%"),
                                                  (None, ""))] \
        == [2.66, -186.0, 1074.0, 0.0, None, None, None]
