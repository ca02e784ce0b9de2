"""The options that commands share, and what is read from them."""
from __future__ import annotations

import argparse
from typing import Any, Dict, Optional, Sequence

from ..errors import InputError, MissingInputError
from ..naming import option
from ..params import ParamSpec
from ..registry import Capability
from .declarations import parameter_specs, writes_maps

LEVELS = "0, 1 and A"


def capability_options(sub: argparse.ArgumentParser, row: Capability) -> None:
    """The options of a capability: inputs, parameters, and how it is run."""
    input_options(sub, row.needs + row.takes, row.needs)
    group = sub.add_argument_group("parameters")
    for spec in parameter_specs(row):
        _param_option(group, spec)
    group = common_options(sub, f"cryoqa_{row.id}")
    if writes_maps(row):
        group.add_argument("--mtz", action="append_const", dest="also", const="mtz", help="write the Fourier coefficients of each map too")
        group.add_argument("--shifted", action="append_const", dest="also", const="shifted",
                           help="write a copy of each map with its origin at 0 too")
    group.add_argument("--json", action="store_true", help="print the result document instead of the text")
    sub.set_defaults(capability=row.id)


def usage_of(row: Capability) -> str:
    """The inputs of a capability as its usage shows them."""
    from ..io.inputs import KINDS

    def words(kinds: Sequence[str]) -> str:
        return " ".join(f"{option(k)} {KINDS[k].metavar}" for k in kinds)

    ways = " | ".join(words(group) for group in row.any_of)
    return " ".join(filter(None, (words(row.needs), f"({ways})" if len(row.any_of) > 1 else ways)))


def input_options(sub: argparse.ArgumentParser, kinds: Sequence[str], needed: Sequence[str] = ()) -> None:
    """An option a kind of input, and the job folder and voxel size where they make sense."""
    from ..io.inputs import KINDS
    group = sub.add_argument_group("inputs")
    for kind in kinds:
        words = KINDS[kind].help + (" (needed)" if kind in needed else "")
        group.add_argument(option(kind), dest="input_" + kind, metavar=KINDS[kind].metavar, help=words,
                           nargs="+" if KINDS[kind].many else None)
    if any(k in ("full_map", "half1") for k in kinds):
        group.add_argument("--job", metavar="FOLDER", help="RELION or cryoSPARC job folder that the inputs not given are taken from")
    if any(KINDS[k].is_map for k in kinds):
        group.add_argument("--voxel-size", type=float, metavar="Å", help="voxel size of all maps, where the headers are wrong")


def _param_option(group: Any, spec: ParamSpec) -> None:
    words = spec.help + (f" [{spec.unit}]" if spec.unit else "")
    if spec.only_if:
        words += f" (with {option(spec.only_if[0])} {' or '.join(spec.only_if[1])})"
    words += f" (default: {spec.usual})" if spec.usual else ""
    words = words.replace("%", "%%")
    if spec.type is bool:
        group.add_argument(spec.option, dest="param_" + spec.name, metavar="yes|no", nargs="?", const="yes", help=words)
    else:
        group.add_argument(spec.option, dest="param_" + spec.name, metavar="|".join(spec.choices) or spec.type.__name__.upper(),
                           help=words)


def common_options(sub: argparse.ArgumentParser, outdir: str) -> Any:
    """What every command that computes takes; returns the group, for options of its own."""
    group = sub.add_argument_group("running")
    group.add_argument("-o", "--out", metavar="FOLDER", default=outdir, help=f"where the results go (default: {outdir})")
    group.add_argument("--overwrite", action="store_true",
                       help="remove the results of other inputs from that folder, which are refused otherwise; nothing but files of cryoqa")
    threads_option(group, "number of threads (default: 0, all cores)")
    limits_option(group)
    group.add_argument("--no-report", action="store_true", help="write the results only, no HTML and PDF")
    appendix_option(group)
    fail_on_option(group)
    group.add_argument("--strict", action="store_true", help="a section of the report that fails ends the run with exit code 3")
    loudness(group)
    return group


def limits_option(group: Any) -> None:
    """``--limits``."""
    group.add_argument("--limits", metavar="FILE", help="TOML file with limits of your own for the checks")


def threads_option(group: Any, words: str) -> None:
    """``--threads``, checked when it is read."""
    def count(text: str) -> int:
        from ..runner import checked_threads
        try:
            return checked_threads(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    group.add_argument("--threads", type=count, default=0, metavar="N", help=words)


def resume_option(group: Any) -> None:
    """``--no-resume`` of what runs many capabilities."""
    group.add_argument("--no-resume", action="store_true", help="do everything again, also what an earlier run left in the folder")


def appendix_option(group: Any) -> None:
    """``--appendix`` of the PDF."""
    group.add_argument("--appendix", action="store_true", help="the PDF with all values, all checks and how each part was made")


def fail_on_option(group: Any) -> None:
    """``--fail-on``: for pipelines, which read exit codes and no sentences."""
    group.add_argument("--fail-on", choices=("warn", "fail"), metavar="warn|fail",
                       help="exit code 3 when a check is at this level or beyond: warn (a warning or a failure) or fail (default: never)")


def loudness(group: Any) -> None:
    """``--quiet`` and ``--verbose``, one of them."""
    either = group.add_mutually_exclusive_group()
    either.add_argument("-q", "--quiet", action="store_true", help="no progress, warnings only")
    either.add_argument("-v", "--verbose", action="store_true",
                        help="each step with its time, all checks, also those that are met, and where an error arose")


def levels_option(group: Any) -> None:
    """``--levels`` of a validation."""
    group.add_argument("--levels", default="0,1,A", metavar="LIST", type=_levels,
                       help="levels to evaluate: 0 map, 1 half-maps, A model (default: 0,1,A)")


def _levels(text: str) -> str:
    levels = [word.strip().upper() for word in text.replace(" ", ",").split(",") if word.strip()]
    wrong = [level for level in levels if level not in ("0", "1", "A")]
    if wrong or not levels:
        raise argparse.ArgumentTypeError(f"there is no level '{', '.join(wrong) or text}'; the levels are {LEVELS}, as in --levels 0,1")
    return ",".join(levels)


# ---------------------------------------------------------------- what was given

def limits_of(args: argparse.Namespace) -> Optional[Dict[str, Dict[str, Any]]]:
    """The limits of the file of ``--limits``, read once; None without one."""
    if args.limits and not hasattr(args, "limits_read"):
        from ..io.limits_file import read_limits
        args.limits_read = read_limits(args.limits)
    return getattr(args, "limits_read", None)



def sources_of(args: argparse.Namespace) -> Dict[str, str]:
    """The files by kind, those that were not given from the job folder."""
    from ..io.inputs import expand
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
        from ..io.jobs import read_job
        args.job_read = read_job(args.job)
    return args.job_read


def notes_of(args: argparse.Namespace) -> Sequence[str]:
    """What is to be known of the job folder, when one was named."""
    return _job(args).warnings if getattr(args, "job", None) else ()


def voxel_sizes_of(args: argparse.Namespace, sources: Dict[str, str]) -> Optional[Dict[str, float]]:
    """The voxel size by kind: that of ``--voxel-size``, or of the job where its headers say something else."""
    size = getattr(args, "voxel_size", None)
    if size is None:
        return _voxel_sizes_of_job(args, sources)
    from ..io import ranges
    from ..io.inputs import KINDS, SAME
    ranges.require_finite(size, "The voxel size", "voxel_size", ranges.VOXEL_SIZE, "Å")
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
