"""The commands that compute: a capability, ``assess``, ``validate`` and ``demo``."""
from __future__ import annotations

import argparse
import os
import sys
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Set

from .. import runner
from ..core.threads import available
from ..errors import CryoqaError, InputError, MissingInputError
from ..plain_text import one_line
from ..registry import CAPABILITIES
from .options import common_options, input_options, levels_option, limits_of, notes_of, resume_option, sources_of, voxel_sizes_of
from .output import ProgressBar, exit_code_of_checks, print_checks, print_document, print_notes, print_paths
from .terminal import print_json

COMPILED = ("First run on this machine: the numerical core of these methods is compiled, which takes seconds for one and about a minute "
            "for all of them; later runs start at once ('cryoqa warmup' does it ahead).")


@contextmanager
def shown_progress(args: argparse.Namespace, title: str = "") -> Iterator[ProgressBar]:
    """A progress bar that also tells, once, when the numerical core has to be compiled."""
    with ProgressBar(not _is_quiet(args), title, args.verbose) as bar, _compiling(args, bar.say):
        _say_once(args, "threads_told", _of_threads(args.threads), bar.say)
        yield bar


def _of_threads(count: int) -> str:
    """A sentence when there are more threads than cores; empty else."""
    cores = available()
    return "" if count <= cores else (f"NOTE: {count} threads share the {cores} core{'s' * (cores > 1)} that this process may use, "
                                      "which gains nothing.")


def _say_once(args: argparse.Namespace, name: str, words: str, say: Callable[[str], None]) -> None:
    """Say something once a run, unless it is quiet."""
    if words and not _is_quiet(args) and not getattr(args, name, False):
        setattr(args, name, True)
        say(words)


def _is_quiet(args: argparse.Namespace) -> bool:
    return getattr(args, "quiet", False) or getattr(args, "json", False)


@contextmanager
def _compiling(args: argparse.Namespace, say: Callable[[str], None]) -> Iterator[None]:
    """Within this the first compile of a run is said."""
    from ..core.jit import told_of_compiling

    with told_of_compiling(lambda: _say_once(args, "compile_told", COMPILED, say)):
        yield


@contextmanager
def output_folder(args: argparse.Namespace) -> Iterator[None]:
    """Within this nobody else writes into the output folder: from the first look at it to the report."""
    from ..run_folder import REPORTS, held, strangers
    limits_of(args)                                          # a file that cannot be read leaves the folder as it was
    with held(args.out):
        wrong = () if args.no_report else strangers(args.out, REPORTS)
        if wrong:
            raise InputError(wrong[0])
        yield


def run_capability(args: argparse.Namespace, command: List[str]) -> int:
    """One capability on the files that were named."""
    sources = sources_of(args)
    values = {k[6:]: v for k, v in vars(args).items() if k.startswith("param_") and v is not None}
    sizes = voxel_sizes_of(args, sources)
    wrong = runner.problems(args.capability, sources, values, sizes)
    if wrong:
        raise InputError(wrong[0])
    with output_folder(args):
        return _run_capability(args, sources, values, sizes, command)


def _run_capability(args: argparse.Namespace, sources: Dict[str, str], values: Dict[str, Any], sizes: Optional[Dict[str, float]],
                    command: List[str]) -> int:
    from ..io.outputs import placed
    with shown_progress(args, runner.capability(args.capability).title) as bar:
        document = runner.execute(args.capability, sources, values, args.out, progress=bar, threads=args.threads,
                                  limits=limits_of(args), voxel_sizes=sizes, command=command,
                                  also=getattr(args, "also", None) or (), notes=notes_of(args), overwrite=args.overwrite)
    paths = {"result": os.path.join(args.out, "result.json")}
    code = draw_report(args, paths)
    if args.json:
        print_json(placed(document, args.out))
    else:
        print_document(document, args.verbose)
        print_paths(paths)
    return code or exit_code_of_checks(args.fail_on, document["checks"])


def draw_report(args: argparse.Namespace, paths: Dict[str, str]) -> int:
    """Write the report of ``args.out`` unless told not to; 3 when a section failed under ``--strict``."""
    if args.no_report:
        return 0
    from ..report.assemble import write_report
    try:
        with _compiling(args, lambda words: print(words, file=sys.stderr)):
            paths.update(write_report(args.out, strict=args.strict, appendix=args.appendix))
    except CryoqaError:
        raise
    except Exception as error:
        if not args.strict:
            raise
        print(one_line(f"cryoqa: the report failed: {error}"), file=sys.stderr)
        return 3
    return 0


def options_assess(sub: argparse.ArgumentParser) -> None:
    """Every input that what it runs has a use for."""
    from ..io.inputs import KINDS
    used = {k for row in CAPABILITIES if not row.on_request for k in row.needs + row.takes} - {"mask2", "job"}
    input_options(sub, [k for k in KINDS if k in used])
    group = sub.add_argument_group("parameters")
    group.add_argument("--resolution", type=float, metavar="Å", help="reported resolution, which that of the half-maps is compared with")
    resume_option(common_options(sub, "cryoqa_assess"))


def run_assess(args: argparse.Namespace, command: List[str]) -> int:
    """All that the inputs allow."""
    _require_reported(args.resolution)
    values = {"fsc": {"reported": args.resolution}} if args.resolution is not None else {}
    sources = _checked(sources_of(args))
    with output_folder(args):
        return _assess(args, sources, command, values)


