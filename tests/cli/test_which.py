"""Questions as people ask them lead to the command that answers them."""
from __future__ import annotations

import re

import pytest

from cryoqa_plugin import cli
from cryoqa_plugin.cli.commands import all_commands
from cryoqa_plugin.cli.questions import QUESTIONS
from cryoqa_plugin.cli.which import find, tokens
from sources import ROOT

# Asked in other words than those of the table of questions; the first command must be this one.
ASKED = {
    "Is my map anisotropic?": "directional-fsc", "do I suffer from preferred orientation": "directional-fsc",
    "how do I sharpen a map when I have no half maps": "auto-sharpen", "what is the resolution at FSC 0.143": "fsc",
    "which regions are flexible": "locbfactor", "is the handedness correct": "hand", "what contour level should I deposit": "contour",
    "what is the pixel size of this mrc file": "map-info", "how well does the pdb fit into the density": "model-fit",
    "which residues are badly built": "model-fit", "I want to compare deepEMhancer with my postprocessed map": "compare-maps",
    "which parts of my EMReady map are hallucinated": "audit",
    "does my complex have C3 or D3 symmetry": "map-symmetry", "was C4 symmetry imposed": "map-symmetry",
    "make a soft mask": "mask", "crop my map around the model": "map-box", "superpose two maps": "map-align",
    "rotate my map onto the consensus map": "map-align", "bin my map to 2 A per pixel": "map-box",
    "resample onto the grid of another map": "map-box", "download EMD-3186": "fetch", "was this map already sharpened": "map-info",
    "process 50 maps on a cluster": "batch", "signal to noise ratio per shell": "half-map-statistics",
    "is there an unmodelled ligand": "optimal-map", "use the job folder of cryosparc": "import-job",
    "local resolution of a single map without half maps": "map-resolution", "is a subunit only partially occupied": "lococcupancy",
    "q score": "q-score", "do rotamers sit in density": "emringer", "is the sequence shifted": "side-chain-check",
    "clashscore": "model-geometry", "which residues can be trusted": "model-report",
    "can I trust this map": "assess", "why is the first run so slow": "warmup", "how many kDa": "contour",
    "my map is overfitted?": "fsc", "reviewer asks for map-model fsc": "mtriage", "local resolution": "local-fsc",
    "what do I upload to EMDB": "deposit", "tab completion for zsh": "completion", "are the views uniformly distributed": "directional-fsc"}


@pytest.mark.parametrize("question", sorted(ASKED))
def test_a_question_leads_to_its_command(question):
    found = [c.name for c in find(question)]
    assert found[0] == ASKED[question] and len(found) <= 3


def test_every_question_of_the_table_finds_its_own_command():
    names = {c.name for c in all_commands()}
    assert set(QUESTIONS) <= names and sum(len(q) for q in QUESTIONS.values()) > 80
    lost = [(q, name) for name, questions in QUESTIONS.items() for q in questions if name not in [c.name for c in find(q)]]
    assert len(lost) <= 3, lost
    for command in all_commands():                           # by its own name and title
        assert command.name in [c.name for c in find(f"{command.name} {command.title}")]


def test_words_of_one_meaning_are_one():
    assert tokens("Is the map anisotropic?") == tokens("directional") == {"direction"}
    assert tokens("b factors") == tokens("B-factor") and tokens("is it my map") == frozenset()


def test_the_answer_says_what_to_type(capsys):
    assert cli.main(["which", "is", "my", "map", "anisotropic?"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("cryoqa directional-fsc --half1 FILE --half2 FILE\n    Resolution by direction")
    assert find("is my map overfitted?")[0].name == "fsc", "the example in the help of which is no answer"
    assert cli.main(["which", "xyzzy"]) == 2
    assert "no command" in capsys.readouterr().err


def test_the_questions_of_the_docs_lead_to_the_same_commands():
    """docs/which.rst, but for lines that speak of the line before."""
    page = (ROOT / "docs" / "which.rst").read_text(encoding="utf-8")
    rows = [(q, name) for q, name in re.findall(r"^(\S.*?[?.])  +``([a-z0-9-]+)``  ", page, re.M) if not q.startswith("The same, from")]
    assert len(rows) > 30
    lost = [(q, name) for q, name in rows if name not in [c.name for c in find(q)]]
    assert not lost
