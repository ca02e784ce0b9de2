"""Documents of cryoqa that are damaged, or none, are told from those that can be read again."""
from __future__ import annotations

import json
import random

import pytest

import cryoqa_plugin
from cryoqa_plugin import runner
from cryoqa_plugin.errors import CryoqaError, FormatError
from cryoqa_plugin.io.documents import read_document
from cryoqa_plugin.report.assemble import read_results


@pytest.fixture(scope="module")
def folder(tiny_halves, tmp_path_factory):
    """A folder with the result of map info on two half-maps."""
    out = tmp_path_factory.mktemp("result")
    runner.execute("map_info", {k: tiny_halves["paths"][k] for k in ("full_map", "half1", "half2")}, None, str(out))
    return out


def _damaged(text, rng):
    """A document after one damage: cut, a letter changed, a block taken away, or a value of another kind in its place."""
    kind = rng.choice(["cut", "letter", "leave", "other"])
    at = rng.randrange(len(text))
    if kind == "cut":
        return text[:at]
    if kind == "letter":
        return text[:at] + rng.choice("{}[]\",:0\x00é") + text[at + 1:]
    document = json.loads(text)
    block = document
    for _ in range(rng.randrange(3)):
        inside = [v for v in block.values() if isinstance(v, dict) and v]
        block = rng.choice(inside) if inside else block
    name = rng.choice(sorted(block))
    if kind == "leave":
        del block[name]
    else:
        block[name] = rng.choice([None, 7, "text", [], {}, [1, 2], {"a": 1}])
    return json.dumps(document)


def test_a_whole_document_is_read(folder):
    document = read_document(str(folder / "result.json"))
    assert document["capability"] == "map_info" and read_results(str(folder)).documents["map_info"]["title"] == document["title"]


def test_a_damaged_document_is_read_or_one_sentence(folder, tmp_path):
    text, rng, said = (folder / "result.json").read_text(encoding="utf-8"), random.Random(6), 0
    path = tmp_path / "result.json"
    for number in range(200):
        path.write_text(_damaged(text, rng), encoding="utf-8")
        try:
            assert isinstance(read_document(str(path)), dict)
        except FormatError as error:
            said += 1
            assert str(path) in str(error) and "\n" not in str(error), number
    assert said > 100


@pytest.mark.parametrize("content, words", [
    (b"{", "cannot be read"), (b"[]", "not a document of cryoqa"), (b"nan", "cannot be read"), (b"\xff\xfe", "no text in UTF-8"),
    (b'{"capability": "fsc"}', "its title"), (100000 * b"[", "nested too deeply"), (b"3", "not a document")])
def test_what_is_no_document_is_one_sentence_for_all_who_read_it(content, words, tmp_path):
    (tmp_path / "result.json").write_bytes(content)
    for read in (read_results, cryoqa_plugin.load):
        with pytest.raises(CryoqaError, match=words) as caught:
            read(str(tmp_path))
        assert "run the capability again" in str(caught.value)
