"""Density modification of half-maps: what one half-map shows tells what the other one holds, and a verdict that needs no truth."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional

from ...io.maps import Map
from ...params import param
from ...progress import Progress, part, silent
from ...results import Curve, Table, curve, map_output, metric, table
from ...study import Study
from ...study.halves import DEPENDENT, MarkedHalves
from ...study.independence import limited
from ..local_resolution.local_fsc import LocalFscParams, compute_local_fsc
from ..map_info.audit_own import AuditedResult, audited
from ..model.residue_scores import AtomCounts, ResidueTables
from . import density_modify_steps as steps
from . import density_modify_symmetry as copies
from . import density_modify_words as words

_ENDS = ("resolution_before", "resolution_after")


@dataclass(frozen=True)
class DensityModifyParams:
    """Parameters of :func:`compute_density_modify`."""

    amplitudes: str = param("density", "Amplitudes of the maps. density: the fall-off of the whole map undone, to look at and to build "
                            "into. map: those of the signal in the half-maps.", label="Amplitudes", choices=("density", "map"))
    write_halves: bool = param(False, "Also write the modified half-maps. They are marked as dependent in their headers: no FSC of them is "
                               "a resolution.", label="Write half-maps")
    compare: bool = param(True, "Also judge what local Wiener weights make of the same half-maps.", label="Compare with Wiener weights")
    audit: bool = param(True, "Ask the half-maps how much of the modified map they support, and where, as the audit does.", label="Audit")
    resolution: Optional[float] = param(None, "Resolution that tables and windows go by. From the data: where the FSC of the half-maps "
                                        "falls below 0.143 in a box of which the molecule is a tenth or more.", label="Resolution",
                                        unit="Å", min=0.5, max=100, expert=True)
    dm_resolution: Optional[float] = param(None, "Where the modification ends. From the data: 0.75 times the resolution, two voxels at "
                                           "the least. A coarser one costs detail.", label="Finest resolution", unit="Å", min=0.5,
                                           max=100, expert=True)
    solvent_fraction: Optional[float] = param(None, "Part of the box that is solvent; from mass, sequence or the map when empty. It sizes "
                                              "the mask that is made here.", label="Solvent", min=0.02, max=0.99, expert=True)
    molecular_mass: Optional[float] = param(None, "Mass of the whole molecule, in place of a sequence.", label="Molecular mass", unit="kDa",
                                            min=1, max=1e6, expert=True)
    copies: int = param(1, "Copies of what the mass or the sequence describes.", label="Copies", min=1, max=10000, expert=True)


def _fsc_curve(meaning: str, label: str) -> Any:
    return curve(meaning, x_label="Frequency", x_unit="1/Å", y_label=label, output="outputFSCs")


@dataclass(frozen=True)
class DensityModifyResult(AuditedResult, AtomCounts, ResidueTables, MarkedHalves):
    """Result of :func:`compute_density_modify`."""

    schema: ClassVar[str] = "cryoqa/density_modify/1"
    verdict: Optional[str] = metric("", "improved, no change (the filtered mean of the half-maps is given) or harmed (likewise)", "none")
    gain: Optional[float] = metric("", "by how much the modified map correlates better with the signal than the mean of the half-maps, "
                                       "times the correlation of that mean; mean over shells from 10 Å on", "higher")
    gain_error: Optional[float] = metric("", "its standard error, by leaving out a twelfth of all directions at a time", "lower")
    gain_wiener: Optional[float] = metric("", "the same of local Wiener weights", "higher")
    gain_wiener_error: Optional[float] = metric("", "its standard error", "lower")
    resolution_before: Optional[float] = metric("Å", "predicted: where the correlation of the mean of the half-maps with the signal falls "
                                                     "to 0.5", "lower")
    resolution_before_error: Optional[float] = metric("Å", "its standard error", "lower")
    resolution_after: Optional[float] = metric("Å", "predicted: where the correlation of the modified map with the signal falls to 0.5; no "
                                                    "FSC of modified half-maps", "lower")
    resolution_after_error: Optional[float] = metric("Å", "its standard error; none where the curve ends before it falls to 0.5", "lower")
    correlation_before: Optional[float] = metric("", "predicted correlation of the mean of the half-maps with the signal, mean over shells "
                                                     "from 10 Å to the end of the modification", "higher")
    correlation_wiener: Optional[float] = metric("", "the same of local Wiener weights", "higher")
    correlation_after: Optional[float] = metric("", "the same of the modified map", "higher")
    resolution: Optional[float] = metric("Å", "resolution that tables and windows went by", "none")
    dm_resolution: Optional[float] = metric("Å", "where the modification ends", "none")
    local_median: Optional[float] = metric("Å", "median of the local resolution of the half-maps", "lower")
    bfactor_left: Optional[float] = metric("Å²", "fall-off that the maps were left with, where it was undone", "none")
    halves_state: Optional[str] = metric("", "dependent: each modified half-map depends on both half-maps", "none")
    soft_faces: Optional[bool] = metric("", "the molecule reaches the faces of the box, which fade out here", "none")
    box_excess: Optional[float] = metric("", "times that the box is larger than one of which the molecule is a tenth or more; corrected "
                                             "for", "none")
    noise_unlike: Optional[float] = metric("", "noise of the noisier half-map over that of the other one", "target:1")
    model_used: Optional[bool] = metric("", "the model that was given is in the modified map", "none")
    model_gain: Optional[float] = metric("", "by how much the gain rises with the model; noise that the model was fitted to counts, too",
                                         "higher")
    model_trusted: Optional[float] = metric("", "part of its atoms with which the half-maps agree", "higher")
    model_spread: Optional[float] = metric("Å", "root mean square spread of atoms over models moved into each half-map", "lower")
    mask_source: Optional[str] = metric("", "where the mask for weights and verdict comes from: given or made", "none")
    mask_fraction: Optional[float] = metric("", "part of the box inside this mask", "none")
    mass_ratio: Optional[float] = metric("", "volume of this mask over that of the mass", "none")
    symmetry_name: Optional[str] = metric("", "the symmetry that was given: its point group, or how many copies", "none")
    symmetry_place: Optional[str] = metric("", "point or origin other than the expected one, at which its operators fit", "none")
    operators_used: Optional[int] = metric("", "operators, beside the identity, by which copies were averaged", "none")
    operators_imposed: Optional[int] = metric("", "operators by which the noise repeats: the reconstruction used them", "none")
    operators_refused: Optional[int] = metric("", "operators that do not fit the half-maps", "lower")
    copies_likeness: Optional[float] = metric("", "correlation of a copy of one half-map with the other over that of the half-maps: least "
                                                  "of the operators used, or best where none is", "higher")
    noise_repeats: Optional[float] = metric("", "highest correlation of the noise with its copy, of operators that fit", "none")
    copies_differ: Optional[float] = metric("", "part of the molecule where copies differ and were not averaged", "none")
    gain_copies: Optional[float] = metric("", "what the copies added to the gain", "higher")
    operators: Optional[Table] = table("what the half-maps say of each operator of the symmetry")
    half_fsc: Optional[Curve] = _fsc_curve("FSC of the half-maps in the mask", "FSC")
    predicted_cref_before: Optional[Curve] = _fsc_curve("Predicted correlation with the signal, mean of the half-maps", "Correlation")
    predicted_cref_wiener: Optional[Curve] = _fsc_curve("Predicted correlation with the signal, local Wiener weights", "Correlation")
    predicted_cref_after: Optional[Curve] = _fsc_curve("Predicted correlation with the signal, modified map", "Correlation")
    density_modified_map: Optional[Map] = map_output("", "the modified map; where it is no better, the initial map", output="outputVolume",
                                                     halves="input")
    initial_map: Optional[Map] = map_output("", "the mean of the half-maps with the spectrum of the modified map",
                                            output="outputInitialVolume")
    resolution_map: Optional[Map] = map_output("Å", "local resolution of the half-maps in Å inside the mask, 0 outside",
                                               output="outputResolution")
    density_modified_half1: Optional[Map] = map_output("", "half-map 1 modified; not for an FSC", output="outputModifiedHalf1")
    density_modified_half2: Optional[Map] = map_output("", "half-map 2 modified; not for an FSC", output="outputModifiedHalf2")
    mask_used: Optional[Map] = map_output("", "the mask, when it was made here", output="outputMask", mask=True)


def compute_density_modify(study: Study, params: DensityModifyParams, *, progress: Progress = silent) -> DensityModifyResult:
    """Density-modified map of two half-maps, the filtered mean with the same spectrum, and whether the first is nearer to the signal.

    Parameters
    ----------
    study
        ``half1`` and ``half2``, float32 [z, y, x]; ``mask``, ``sequence``, ``symmetry`` and ``model`` when they are there.
    params
        Choices of the user.
    progress
        Called as ``progress(fraction, message)``.

    Returns
    -------
    DensityModifyResult
        Without maps where the half-maps are not two measurements of one molecule.

    Raises
    ------
    MissingInputError
        A half-map is missing.
    InputError
        The inputs do not fit together: boxes, a mask beside the molecule, a mass larger than the box, a model without atoms in it;
        or half-maps without signal.

    Notes
    -----
    The noise of the half-maps is independent, so that the mean of half-map 2 over all places where half-map 1 shows the same is the mean of
    the signal there. Four such estimates are put together in each shell by regression on the other half-map. The gain is ``T = mean of
    <s,X> / sqrt(<X,X><O,O>) - <a,b> / <O,O>``, ``<s,X>`` being the product of what was made of one half-map with the other one; it
    estimates ``rho_O (rho_X - rho_O)``. improved: more than 3 standard errors and 0.01; harmed: below -2 standard errors.

    References
    ----------
    Terwilliger et al. (2020), https://doi.org/10.1038/s41592-020-0914-9, whose question this answers by another way.
    """
    study = study.with_(full_map=None)
    study.check("half1", "half2", "mask", least=16, what="density modification needs")
    known = study.independence
    if known.void is not None and not study.half_maps.no_signal:
        return DensityModifyResult(summary=words.refused(known.void), **study.half_map_values())
    inputs = steps.modify_inputs(study, params)
    warnings: List[str] = []
    done = steps.modify(inputs, params, warnings, part(progress, 0.05, 0.8))
    progress(0.85, "local resolution")
    local = compute_local_fsc(study, LocalFscParams())
    values: Dict[str, Any] = dict(study.half_map_values(), **done, local_median=local.median, resolution_map=local.resolution_map,
                                  halves_state=DEPENDENT)
    values.update(limited(known, values, _ENDS, takes_shared=True))
    for name in _ENDS:
        if values[name] is None:
            values[f"{name}_error"] = None
    if params.audit:
        values.update(audited(study, values["density_modified_map"].data, part(progress, 0.92, 0.08)))
    warnings = [*inputs.used.notes(), *words.warnings(study, values, params), *copies.warnings(values, study), *warnings]
    progress(1.0, "done")
    return DensityModifyResult(summary=words.summary(values, known), warnings=tuple(warnings), **values)