def _require_reported(resolution: Optional[float]) -> None:
    from ..io import ranges
    ranges.require_finite(resolution, "The reported resolution", "resolution", ranges.RESOLUTION, "Å")


def _checked(sources: Dict[str, str]) -> Dict[str, str]:
    """The sources, when there is a map to judge and every file is there."""
    from ..io.inputs import missing
    wrong = runner.density_problems(sources) + missing((), sources)
    if wrong:
        raise MissingInputError(wrong[0])
    return sources


def _assess(args: argparse.Namespace, sources: Dict[str, str], command: List[str],
            values: Mapping[str, Mapping[str, Any]] = MappingProxyType({})) -> int:
    with shown_progress(args) as bar:
        documents = runner.assess(sources, args.out, values=values, progress=bar, threads=args.threads, limits=limits_of(args),
                                  voxel_sizes=voxel_sizes_of(args, sources), command=command, notes=notes_of(args),
                                  resume=not args.no_resume, overwrite=args.overwrite)
    paths: Dict[str, str] = {}
    code = draw_report(args, paths)
    failed = [d for d in documents.values() if "error" in d]
    for document in documents.values():
        said = str(document.get("error") or document["summary"])
        print(one_line(said) if said.startswith(document["title"]) else one_line(f"{document['title']}: {said}"))
    print(_verdict(documents))
    print_notes((w for document in documents.values() for w in document.get("warnings", ())), documents.values())
    print_paths(paths)
    found = [outcome for document in documents.values() for outcome in document.get("checks", ())]
    return 1 if failed else code or exit_code_of_checks(args.fail_on, found)


def _verdict(documents: Mapping[str, Mapping[str, Any]]) -> str:
    """The sentence at the head of the report."""
    from ..validation.arguments import explain
    from ..validation.headline import trust
    from ..validation.items import judge_all
    done = {c: d for c, d in documents.items() if "error" not in d}
    return str(trust(explain(judge_all((), done, None)), done)["headline"]) or "Nothing could be checked with these inputs."


def options_demo(sub: argparse.ArgumentParser) -> None:
    """As of everything that computes."""
    resume_option(common_options(sub, "cryoqa_demo"))


def run_demo(args: argparse.Namespace, command: List[str]) -> int:
    """Half-maps and a model are made, and assessed."""
    with output_folder(args):
        with shown_progress(args, "A model of helices and strands, and two half-maps of it") as bar:
            bar(0.0, "")
            sources = demo_data(os.path.join(args.out, "data"))
        return _assess(args, {k: v for k, v in sources.items() if k in ("half1", "half2", "full_map", "model")}, command)


def demo_data(folder: str) -> Dict[str, str]:
    """The files of :func:`cryoqa_plugin.demo.write_demo_data` in a folder of their own, where nothing of a user is written over."""
    from ..demo import write_demo_data
    from ..run_folder import held, together
    with held(folder), together(folder, "truth.json") as stage:
        made = write_demo_data(stage)
    return {kind: os.path.join(folder, os.path.basename(path)) for kind, path in made.items()}


def options_validate(sub: argparse.ArgumentParser) -> None:
    """Inputs, what was reported, and the levels."""
    input_options(sub, ("full_map", "half1", "half2", "mask", "model", "sequence"))
    group = sub.add_argument_group("parameters")
    group.add_argument("--contour", type=float, metavar="LEVEL", help="contour level of the map (default: suggested from the map)")
    group.add_argument("--resolution", type=float, metavar="Å", help="reported resolution, which the estimates are compared with")
    levels_option(group)
    resume_option(common_options(sub, "cryoqa_validation"))


def run_validate(args: argparse.Namespace, command: List[str]) -> int:
    """The items of the validation."""
    _require_reported(args.resolution)
    sources = _checked(sources_of(args))
    with output_folder(args):
        return _validate(args, sources, command)


def _validate(args: argparse.Namespace, sources: Dict[str, str], command: List[str]) -> int:
    from ..validation.run import validate
    with shown_progress(args) as bar:
        document = validate(sources, args.out, contour=args.contour, resolution=args.resolution, resume=not args.no_resume, progress=bar,
                            levels=args.levels.split(","), threads=args.threads, limits=limits_of(args),
                            voxel_sizes=voxel_sizes_of(args, sources), command=command, notes=notes_of(args), overwrite=args.overwrite)
    paths = {"result": os.path.join(args.out, "validation.json")}
    code = draw_report(args, paths)
    said: Set[str] = set()
    for item in document["items"]:
        if item["status"] != "absent":
            print(f"{item['id']} {item['title']}: {item['status']}")
            print_checks(item["checks"], args.verbose, "    ", said)
    print("\n".join(one_line(words) for words in (document["trust"]["headline"], document["summary"]) if words))
    found = outcomes_of_validation(document)
    print_notes(document["warnings"], [document], [o["metric"] for o in found if o["status"] in ("warn", "fail")])
    print_paths(paths)
    return 1 if document["not_done"] else code or exit_code_of_checks(args.fail_on, found)


def outcomes_of_validation(document: Dict[str, Any]) -> List[Dict[str, Any]]:
    """The checks of a validation, without those that another finding explains."""
    return [outcome for item in document["items"] for outcome in item["checks"]]
