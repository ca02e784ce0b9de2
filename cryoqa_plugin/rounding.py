"""One rounding for every number that is shown: in checks, summaries, reports and tables.

====================== ===========================================================================
Quantity               Shown to
====================== ===========================================================================
Length in Å            0.01; whole ones from 10 Å on without decimals
B-factor in Å²         1
Mass in kDa            1
Volume                 three digits; in nm³ from 1,000 Å³
Share in %             one decimal at most; never 100 % for less, never 0 % for more
Correlation, FSC       0.01; 0.001 above 0.99; never 1 for less
Count                  1, with a narrow space at the thousands
Below 0.001            two digits and a power of ten
Error                  one digit, and its value to the same place
====================== ===========================================================================
"""
from __future__ import annotations

import math
import re
from typing import Any, Optional

_SPACE = "\u202f"                                # narrow, and no place to break a line
_MINUS = "\u2212"
_RAISED = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
_UNITS = {"SD": "σ", "sd": "σ", "degrees": "°", "degree": "°"}
_PLACES = {"Å": 2, "Å²": 0, "kDa": 0, "°": 1, "MDa": 2}
_NM3 = 1000.0                                    # Å³


def show_value(value: Any, unit: str = "", more: int = 0) -> str:
    """A value as it is shown to a reader, rounded, with its unit.

    Parameters
    ----------
    value
        A number, truth, text or None.
    unit
        Its unit, as in result documents: ``Å``, ``Å²``, ``Å³``, ``kDa``, ``%``, ``voxels``, ``SD`` or another; empty for none.
    more
        Decimals beyond the usual ones.

    Returns
    -------
    str
        For example ``2.66 Å``, ``186 Å²``, ``178 nm³``, ``99.8 %``, ``9.5×10⁻⁴``; ``yes``, ``no``; a dash for None.
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, (int, float)):
        return str(value)
    if unit == "Å³" and abs(value) >= _NM3:
        value, unit = value / _NM3, "nm³"
    unit = _UNITS.get(unit, unit)
    if not math.isfinite(value):
        return _with_unit("∞" if value > 0 else _MINUS + "∞" if value < 0 else "not a number", unit)
    return _with_unit(_percent(float(value), more) if unit == "%" else _number(value, unit, more), unit)


def show_error(value: float, error: Optional[float], unit: str = "") -> str:
    """A value with its standard error: the error to one digit, the value to the same place.

    Parameters
    ----------
    value
        A number.
    error
        Its standard error; without one the value stands alone.
    unit
        The unit of both.

    Returns
    -------
    str
        For example ``186 ± 3 Å²``.
    """
    if not error or not (math.isfinite(error) and math.isfinite(value)):
        return show_value(value, unit)
    error = abs(error)
    place = -math.floor(math.log10(error))
    if round(error, place) >= 10.0 ** (1 - place):                               # 0.96 is 1
        place -= 1
    return _with_unit(f"{_fixed(value, place)} ± {_fixed(error, place)}", _UNITS.get(unit, unit))


def show_limit(value: Any, unit: str = "") -> str:
    """A limit as it was set, with its unit: it is a round number, and stays as it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return show_value(value)
    text = f"{value:.6g}".replace("-", _MINUS) if abs(value) < 1000 and "e" not in f"{value:.6g}" else show_value(value)
    return _with_unit(text, _UNITS.get(unit, unit))


class Shown:
    """A value that is put into words: rounded with its unit, unless the words ask for another form.

    Parameters
    ----------
    value
        A number, truth or text; formatting None raises ``TypeError``.
    unit
        Its unit.

    Notes
    -----
    In a format string ``{x}`` is :func:`show_value`, ``{x:share}`` a part of 1 in %, ``{x:coarser}`` a difference of resolution as
    ``12.7 % coarser`` or ``finer``, any other form that of Python.
    """

    def __init__(self, value: Any, unit: str = "") -> None:
        self.value, self.unit = value, unit

    def __format__(self, form: str) -> str:
        if self.value is None:
            raise TypeError("there is no value")
        if form == "share":
            return show_value(100.0 * self.value, "%")
        if form == "coarser":
            return f"{show_value(abs(self.value), self.unit)} {'coarser' if self.value > 0 else 'finer'}"
        return format(self.value, form) if form else show_value(self.value, self.unit)


def read_number(text: str) -> Optional[float]:
    """The number that a shown value begins with, as a reader takes it; None where there is none or a bound."""
    found = re.match(f"[{_MINUS}]?[\\d{_SPACE}]+(\\.\\d+)?(?!×|[\\d.{_SPACE}])", text)
    return float(found[0].replace(_MINUS, "-").replace(_SPACE, "")) if found else None


def _with_unit(text: str, unit: str) -> str:
    return text + unit if unit == "°" else f"{text} {unit}" if unit else text


def _number(value: float, unit: str, more: int) -> str:
    size = abs(value)
    if size == 0 or isinstance(value, int):
        return _fixed(value, 0)
    if size >= 1e7:
        return _power(value)
    if unit == "Å" and size >= 10 and value == round(value):  # so many voxels of 1 Å, or as it was set
        return _fixed(value, 0)
    places = _PLACES.get(unit)
    if places is not None and round(size, places) > 0 and (places or size >= 1):
        return _fixed(value, places + more)
    if size < 1e-3:
        return _power(value)
    if value == round(value):
        return _fixed(value, 0)
    if not unit and 0.99 < size < 1:
        return _below_one(value, more)
    return _fixed(value, (0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.0995 else 1 - math.floor(math.log10(size))) + more)


def _below_one(value: float, more: int) -> str:
    """A correlation above 0.99: as many digits as keep it below 1, four at most."""
    places = next((p for p in (3 + more, 4 + more) if round(abs(value), p) < 1), None)
    if places is None:
        return ("> " if value > 0 else "< " + _MINUS) + "0.9999"
    return _fixed(value, places)


def _percent(value: float, more: int) -> str:
    size = abs(value)
    if value == round(value):
        return _fixed(value, 0)
    places = more + (1 if size < 20 or 99 < size < 100 else 0)
    least = 10.0 ** -places
    if size < 0.5 * least:
        return f"< {least:.{places}f}" if value > 0 else f"> {_MINUS}{least:.{places}f}"
    if 0 < 100 - size <= 0.5 * least:
        return f"> {100 - least:.{places}f}" if value > 0 else f"< {_MINUS}{100 - least:.{places}f}"
    return _fixed(value, places)


def _fixed(value: float, places: int) -> str:
    text = f"{round(value, places):,.{max(places, 0)}f}".replace(",", _SPACE)
    return text.replace("-", _MINUS) if float(f"{value:.{max(places, 0)}f}") or places < 0 else text.replace("-", "")


def _power(value: float) -> str:
    digits, exponent = f"{value:.1e}".split("e")
    digits = digits[:-2] if digits.endswith(".0") else digits
    return f"{digits.replace('-', _MINUS)}×10{str(int(exponent)).translate(_RAISED)}"
