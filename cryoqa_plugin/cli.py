"""The command ``cryoqa``: one subcommand a capability, generated from the registry, and a few around them.

Exit codes: 0 done, 1 a capability of ``assess``, ``validate`` or ``demo``, or a map of ``batch``, failed, 2 bad input or usage
(one sentence, no traceback), 3 a section of the report failed under ``--strict``, 130 interrupted.
"""
from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from typing import Any, Dict, List, Optional, Sequence

from . import __version__, runner
from .checks import read_limits
from .cli_batch import COMMANDS
from .cli_output import ProgressBar, print_document, print_notes, print_paths
from .errors import CryoqaError, InputError, MissingInputError
from .params import ParamSpec, specs
from .registry import CAPABILITIES, Capability, resolve
from .results import declared, json_schema

_OPTION_OF_KIND = {"full_map": "--map"}         # the others have their own name


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command line and return the exit code."""
    argv = list(sys.argv[1:] if argv is None else argv)
    wanted = next((a for a in argv if not a.startswith("-")), None)
    args = _parser(wanted).parse_args(argv)
    if not hasattr(args, "handler"):
        _parser(None).print_help()
        return 2
    logging.basicConfig(format="%(message)s", level=logging.WARNING if getattr(args, "quiet", False) else logging.INFO)
    try:
        return args.handler(args, ["cryoqa"] + argv)
    except CryoqaError as error:
        print(f"cryoqa: {error}", file=sys.stderr)
        return 2
    except MemoryError:
        print("cryoqa: there is not enough memory for this run. Crop the maps, or use a machine with more.", file=sys.stderr)
        return 2
    except BrokenPipeError:                                  # "cryoqa ... | head": the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("cryoqa: interrupted; nothing half-written was left.", file=sys.stderr)
        return 130


def _parser(wanted: Optional[str]) -> argparse.ArgumentParser:
    """The parser; only the subcommand that is ``wanted`` gets its options, so that start-up stays short."""
    parser = argparse.ArgumentParser(prog="cryoqa", description="Can this cryo-EM map be trusted?",
                                     epilog="'cryoqa COMMAND --help' tells the options of a command; 'cryoqa demo' shows it "
                                            "all on made-up data.")
    parser.add_argument("--version", action="version", version=f"cryoqa {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND")
    for row in CAPABILITIES:
        name = row.id.replace("_", "-")
        sub = commands.add_parser(name, aliases=[row.id] if name != row.id else [], help=row.title)
        if wanted in (name, row.id):
            _capability_options(sub, row)
            sub.set_defaults(handler=_run_capability, capability=row.id)
    for name, (help_text, options, handler) in _OTHERS.items():
        sub = commands.add_parser(name, help=help_text, description=help_text)
        options(sub)
        sub.set_defaults(handler=handler)
    return parser


def _capability_options(sub: argparse.ArgumentParser, row: Capability) -> None:
    sub.description = f"{row.title}."
    _input_options(sub, row.needs + row.takes)
    group = sub.add_argument_group("parameters")
    for spec in specs(resolve(row.params)):
        _param_option(group, spec)
    _common_options(sub, f"cryoqa_{row.id}")
    if declared(resolve(row.result), "map"):
        sub.add_argument("--mtz", action="append_const", dest="also", const="mtz", help="write the Fourier coefficients of each map too")
        sub.add_argument("--shifted", action="append_const", dest="also", const="shifted",
                         help="write a copy of each map with its origin at 0 too")
    sub.add_argument("--json", action="store_true", help="print the result document instead of the text")


def _input_options(sub: argparse.ArgumentParser, kinds: Sequence[str]) -> None:
    from .io.inputs import KINDS
    group = sub.add_argument_group("inputs")
    for kind in kinds:
        group.add_argument(_OPTION_OF_KIND.get(kind, "--" + kind.replace("_", "-")), dest="input_" + kind, metavar=KINDS[kind].metavar,
                           help=KINDS[kind].help, nargs="+" if KINDS[kind].many else None)
    if any(k in ("full_map", "half1") for k in kinds):
        group.add_argument("--job", metavar="FOLDER", help="RELION or cryoSPARC job folder that the inputs not given are taken from")
    if any(KINDS[k].is_map for k in kinds):
        group.add_argument("--voxel-size", type=float, metavar="Å", help="voxel size of all maps, where the headers are wrong")


def _param_option(group: Any, spec: ParamSpec) -> None:
    words = spec.help + (f" [{spec.unit}]" if spec.unit else "")
    if spec.only_if:
        words += f" (with --{spec.only_if[0].replace('_', '-')} {' or '.join(spec.only_if[1])})"
    words += f" (default: {'from the data' if spec.default is None else spec.default})"
    words = words.replace("%", "%%")
    if spec.type is bool:
        group.add_argument(spec.option, dest="param_" + spec.name, metavar="yes|no", nargs="?", const="yes", help=words)
    else:
        group.add_argument(spec.option, dest="param_" + spec.name, metavar="|".join(spec.choices) or spec.type.__name__.upper(),
                           help=words)


def _common_options(sub: argparse.ArgumentParser, outdir: str) -> None:
    group = sub.add_argument_group("running")
    group.add_argument("-o", "--out", metavar="FOLDER", default=outdir, help=f"where the results go (default: {outdir})")
    group.add_argument("--threads", type=int, default=0, metavar="N", help="number of threads (default: all cores)")
    group.add_argument("--limits", metavar="FILE", help="TOML file with limits of your own for the checks")
    group.add_argument("--no-report", action="store_true", help="write the results only, no HTML and PDF")
    group.add_argument("--strict", action="store_true", help="a section of the report that fails ends the run with exit code 3")
    group.add_argument("-q", "--quiet", action="store_true", help="no progress, warnings only")


def _sources(args: argparse.Namespace) -> Dict[str, str]:
    from .io.inputs import expand
    given = expand({k[6:]: v for k, v in vars(args).items() if k.startswith("input_")})
    if not getattr(args, "job", None):
        return given
    asked = {k[6:] for k in vars(args) if k.startswith("input_")}
    found = _job(args).sources()
    if not found:
        raise MissingInputError(_job(args).missing()[0])
    return dict({k: v for k, v in found.items() if k in asked}, **given)


def _job(args: argparse.Namespace) -> Any:
    """The job folder that was named, read once."""
    if not hasattr(args, "job_read"):
        from .io.jobs import read_job
        args.job_read = read_job(args.job)
    return args.job_read


def _notes(args: argparse.Namespace) -> Sequence[str]:
    """What is to be known of the job folder, when one was named."""
    return _job(args).warnings if getattr(args, "job", None) else ()


def _voxel_sizes(args: argparse.Namespace, sources: Dict[str, str]) -> Optional[Dict[str, float]]:
    size = getattr(args, "voxel_size", None)
    if size is None:
        return _voxel_sizes_of_job(args, sources)
    if not 0 < size < 1000:
        raise InputError(f"The voxel size is {size:g} Å; it must be above 0 and below 1000 Å.")
    from .io.inputs import KINDS, SAME
    return {k: size for k in sources if KINDS[k].grid == SAME}


def _voxel_sizes_of_job(args: argparse.Namespace, sources: Dict[str, str]) -> Optional[Dict[str, float]]:
    """What the program that wrote a job says of its maps, where their headers say something else."""
    if not getattr(args, "job", None):
        return None
    job = _job(args)
    if not job.voxel_size or job.voxel_size == job.header_voxel_size:
        return None
    own = job.sources()
    return {k: job.voxel_size for k, path in sources.items() if own.get(k) == path}


def _run_capability(args: argparse.Namespace, command: List[str]) -> int:
    sources = _sources(args)
    values = {k[6:]: v for k, v in vars(args).items() if k.startswith("param_") and v is not None}
    sizes = _voxel_sizes(args, sources)
    wrong = runner.problems(args.capability, sources, values, sizes)
    if wrong:
        raise InputError(wrong[0])
    quiet = args.quiet or args.json
    _announce(args.capability, quiet)
    with ProgressBar(not quiet) as bar:
        document = runner.execute(args.capability, sources, values, args.out, progress=bar, threads=args.threads,
                                  limits=read_limits(args.limits), voxel_sizes=sizes, command=command,
                                  also=getattr(args, "also", None) or (), notes=_notes(args))
    paths = {"result": os.path.join(args.out, "result.json")}
    code = _report(args, paths)
    if args.json:
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print_document(document)
        print_paths(paths)
    return code


def _announce(capability_id: str, quiet: bool) -> None:
    if quiet:
        return
    resolve(runner.capability(capability_id).run)
    if "numba" in sys.modules:
        from .core.jit import KERNELS, cold_kernels
        if len(cold_kernels()) == len(KERNELS):
            print("First run: the numerical core is compiled once, which takes some seconds ('cryoqa warmup' does it ahead).",
                  file=sys.stderr)


def _report(args: argparse.Namespace, paths: Dict[str, str]) -> int:
    """Write the report of ``args.out`` unless told not to; 3 when a section failed under ``--strict``."""
    if args.no_report:
        return 0
    from .report.assemble import write_report
    try:
        paths.update(write_report(args.out, strict=args.strict))
    except CryoqaError:
        raise
    except Exception as error:
        if not args.strict:
            raise
        print(f"cryoqa: the report failed: {error}", file=sys.stderr)
        return 3
    return 0


def _options_assess(sub: argparse.ArgumentParser) -> None:
    from .io.inputs import KINDS
    used = {k for row in CAPABILITIES if not row.on_request for k in row.needs + row.takes} - {"mask2", "job"}
    _input_options(sub, [k for k in KINDS if k in used])
    _common_options(sub, "cryoqa_assess")


def _assess(args: argparse.Namespace, command: List[str]) -> int:
    sources = _sources(args)
    from .io.inputs import missing
    wrong = missing((), sources)
    if not sources:
        wrong = ["Nothing was given; give --map, or --half1 and --half2, or --job."]
    if wrong:
        raise InputError(wrong[0])
    return _assess_and_report(args, sources, command)


def _assess_and_report(args: argparse.Namespace, sources: Dict[str, str], command: List[str]) -> int:
    with ProgressBar(not args.quiet) as bar:
        documents = runner.assess(sources, args.out, progress=bar, threads=args.threads, limits=read_limits(args.limits),
                                  voxel_sizes=_voxel_sizes(args, sources), command=command, notes=_notes(args))
    paths: Dict[str, str] = {}
    code = _report(args, paths)
    failed = [d for d in documents.values() if "error" in d]
    for document in documents.values():
        print(f"{document['title']}: {document.get('error') or document['summary']}")
    print_notes(w for document in documents.values() for w in document.get("warnings", ()))
    print_paths(paths)
    return code or (1 if failed else 0)


def _options_demo(sub: argparse.ArgumentParser) -> None:
    _common_options(sub, "cryoqa_demo")


def _demo(args: argparse.Namespace, command: List[str]) -> int:
    from .demo import write_demo_data
    data = os.path.join(args.out, "data")
    os.makedirs(data, exist_ok=True)
    if not args.quiet:
        print("Making a model of helices and strands, and two half-maps of it ...", file=sys.stderr)
    sources = write_demo_data(data)
    return _assess_and_report(args, {k: v for k, v in sources.items() if k in ("half1", "half2", "full_map", "model")}, command)


def _options_list(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--rst", action="store_true", help="print the table as it stands in README.rst")


def _list(args: argparse.Namespace, command: List[str]) -> int:
    from .cli_output import capability_table
    print(capability_table(rst=args.rst))
    return 0


def _options_info(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("capability", nargs="?", help="id of a capability; all when left out")
    sub.add_argument("--schema", action="store_true", help="print the JSON Schema of the result")


def _info(args: argparse.Namespace, command: List[str]) -> int:
    rows = [runner.capability(args.capability)] if args.capability else list(CAPABILITIES)
    if args.schema:
        schemas = {row.id: json_schema(resolve(row.result)) for row in rows}
        print(json.dumps(schemas[rows[0].id] if args.capability else schemas, indent=1, ensure_ascii=False))
        return 0
    from .cli_output import capability_text
    print("\n\n".join(capability_text(row) for row in rows))
    return 0


def _options_warmup(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("-q", "--quiet", action="store_true", help="no progress")


def _warmup(args: argparse.Namespace, command: List[str]) -> int:
    with ProgressBar(not args.quiet) as bar:
        kernels = runner.warmup(bar)
    print(f"{len(kernels)} kernels are compiled and kept on disk.")
    return 0


def _options_report(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("out", metavar="FOLDER", help="folder with result.json, or with one folder a capability")
    sub.add_argument("--strict", action="store_true", help="a section that fails ends with exit code 3")
    sub.set_defaults(no_report=False)


def _redraw(args: argparse.Namespace, command: List[str]) -> int:
    if not os.path.isdir(args.out):
        raise InputError(f"The folder {args.out} does not exist; give the folder that a run of cryoqa wrote.")
    paths: Dict[str, str] = {}
    code = _report(args, paths)
    print_paths(paths)
    return code


def _options_fetch(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("entry", help="EMDB entry, such as EMD-3186 or 3186")
    sub.add_argument("-o", "--out", metavar="FOLDER", default=".", help="folder that gets a folder of the entry's name (default: here)")
    sub.add_argument("--parts", metavar="LIST", help="comma-separated parts: map, half_maps, mask, fsc, header, model (default: all)")
    sub.add_argument("--base-url", metavar="URL", help="server with the EMDB layout (or environment CRYOQA_EMDB_URL)")
    sub.add_argument("-q", "--quiet", action="store_true", help="no progress")


def _fetch(args: argparse.Namespace, command: List[str]) -> int:
    from .io.emdb import fetch
    options: Dict[str, Any] = {}
    if args.parts:
        options["parts"] = tuple(p.strip() for p in args.parts.split(",") if p.strip())
    if args.base_url:
        options["base_url"] = args.base_url
    with ProgressBar(not args.quiet) as bar:
        report = fetch(args.entry, args.out, progress=bar, **options)
    print(report.text())
    return 0


def _options_validate(sub: argparse.ArgumentParser) -> None:
    _input_options(sub, ("full_map", "half1", "half2", "mask", "model", "sequence"))
    group = sub.add_argument_group("parameters")
    group.add_argument("--contour", type=float, metavar="LEVEL", help="contour level of the map (default: suggested from the map)")
    group.add_argument("--resolution", type=float, metavar="Å", help="reported resolution, which the estimates are compared with")
    group.add_argument("--levels", default="0,1,A", metavar="LIST", help="levels to evaluate: 0 map, 1 half-maps, A model (default: 0,1,A)")
    group.add_argument("--no-resume", action="store_true", help="do everything again, also what an earlier run left in the folder")
    _common_options(sub, "cryoqa_validation")


def _validate(args: argparse.Namespace, command: List[str]) -> int:
    from .io.inputs import missing
    from .validation.run import validate
    sources = _sources(args)
    wrong = missing((), sources)
    if wrong:
        raise InputError(wrong[0])
    with ProgressBar(not args.quiet) as bar:
        document = validate(sources, args.out, contour=args.contour, resolution=args.resolution, resume=not args.no_resume, progress=bar,
                            levels=[level.strip() for level in args.levels.split(",") if level.strip()], threads=args.threads,
                            limits=read_limits(args.limits), voxel_sizes=_voxel_sizes(args, sources), command=command, notes=_notes(args))
    paths = {"result": os.path.join(args.out, "validation.json")}
    code = _report(args, paths)
    for item in document["items"]:
        if item["status"] != "absent":
            print(f"{item['id']} {item['title']}: {item['status']}")
    print(document["summary"])
    print_notes(document["warnings"])
    print_paths(paths)
    return code or (1 if document["not_done"] else 0)


_OTHERS = {
    "validate": ("the validation report: levels 0, 1 and A with a score", _options_validate, _validate),
    **COMMANDS,
    "assess": ("the report on a map: what the inputs allow, in one go", _options_assess, _assess),
    "demo": ("that report on made-up half-maps, in under a minute", _options_demo, _demo),
    "report": ("draw the report again from saved results", _options_report, _redraw),
    "fetch": ("download an EMDB entry: map, half-maps, mask, FSC, header, model", _options_fetch, _fetch),
    "list": ("the capabilities", _options_list, _list),
    "info": ("what a capability takes and gives", _options_info, _info),
    "warmup": ("compile the numerical core, once a machine", _options_warmup, _warmup),
}


if __name__ == "__main__":
    sys.exit(main())
