"""The scripts that complete commands, run by the shells themselves where they are installed."""
from __future__ import annotations

import shutil
import subprocess

import pytest

from cryoqa_plugin import cli
from cryoqa_plugin.cli.commands import all_commands


def _script(shell, tmp_path, capsys):
    assert cli.main(["completion", shell]) == 0
    path = tmp_path / f"cryoqa.{shell}"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    return path


def _shell(*command):
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "maps here").mkdir()
    for name in ("half1.mrc", "half2.mrc"):
        (tmp_path / "maps here" / name).write_text("")
    return tmp_path


def _bash(path, *words):
    lines = ["source " + str(path), "compopt() { :; }", "COMP_WORDS=(" + " ".join(f"'{w}'" for w in words) + ")",
             f"COMP_CWORD={len(words) - 1}", "_cryoqa", "printf '%s\\n' \"${COMPREPLY[@]}\""]
    return [line for line in _shell("bash", "--norc", "-c", "\n".join(lines)).splitlines() if line]


def test_bash_completes_commands_options_choices_and_files(tmp_path, folder, capsys):
    path = _script("bash", tmp_path, capsys)
    assert _bash(path, "cryoqa", "fs") == ["fsc", "fsc-q"]
    assert {c.name for c in all_commands()} <= set(_bash(path, "cryoqa", ""))
    assert _bash(path, "cryoqa", "fsc", "--ha") == ["--half1", "--half2"]
    assert _bash(path, "cryoqa", "fsc", "--rules", "") == ["cryoqa", "relion", "cryosparc"]
    assert _bash(path, "cryoqa", "fsc", "--fail-on", "w") == ["warn"]
    assert _bash(path, "cryoqa", "fsc", "--threshold", "") == []
    start = str(folder / "maps here" / "ha")
    assert sorted(_bash(path, "cryoqa", "fsc", "--half1", start)) == [start + "lf1.mrc", start + "lf2.mrc"]
    assert _bash(path, "cryoqa", "assess", "-o", str(folder / "ma")) == [str(folder / "maps here")]
    assert _bash(path, "cryoqa", "info", "mt") == ["mtriage"] and _bash(path, "cryoqa", "completion", "") == ["bash", "zsh", "fish"]
    for command in all_commands():
        options = _bash(path, "cryoqa", command.name, "--")
        assert "--help" in options and all(o.startswith("--") for o in options)


def test_fish_completes_commands_options_choices_and_files(tmp_path, folder, capsys):
    path = _script("fish", tmp_path, capsys)
    asked = ["cryoqa fs", "cryoqa fsc --ha", "cryoqa fsc --rules re", f"cryoqa fsc --half1 '{folder}/maps here/ha", "cryoqa completion z"]
    out = _shell("fish", "--no-config", "-c", f"source {path}\n" + "\n".join(f'complete -C "{line}"; echo ====' for line in asked))
    found = [sorted(line.split("\t")[0] for line in block.splitlines()) for block in out.split("====\n")[:-1]]
    assert found[:3] == [["fsc", "fsc-q"], ["--half1", "--half2"], ["relion"]] and found[4] == ["zsh"]
    assert [name.rpartition("/")[2] for name in found[3]] == ["half1.mrc", "half2.mrc"]


def test_zsh_takes_the_script(tmp_path, capsys):
    path = _script("zsh", tmp_path, capsys)
    _shell("zsh", "-n", str(path))
    assert _shell("zsh", "-fc", f"autoload -U compinit; compinit -u -D; source {path}; print ${{_comps[cryoqa]}}").strip() == "_cryoqa"
    text = path.read_text(encoding="utf-8")
    for command in all_commands():
        assert f"        {command.name}) _arguments" in text and f"'{command.name}:" in text


ZSH = r"""
zmodload zsh/zpty
zpty -b z zsh -f -i
hear() { local all= part=; while zpty -rt z part; do all+=$part; done; print -r -- "$all"; }
zpty -w z 'PS1="> "; autoload -U compinit; compinit -u -D; source SCRIPT; setopt no_beep'
sleep 3; hear > /dev/null
for line in "cryoqa direc" "cryoqa fsc --thresh" "cryoqa fsc --rules rel" "cryoqa info mtr"; do
    zpty -w -n z "$line"$'\t'; sleep 2; hear; zpty -w -n z $'\x15'; sleep 0.5; hear > /dev/null
done
zpty -d z
"""


@pytest.mark.heavy
def test_zsh_completes_as_if_typed(tmp_path, capsys):
    """A terminal of zsh's own, into which lines and a tab are typed."""
    path = _script("zsh", tmp_path, capsys)
    script = tmp_path / "typed.zsh"
    script.write_text(ZSH.replace("SCRIPT", str(path)), encoding="utf-8")
    out = _shell("zsh", "-f", str(script))
    for words in ("cryoqa directional-fsc", "cryoqa fsc --threshold", "cryoqa fsc --rules relion", "cryoqa info mtriage"):
        assert words in out
