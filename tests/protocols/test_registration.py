"""What Scipion sees of the plugin: protocols, viewers, logo, citations, tree, forms."""
from __future__ import annotations

import configparser
import json
import os

import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from pwem import Domain  # noqa: E402
from pwem.protocols import EMProtocol  # noqa: E402

import cryoqa_plugin  # noqa: E402
from cryoqa_plugin.params import specs  # noqa: E402
from cryoqa_plugin.registry import CAPABILITIES, resolve  # noqa: E402

pytestmark = pytest.mark.scipion


@pytest.mark.parametrize("row", CAPABILITIES, ids=lambda r: r.id)
def test_scipion_finds_the_protocol_and_its_viewer(row):
    cls, viewer = resolve(row.protocol), resolve(row.viewer)
    assert Domain.getProtocols()[cls.__name__] is cls
    assert Domain.getViewers()[viewer.__name__] is viewer
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

    names = {resolve(row.protocol).__name__ for row in CAPABILITIES} | {"CryoqaProtValidate"}
    for tree in trees.values():
        assert set(leaves(tree)) == names


@pytest.mark.parametrize("row", CAPABILITIES, ids=lambda r: r.id)
def test_the_form_offers_every_parameter_and_gives_back_its_default(row):
    from cryoqa_plugin.protocols import forms
    cls, params_class = resolve(row.protocol), resolve(row.params)
    protocol = cls()
    for spec in specs(params_class):
        assert not hasattr(EMProtocol, spec.name), f"{spec.name} is a name of Scipion's"
        shown = protocol.getParam(spec.name)
        assert shown is not None and spec.help[:20] in shown.help.get()
    skip = cls._skip
    defaults = {s.name: s.default for s in specs(params_class) if s.name not in skip}
    assert forms.values_of(protocol, params_class, skip) == pytest.approx(defaults)


def test_conditions_hide_and_show(workshop):
    from cryoqa_plugin.protocols import CryoqaProtCreateMask
    protocol = workshop.make(CryoqaProtCreateMask)
    assert protocol.evalParamCondition("lowpass")                      # from the data may be relion
    words = protocol.getParam("method").choices
    protocol.method.set(words.index("model"))
    assert protocol.evalParamCondition("radius") and not protocol.evalParamCondition("lowpass")
