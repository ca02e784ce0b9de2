"""Parameters: declaration, conversion from text, and the sentence for each thing that can be wrong."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import pytest

from cryoqa_plugin import params
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.params import param


@dataclass(frozen=True)
class Params:
    width: float = param(6.0, "Width of the edge.", label="Width", unit="Å", min=0, max=50)
    count: int = param(3, "How many.", label="Count", min=1)
    method: str = param("soft", "Kind of mask.", label="Method", choices=("soft", "hard"))
    invert: bool = param(False, "Turn it inside out.", label="Invert", expert=True, only_if=("method", ["soft"]))
    radius: Optional[float] = param(None, "Radius; from the data when left out.", label="Radius", unit="Å", min=1)


def test_specs_hold_what_was_declared():
    specs = {s.name: s for s in params.specs(Params)}
    assert list(specs) == ["width", "count", "method", "invert", "radius"]
    width = specs["width"]
    assert (width.type, width.optional, width.default, width.unit, width.min, width.max) == (float, False, 6.0, "Å", 0, 50)
    assert specs["radius"].optional and specs["radius"].type is float and specs["radius"].default is None
    assert specs["method"].choices == ("soft", "hard")
    assert specs["invert"].expert and specs["invert"].only_if == ("method", ("soft",))


def test_the_default_is_said_in_words():
    """And not at all where the help says what an empty field means."""
    @dataclass(frozen=True)
    class Other:
        size: Optional[float] = param(None, "Size.", label="Size")

    said = {s.name: s.usual for s in params.specs(Params) + params.specs(Other)}
    assert said == {"width": "6", "count": "3", "method": "soft", "invert": "no", "radius": "", "size": "from the data"}


def test_options_are_spelt_with_hyphens():
    @dataclass(frozen=True)
    class Other:
        soft_edge_width: float = param(1.0, "Width.", label="Width")

    assert params.specs(Other)[0].option == "--soft-edge-width"


def test_build_converts_text():
    built = params.build(Params, dict(width="2.5", count="4", method="hard", invert="yes", radius=" Auto "))
    assert built == Params(2.5, 4, "hard", True, None)
    assert params.build(Params) == Params()
    assert params.build(Params, dict(count=4.0)).count == 4 and isinstance(params.build(Params, dict(count=4.0)).count, int)
    for word, value in (("No", False), ("off", False), ("1", True), ("TRUE", True)):
        assert params.build(Params, dict(invert=word)).invert is value


def test_as_dict_is_in_order_and_builds_the_same_again():
    built = params.build(Params, dict(width=3, radius=7))
    assert list(params.as_dict(built)) == ["width", "count", "method", "invert", "radius"]
    assert params.build(Params, params.as_dict(built)) == built


@pytest.mark.parametrize("values, words", [
    (dict(width=-1), ("Width", "-1 Å", "at least 0 Å")),
    (dict(width="51"), ("Width", "51 Å", "at most 50 Å")),
    (dict(width="wide"), ("Width", "'wide'", "a number")),
    (dict(width="nan"), ("Width", "nan", "finite number")),
    (dict(width="-inf"), ("Width", "-inf", "finite number")), (dict(radius="inf"), ("inf", "finite number")),
    (dict(count=float("inf")), ("inf", "whole number")),
    (dict(width="none"), ("Width",)),
    (dict(count=2.5), ("Count", "2.5", "whole number")),
    (dict(count="2.5"), ("Count", "2.5", "whole number")),
    (dict(count=0), ("Count", "0", "at least 1")),
    (dict(method="round"), ("Method", "'round'", "soft, hard")),
    (dict(invert="maybe"), ("Invert", "'maybe'", "yes or no")),
    (dict(radius=0.5), ("Radius", "0.5 Å", "at least 1 Å")),
    (dict(depth=1), ("'depth'", "width, count, method, invert, radius")),
])
def test_what_is_wrong_is_said_with_its_values(values, words):
    with pytest.raises(InputError) as caught:
        params.build(Params, values)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence
    for word in words:
        assert word in sentence


def test_problems_lists_all_of_them():
    wrong = params.problems(Params(width=-1.0, count=0, method="x", radius=None))
    assert len(wrong) == 3
    assert params.problems(Params(count=None)) == ["Count needs a value."]


def test_both_ends_of_a_range_are_allowed():
    assert params.problems(Params(width=0.0)) == params.problems(Params(width=50.0)) == []


def test_only_the_optional_may_be_none():
    with pytest.raises(InputError, match="Count needs a value"):
        params.build(Params, dict(count=None))
    assert params.build(Params, dict(radius=None)).radius is None
