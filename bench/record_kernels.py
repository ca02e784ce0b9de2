"""Write the types that kernels are called with into ``cryoqa_plugin/core/signatures.py``, by running everything there is once.

``python bench/record_kernels.py``, after a kernel, or what it is called with, was changed; takes a minute.
"""
from __future__ import annotations

import os
import tempfile
from typing import Dict, Tuple

import numpy as np

from cryoqa_plugin import core, runner
from cryoqa_plugin.core import ahead
from cryoqa_plugin.core.monogenic import Monogenic
from cryoqa_plugin.demo import write_demo_data
from cryoqa_plugin.io.maps import read_map, write_map
from cryoqa_plugin.report.assemble import write_report
from cryoqa_plugin.validation.run import validate

_HEAD = '"""Types that each kernel is called with; written by ``python bench/record_kernels.py``, do not edit."""\n\nSIGNATURES = {\n'
_WIDTH = 138


def run_everything(folder: str) -> None:
    """Every capability, a validation and its report on made-up data, and what only an option or a larger box reaches."""
    sources = write_demo_data(folder, box=48)
    kinds = {k: v for k, v in sources.items() if k != "truth"}
    kinds["resolution_map"] = os.path.join(folder, "resolution.mrc")
    half = read_map(kinds["half1"])
    write_map(kinds["resolution_map"], half.with_data(np.full(half.shape, 8.0, np.float32)))
    kinds["reference_map"] = kinds["target_map"] = kinds["primary_map"] = sources["full_map"]
    kinds["symmetry"] = os.path.join(folder, "symmetry.txt")
    with open(kinds["symmetry"], "w", encoding="utf-8") as stream:
        stream.write("C4\n")
    kinds["others"] = [sources["full_map"], sources["half1"]]
    kinds.update(focused_maps=[sources["full_map"]], focused_half1=[sources["half1"]], focused_half2=[sources["half2"]])
    for row in runner.applicable(kinds, on_request=True):
        if runner.missing_extras(row):
            continue
        used = [n for n in row.needs + row.takes if (row.id, n) != ("map_align", "symmetry")]        # it takes a target or a symmetry
        runner.execute(row.id, {n: p for n, p in kinds.items() if n in used}, outdir=None)
    halves = {n: kinds[n] for n in ("half1", "half2")}
    runner.execute("locscale", halves, {"reference": "pseudo_atoms"}, outdir=None)
    runner.execute("denoise", halves, {"method": "conditional"}, outdir=None)
    validated = os.path.join(folder, "validated")
    validate({n: kinds[n] for n in ("half1", "half2", "full_map", "model")}, validated)
    write_report(validated)
    runner.execute("monores", halves, {"rules": "xmipp"}, outdir=None)
    # A long box has waves enough for both ways to low-pass.
    long = Monogenic(np.random.default_rng(1).standard_normal((192, 8, 8)).astype(np.float32))
    for f in (0.1, 0.45):
        long.amplitude(f)


def table(found: Dict[str, Tuple[str, ...]]) -> str:
    """The text of the module."""
    lines = []
    for name, signatures in found.items():
        lines.append(f'    "{name}": (')
        for signature in signatures:
            parts, line = [], '        "'
            for i, piece in enumerate(signature.split(", ")):
                piece += ", " * (i < signature.count(", "))
                if len(line) + len(piece) > _WIDTH:
                    parts.append(line + '"')
                    line = '        "'
                line += piece
            lines += [*parts, line + '",']
        lines.append("    ),")
    return _HEAD + "\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        run_everything(scratch)
    text = table(ahead.called_with())
    with open(os.path.join(os.path.dirname(os.path.abspath(core.__file__)), "signatures.py"), "w", encoding="utf-8") as stream:
        stream.write(text)
