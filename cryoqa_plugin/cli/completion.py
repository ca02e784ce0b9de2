"""``cryoqa completion``: the script by which bash, zsh or fish completes commands, options, choices and files; written from the options."""
from __future__ import annotations

import argparse
from typing import Any, Dict, List, NamedTuple, Tuple

from .commands import Command, all_commands

SHELLS = ("bash", "zsh", "fish")


class Option(NamedTuple):
    """One option: its ``names``, what it is (``help``), what may follow (``choices``, or ``kind``: file, folder, value, none)."""

    names: Tuple[str, ...]
    help: str
    choices: Tuple[str, ...]
    kind: str


def options_completion(sub: argparse.ArgumentParser) -> None:
    """The shell."""
    sub.add_argument("shell", choices=SHELLS, metavar="SHELL",
                     help="bash, zsh or fish; bash: eval \"$(cryoqa completion bash)\" in ~/.bashrc; zsh: the same with zsh in ~/.zshrc, "
                          "after compinit; fish: cryoqa completion fish > ~/.config/fish/completions/cryoqa.fish")


def run_completion(args: argparse.Namespace, command: List[str]) -> int:
    """The script is printed."""
    print({"bash": bash, "zsh": zsh, "fish": fish}[args.shell]())
    return 0


def options_of(command: Command) -> Tuple[List[Option], List[Option]]:
    """The options of a command, and what stands without an option (``names`` empty)."""
    from .parser import CommandParser
    named, bare = [], []
    for action in CommandParser(command)._actions:
        made = Option(tuple(action.option_strings), " ".join((action.help or "").replace("%%", "%").split()), *_following(action))
        (named if action.option_strings else bare).append(made)
    return named, bare


def _following(action: Any) -> Tuple[Tuple[str, ...], str]:
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    if action.nargs == 0:
        return (), "none"
    if action.choices or "|" in metavar:
        return tuple(action.choices or metavar.split("|")), "value"
    names_file = metavar in ("FILE", "LIST") and action.dest not in ("levels", "parts")
    kind = "folder" if metavar in ("FOLDER", "PROJECT") else "file" if names_file else "value"
    return (_capabilities() if action.dest == "capability" else ()), kind


def _capabilities() -> Tuple[str, ...]:
    return tuple(c.name for c in all_commands() if c.row is not None)


def _table() -> Dict[Command, Tuple[List[Option], List[Option]]]:
    return {c: options_of(c) for c in all_commands()}


_BASH = r'''# Completion of cryoqa for bash: eval "$(cryoqa completion bash)"
_cryoqa() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options= choices= rest=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "@commands@ --help --version" -- "$word"))
        return
    fi
    case "${COMP_WORDS[1]} $before" in
@choices@
    esac
    if [ "$choices" = @folders ]; then
        compopt -o filenames 2>/dev/null; local IFS=$'\n'; COMPREPLY=($(compgen -d -- "$word")); return
    elif [ "$choices" = @files ]; then
        compopt -o filenames 2>/dev/null; local IFS=$'\n'; COMPREPLY=($(compgen -f -- "$word")); return
    elif [ "$choices" = @value ]; then
        return
    elif [ -n "$choices" ]; then
        COMPREPLY=($(compgen -W "$choices" -- "$word")); return
    fi
    case "${COMP_WORDS[1]}" in
@options@
    esac
    if [ "${word#-}" = "$word" ] && [ -n "$rest" ]; then
        if [ "$rest" = @files ]; then
            compopt -o filenames 2>/dev/null; local IFS=$'\n'; COMPREPLY=($(compgen -f -- "$word"))
        else
            COMPREPLY=($(compgen -W "$rest" -- "$word"))
        fi
        return
    fi
    COMPREPLY=($(compgen -W "$options" -- "$word"))
}
complete -F _cryoqa cryoqa'''


