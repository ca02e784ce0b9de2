"""The main numbers of the other scores of a model, in one table."""
from __future__ import annotations

from typing import Any, List, Tuple

from ...errors import CryoqaError
from ...io.inputs import require
from ...progress import Progress
from ...registry import BY_ID, resolve
from ...results import Table, declared
from ...study import Study

# What is shown of each; the numbers are those that the capability itself gives with its defaults.
NUMBERS: Tuple[Tuple[str, Tuple[str, ...]], ...] = (
    ("mtriage", ("d_fsc_model_05_near", "d_fsc_model_0143_near")),
    ("model_fit", ("cc_mask", "cc_peaks", "residues_low", "inclusion_backbone")),
    ("fsc_q", ("delta_median", "fsc_q_median")),
    ("q_score", ("q_mean", "q_expected", "q_percentile")),
    ("emringer", ("emringer_score", "emringer_error")),
    ("side_chain_check", ("temperature", "top3", "residues_shifted", "chains_foreign")),
    ("model_overfitting", ("gap", "gap_error")),
    ("model_stability", ("steady", "residues_without", "residues_unsteady", "residues_moved")),
    ("smoc", ("centred_mean", "smoc_mean")),
    ("model_geometry", ("clashes_per_1000", "chirality_wrong", "twisted_percent", "cis_percent", "ca_percent")))
_COLUMNS = ("score", "number", "value", "unit", "what it means", "why there is none")


def joined(study: Study, progress: Progress) -> Table:
    """The main numbers of every score of a map and a model.

    Parameters
    ----------
    study
        The inputs; what several scores need is computed once.
    progress
        Told which one is made, from 0 to 1.

    Returns
    -------
    Table
        A row for each number; where a score could not be had, a row that says why.
    """
    asked = [(BY_ID[name], numbers) for name, numbers in NUMBERS if name in BY_ID]
    rows: List[Tuple[Any, ...]] = []
    for i, (row, numbers) in enumerate(asked):
        progress(i / len(asked), row.title)
        compute, params, result = (resolve(where) for where in (row.run, row.params, row.result))
        info = declared(result, "metric")
        command = row.id.replace("_", "-")
        try:
            require(study.inputs, *row.needs)
            found = compute(study, params())
        except CryoqaError as error:
            rows.append((command, None, None, None, row.title, str(error)))
            continue
        for name in numbers:
            value = getattr(found, name)
            why = None if value is not None else found.summary
            rows.append((command, name, value, info[name]["unit"], info[name]["meaning"], why))
    return Table(_COLUMNS, tuple(rows))
