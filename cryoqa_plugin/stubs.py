"""Type stubs of :mod:`cryoqa_plugin.api`, written from the registry, so that editors complete capabilities and their parameters.

``python -m cryoqa_plugin.stubs`` writes them again.
"""
from __future__ import annotations

import os
from typing import List

from .api import method_name
from .params import ParamSpec, specs
from .registry import CAPABILITIES, Capability, resolve

_HEAD = '''"""Written by ``python -m cryoqa_plugin.stubs``; do not edit."""
from typing import Any, Optional, Sequence, Union

from .answer import Answer
from .progress import Progress
from .registry import Capability
from .results import Result
from .study import Study
{imports}

Numbers = Union[float, Sequence[float]]

def open(*, job: Optional[str] = ..., voxel_size: Optional[Numbers] = ..., origin: Sequence[float] = ..., budget: Optional[float] = ...,
         **given: Any) -> OpenStudy: ...
def run(capability: str, outdir: Optional[str] = ..., *, voxel_size: Optional[Numbers] = ..., origin: Sequence[float] = ...,
        threads: int = ..., progress: Progress = ..., **inputs_and_parameters: Any) -> Answer: ...
def load(folder: str) -> Result: ...
def method_name(row: Capability) -> str: ...

class OpenStudy(Study):
    def run(self, capability: str, *, threads: int = ..., progress: Progress = ..., **parameters: Any) -> Result: ...
'''


def stub_text() -> str:
    """The whole stub file."""
    imports = "\n".join(f"from .{row.result.split(':')[0]} import {row.result.split(':')[1]}" for row in CAPABILITIES)
    return _HEAD.format(imports=imports) + "".join(_method(row) for row in CAPABILITIES)


def _method(row: Capability) -> str:
    arguments: List[str] = [_argument(s) for s in specs(resolve(row.params))]
    arguments += ["threads: int = ...", "progress: Progress = ..."]
    lines, line = [], f"    def {method_name(row)}(self, *, "
    for i, text in enumerate(arguments):
        piece = text + (", " if i < len(arguments) - 1 else f") -> {row.result.split(':')[1]}: ...")
        if len(line) + len(piece) > 138:
            lines.append(line.rstrip())
            line = " " * (len(f"    def {method_name(row)}("))
        line += piece
    return "\n".join([*lines, line]) + "\n"


def _argument(spec: ParamSpec) -> str:
    kind = f"Optional[{spec.type.__name__}]" if spec.optional else spec.type.__name__
    return f"{spec.name}: {kind} = ..."


if __name__ == "__main__":
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "api.pyi"), "w", encoding="utf-8") as stream:
        stream.write(stub_text())
