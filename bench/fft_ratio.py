"""How much longer each capability takes than the Fourier transforms that it needs: CPU seconds over its own FFT seconds.

    python bench/fft_ratio.py FOLDER [ID ...] [--runs N]

FOLDER is that of a simulated case, such as t160 (t160_half1.mrc ...). The claims of bench/table.py are run on it, in this process, on one
thread, on inputs that were read before and with kernels that were compiled before: the least of N runs. FFT seconds are those
within scipy.fft; ``transforms`` is their number in units of one real transform of the whole box, by time. Prints a table in reST.
"""
from __future__ import annotations

import argparse
import sys
import time
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence

from table import CLAIMS, Claim

ROOT = Path(__file__).resolve().parent.parent
_FUNCTIONS = ("fft", "ifft", "rfft", "irfft", "fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2", "rfft2", "irfft2")


class Taken(NamedTuple):
    """CPU seconds of a run, those of them within scipy.fft, and the number of its transforms of a whole box."""

    cpu_s: float
    fft_s: float
    whole: int


@contextmanager
def counted(voxels: int) -> Iterator[List[float]]:
    """Within this, seconds in scipy.fft and transforms of ``voxels`` along all axes are summed in the two numbers that it gives."""
    import scipy.fft
    sums, originals = [0.0, 0], {name: getattr(scipy.fft, name) for name in _FUNCTIONS}

    def wrapped(name: str) -> Callable[..., Any]:
        def run(data: Any, *arguments: Any, **options: Any) -> Any:
            started = time.process_time()
            out = originals[name](data, *arguments, **options)
            sums[0] += time.process_time() - started
            sums[1] += name.endswith("n") and max(data.size, out.size) == voxels
            return out
        return run

    for name in _FUNCTIONS:
        setattr(scipy.fft, name, wrapped(name))
    try:
        yield sums
    finally:
        for name, function in originals.items():
            setattr(scipy.fft, name, function)


def files_of(folder: Path) -> Dict[str, str]:
    """Files of a case by kind of input; its name is that of the folder."""
    stem = f"{folder}/{folder.resolve().name}_"
    names = {"full_map": "full.mrc", "half1": "half1.mrc", "half2": "half2.mrc", "mask": "mask.mrc", "model": "model.pdb",
             "resolution_map": "locres.mrc", "target_map": "half2.mrc"}
    return {kind: stem + name for kind, name in names.items()}


def measured(claim: Claim, files: Dict[str, str], count: int) -> Taken:
    """The least of some runs of a claim."""
    from cryoqa_plugin import params
    from cryoqa_plugin.io.inputs import expand, load_inputs
    from cryoqa_plugin.registry import BY_ID, resolve
    from cryoqa_plugin.study import Study
    row, runs = BY_ID[claim.id], []
    paths: Dict[str, Any] = dict(files, others=[files["half1"], files["half2"]], focused_maps=[files["full_map"]],
                                 focused_half1=[files["half1"]], focused_half2=[files["half2"]])
    values = params.build(resolve(row.params), claim.values)
    for _ in range(count):
        study = Study(load_inputs(expand({kind: paths[kind] for kind in claim.inputs})))
        with counted(study.grid.data.size) as sums:
            started = time.process_time()
            resolve(row.run)(study, values)
            runs.append(Taken(time.process_time() - started, *sums))
    return min(runs)


def one_transform(files: Dict[str, str]) -> float:
    """CPU seconds of one real transform of the whole box."""
    from cryoqa_plugin.core import fourier
    from cryoqa_plugin.io.maps import read_map
    data, taken = read_map(files["half1"]).data, []
    for _ in range(5):
        started = time.process_time()
        fourier.forward(data)
        taken.append(time.process_time() - started)
    return min(taken)


def lines_of(claims: Sequence[Claim], files: Dict[str, str], count: int) -> Iterator[List[str]]:
    """The cells of each row."""
    unit = one_transform(files)
    for claim in claims:
        taken = measured(claim, files, count)
        ratio = f"{taken.cpu_s / taken.fft_s:.1f}" if taken.fft_s > 0 else "-"
        yield [f"{claim.id.replace('_', '-')}, {claim.case}", f"{taken.cpu_s:.2f}", f"{taken.fft_s:.2f}", f"{taken.fft_s / unit:.0f}",
               str(taken.whole), ratio]


def main() -> None:
    """Measure what was asked for and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("ids", metavar="ID", nargs="*")
    parser.add_argument("--runs", metavar="N", type=int, default=3)
    options = parser.parse_args()
    wanted = {i.replace("-", "_") for i in options.ids}
    unknown = wanted - {claim.id for claim in CLAIMS}
    if unknown:
        parser.error(f"bench/table.py has no {', '.join(sorted(unknown))}")
    sys.path.insert(0, str(ROOT))
    from cryoqa_plugin.core.threads import set_threads
    set_threads(1)
    print(".. list-table::\n   :header-rows: 1\n")
    head = ["capability", "CPU s", "FFT s", "transforms", "of the whole box", "CPU over FFT"]
    claims = [c for c in CLAIMS if not wanted or c.id in wanted]
    for line in chain([head], lines_of(claims, files_of(options.folder), options.runs)):
        print("   * - " + "\n     - ".join(line), flush=True)


if __name__ == "__main__":
    main()