def bash() -> str:
    """The script for bash."""
    choices, options = [], []
    for command, (named, bare) in _table().items():
        for option in named:
            what = " ".join(option.choices) or {"file": "@files", "folder": "@folders", "value": "@value"}.get(option.kind, "")
            if what:
                patterns = "|".join(f'"{command.name} {name}"' for name in option.names)
                choices.append(f"        {patterns}) choices=\"{what}\";;")
        rest = " ".join(w for b in bare for w in b.choices) or ("@files" if any(b.kind in ("file", "folder") for b in bare) else "")
        words = " ".join(n for option in named for n in option.names if n.startswith("--"))
        options.append(f"        {command.name}) options=\"{words}\"" + (f" rest=\"{rest}\"" if rest else "") + ";;")
    names = " ".join(c.name for c in all_commands())
    return _BASH.replace("@commands@", names).replace("@choices@", "\n".join(choices)).replace("@options@", "\n".join(options))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _short(text: str) -> str:
    """The first sentence of a help."""
    first = text.split(". ")[0].rstrip(".")
    return first if len(first) <= 90 else first[:89].rsplit(" ", 1)[0] + " ..."


def zsh() -> str:
    """The script for zsh."""
    lines = ["#compdef cryoqa", "# Completion of cryoqa for zsh: eval \"$(cryoqa completion zsh)\" after compinit", "_cryoqa() {",
             "    local -a commands", "    commands=("]
    lines += [f"        {_quoted(c.name + ':' + c.title.replace(':', chr(92) + ':'))}" for c in all_commands()]
    lines += ["    )", "    if (( CURRENT == 2 )); then", "        _describe command commands", "        return", "    fi",
              "    local command=$words[2]", "    shift words; (( CURRENT-- ))", "    case $command in"]
    for command, (named, bare) in _table().items():
        words = [_zsh(o) for o in named] + [_quoted(f"*:{command.arguments.split()[0]}:{_zsh_action(b)}") for b in bare]
        lines.append(f"        {command.name}) _arguments" + "".join(f" \\\n            {word}" for word in words) + ";;")
    return "\n".join([*lines, "    esac", "}", "compdef _cryoqa cryoqa"])


def _zsh(option: Option) -> str:
    text = _short(option.help).replace("[", "(").replace("]", ")").replace(":", "\\:")
    names = option.names[-1] if len(option.names) == 1 else "{" + ",".join(option.names) + "}"
    action = "" if option.kind == "none" else ":value:" + _zsh_action(option)
    body = _quoted(f"[{text}]{action}")
    return (f"{names}{body}" if len(option.names) > 1 else _quoted(f"{names}[{text}]{action}"))


def _zsh_action(option: Option) -> str:
    if option.choices:
        return f"({' '.join(option.choices)})"
    return {"file": "_files", "folder": "_files -/"}.get(option.kind, " ")


def fish() -> str:
    """The script for fish."""
    lines = ["# Completion of cryoqa for fish: cryoqa completion fish > ~/.config/fish/completions/cryoqa.fish", "complete -c cryoqa -f"]
    lines += [f"complete -c cryoqa -n __fish_use_subcommand -a {c.name} -d {_quoted(c.title)}" for c in all_commands()]
    for command, (named, bare) in _table().items():
        seen = f"complete -c cryoqa -n '__fish_seen_subcommand_from {command.name}'"
        for option in named:
            names = " ".join(f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names)
            lines.append(f"{seen} {names} -d {_quoted(_short(option.help))}{_fish_action(option)}")
        lines += [f"{seen}{_fish_action(b).replace(' -x', '').replace(' -r', '')}" for b in bare if b.choices]
        lines += [f"{seen} -F" for b in bare if b.kind in ("file", "folder")][:1]
    return "\n".join(lines)


def _fish_action(option: Option) -> str:
    if option.choices:
        return f" -x -a {_quoted(' '.join(option.choices))}"
    return {"file": " -r -F", "folder": " -x -a '(__fish_complete_directories)'", "value": " -x"}.get(option.kind, "")
