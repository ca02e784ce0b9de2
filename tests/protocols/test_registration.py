"""What Scipion sees of the plugin: protocols, viewers, logo, citations, tree, forms."""
from __future__ import annotations

import configparser
import inspect
import json
import os
import re

import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from pwem import Domain  # noqa: E402
from pwem.protocols import EMProtocol  # noqa: E402

import cryoqa_plugin  # noqa: E402
from cryoqa_plugin import protocols, results, viewers  # noqa: E402
from cryoqa_plugin.params import specs  # noqa: E402
from cryoqa_plugin.protocols import forms  # noqa: E402
from cryoqa_plugin.registry import CAPABILITIES, resolve  # noqa: E402

pytestmark = pytest.mark.scipion

BY_CAPABILITY = {cls._capability: cls for name, cls in vars(protocols).items()
                 if name.startswith("CryoqaProt") and name != "CryoqaProtValidate"}
ROWS = pytest.mark.parametrize("row", CAPABILITIES, ids=lambda row: row.id)


@ROWS
def test_scipion_finds_the_protocol_and_its_viewer(row):
    cls = BY_CAPABILITY[row.id]
    assert Domain.getProtocols()[cls.__name__] is cls
    assert viewers.CryoqaProtocolViewer in Domain.findViewers(cls.__name__, "tkinter")
    assert cls._capability == row.id and "_label" in cls.__dict__ and cls.__doc__
    assert cls.getClassPackage().__name__ == "cryoqa_plugin"


def test_plugin():
    plugin = cryoqa_plugin.Plugin()
    assert plugin.getName() == "cryoqa_plugin"
    folder = plugin.getPath()
    for name in (cryoqa_plugin._logo, "protocols.conf"):
        assert os.path.isfile(os.path.join(folder, name))
    from cryoqa_plugin import bibtex
    for row in CAPABILITIES:
        for key in row.references:
            assert "{" + key + "," in bibtex.__doc__


def test_every_protocol_stands_in_the_tree():
    parser = configparser.ConfigParser()
    parser.optionxform = str
    parser.read(os.path.join(cryoqa_plugin.Plugin().getPath(), "protocols.conf"))
    trees = {name: json.loads(text) for name, text in parser["PROTOCOLS"].items()}
    assert set(trees) == {"Protocols SPA", "CryoQA"}

    def leaves(nodes):
        for node in nodes:
            if node["tag"] == "protocol":
                yield node["value"]
            yield from leaves(node.get("children", ()))

    names = {cls.__name__ for cls in BY_CAPABILITY.values()} | {"CryoqaProtValidate"}
    assert set(BY_CAPABILITY) == {row.id for row in CAPABILITIES}
    for tree in trees.values():
        assert set(leaves(tree)) == names


@ROWS
def test_the_form_offers_every_parameter_and_gives_back_its_default(row):
    cls = BY_CAPABILITY[row.id]
    protocol, params_class = cls(), cls._params_class()
    for spec in specs(params_class):
        assert not hasattr(EMProtocol, spec.name), f"{spec.name} is a name of Scipion's"
        shown = protocol.getParam(spec.name)
        assert shown is not None and spec.help[:20] in shown.help.get()
    defaults = {s.name: s.default for s in specs(params_class) if s.name not in cls._skip}
    assert forms.values_of(protocol, params_class, cls._skip) == pytest.approx(defaults)


@ROWS
def test_the_protocol_shows_and_registers_what_the_result_has(row):
    cls, result = BY_CAPABILITY[row.id], resolve(row.result)
    assert set(cls._shown) <= set(results.declared(result, "metric"))
    assert set(re.findall(r'_register_map\("(\w+)"', inspect.getsource(cls))) <= set(results.declared(result, "map"))


def test_conditions_hide_and_show(workshop):
    protocol = workshop.make(BY_CAPABILITY["mask"])
    assert protocol.evalParamCondition("lowpass")                      # from the data may be relion
    words = protocol.getParam("method").choices
    protocol.method.set(words.index("model"))
    assert protocol.evalParamCondition("radius") and not protocol.evalParamCondition("lowpass")
