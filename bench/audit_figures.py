"""What an audit says of processed maps whose truth is known: the tables of docs/capabilities/audit.rst.

    python bench/audit_figures.py FOLDER [--cases NAME[:SEED] ...] [--parts faults honest dishonest]

Simulated cases are kept in FOLDER, and made there by the simulator of the shared folder (CRYOQA_SHARED) when they are missing; a case of
chain A of 3O21 can have another seed, as u34_108:104. ``faults``: planted and removed parts (tests/processed.py, seed ``--planted``), of
a noise-free and of a filtered map. ``honest``: what cryoqa's own filters make of the half-maps. ``dishonest``: maps that are no filter of
them. Each line gives the case, the map and its figures.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

CHAIN = {f"u{d}_108": ["--model=3o21.pdb", "--chains=A", "--box=108", f"--d143={d[0]}.{d[1]}"] for d in ("26", "34", "45")}
CASES = ("u26_108:102", "u34_108:103", "u45_108:103", "t160", "l160", "rna128")
PARTS = ("faults", "honest", "dishonest")


def made(folder: Path, asked: str) -> Path:
    """The folder of a simulated case, made when it is not there."""
    name, _, seed = asked.partition(":")
    place = folder / (f"{name}_s{seed}" if seed else name)
    if not (place / f"{name}_truth.json").is_file():
        shared = Path(os.environ.get("CRYOQA_SHARED") or ROOT.parent / "shared")
        how = ["custom", str(place), f"--name={name}", *CHAIN[name], f"--seed={seed}"] if name in CHAIN else [name, str(place)]
        subprocess.run([sys.executable, str(shared / "tools" / "simulate.py"), *how], check=True, stdout=subprocess.DEVNULL)
    return place


def audited(case: Any, data: np.ndarray, model: Any = None) -> Any:
    """The audit of a map against the half-maps of a case."""
    from cryoqa_plugin.methods.map_info.audit import AuditParams, compute_audit
    from cryoqa_plugin.study import Study
    full_map = case.half1.with_data(np.asarray(data, np.float32))
    return compute_audit(Study(full_map=full_map, half1=case.half1, half2=case.half2, mask=case.mask, model=model), AuditParams())


def roc(bad: np.ndarray, good: np.ndarray) -> float:
    """Area under the ROC curve of a score that is low for bad residues; NaN counts as 0."""
    bad, good = (np.nan_to_num(v) for v in (bad, good))
    return float((bad[:, None] < good[None]).mean() + 0.5 * (bad[:, None] == good[None]).mean()) if bad.size else float("nan")


def faults(case: Any, seed: int) -> Iterator[Tuple[str, Dict[str, float]]]:
    """Planted and removed parts of a network's map and of a filtered one."""
    import processed
    found = processed.faults(case.model, seed, case.half1.shape[0] * case.half1.voxel_size[0])
    kind = np.array(found.kind)
    places = {n: _atoms(found, kind == n) for n in ("helix", "surface", "loop", "side") if n in found.kind}
    for make in (processed.network, processed.filtered):
        out = audited(case, make(case, found), found.model)
        names = [getattr(c, "name", c) for c in out.residues.columns]
        t, around, v = (np.array([np.nan if r[names.index(n)] is None else r[names.index(n)] for r in out.residues.rows], float)
                        for n in ("support", "around", "presence"))
        kept = kind == "kept"
        row = dict(kept=float(np.nanpercentile(t[kept], 5)), kept_median=float(np.nanmedian(t[kept])), planted_roc=roc(t[~kept], t[kept]),
                   planted_largest=float(np.nanmax(t[~kept])), v_kept=float(np.nanpercentile(v[kept], 1)))
        for part in places:
            here = kind == part
            row.update({f"{part}_t": float(np.nanmedian(t[here])), f"{part}_roc": roc(t[here], t[kept]),
                        f"{part}_around": float(np.nanmedian(around[here])), f"{part}_around_roc": roc(around[here], around[kept])})
        row.update(_peaks(out, np.concatenate(list(places.values())), found.removed))
        verdict = np.array([r[names.index("verdict")] == "unsupported" for r in out.residues.rows])
        row.update(named=float(verdict[~kept].mean()), named_wrongly=float(np.count_nonzero(verdict[kept])))
        yield make.__name__, row


def _atoms(found: Any, which: np.ndarray) -> np.ndarray:
    residues = [r for c in found.model.structure[0] for r in c]
    return np.array([a.pos.tolist() for r, w in zip(residues, which) if w for a in r])


def _peaks(out: Any, planted: np.ndarray, removed: Tuple[np.ndarray, ...]) -> Dict[str, float]:
    """Heights of the peaks at planted and removed parts (within 4 Å), and of the highest elsewhere; rank of the long removed stretch."""
    def near(row: Any, xyz: np.ndarray) -> bool:
        return float(np.linalg.norm(xyz - np.array(row[1:4]), axis=1).min()) < 4

    gone = np.concatenate(removed)
    lost, added = out.lost_peaks.rows, out.unsupported_peaks.rows
    at = [i for i, r in enumerate(lost) if near(r, removed[0])]
    return dict(lost=lost[at[0]][0] if at else 0.0, lost_rank=at[0] + 1 if at else 0,
                lost_false=max([r[0] for r in lost if not near(r, gone)], default=0.0),
                added=added[0][0] if added else 0.0, added_false=max([r[0] for r in added if not near(r, planted)], default=0.0))


def honest(case: Any) -> Iterator[Tuple[str, np.ndarray]]:
    """What filters, masks and sharpening make of the half-maps."""
    from cryoqa_plugin.methods.sharpening import auto_sharpen, denoise, density_modify, local_sharpen
    from cryoqa_plugin.methods.sharpening import locscale, optimal_map, postprocess, shell_sharpen
    from cryoqa_plugin.study import Study
    halves = dict(half1=case.half1, half2=case.half2, mask=case.mask)
    post = postprocess.compute_postprocess(Study(**halves), postprocess.PostprocessParams()).sharpened.data
    yield "postprocess", post
    yield "mask", post * case.mask.data
    yield "gain 1 to 4", post * np.linspace(1, 4, post.shape[0], dtype=np.float32)[:, None, None]
    yield "auto-sharpen", auto_sharpen.compute_auto_sharpen(Study(**halves), auto_sharpen.AutoSharpenParams()).sharpened.data
    yield "shell-sharpen", shell_sharpen.compute_shell_sharpen(Study(**halves), shell_sharpen.ShellSharpenParams()).sharpened.data
    for target in ("density", "b0"):
        params = local_sharpen.LocalSharpenParams(target=target)
        yield f"local-sharpen {target}", local_sharpen.compute_local_sharpen(Study(**halves), params).sharpened.data
    yield "optimal-map", optimal_map.compute_optimal_map(Study(**halves), optimal_map.OptimalMapParams()).sharpened.data
    yield "local-filter", _local_filter(case)
    yield "locscale", locscale.compute_locscale(Study(**halves), locscale.LocscaleParams()).sharpened.data
    yield "locscale model", locscale.compute_locscale(Study(**halves, model=case.model), locscale.LocscaleParams()).sharpened.data
    modified = density_modify.compute_density_modify(Study(**halves), density_modify.DensityModifyParams(compare=False))
    yield "density-modify", modified.density_modified_map.data
    for method in ("wiener", "conditional", "sidesplitter", "lafter"):
        yield f"denoise {method}", denoise.compute_denoise(Study(**halves), denoise.DenoiseParams(method)).denoised_map.data


def _local_filter(case: Any) -> np.ndarray:
    from cryoqa_plugin.methods.local_resolution.local_fsc import LocalFscParams, compute_local_fsc
    from cryoqa_plugin.methods.sharpening.local_filter import LocalFilterParams, compute_local_filter
    from cryoqa_plugin.study import Study
    halves = dict(half1=case.half1, half2=case.half2, mask=case.mask)
    local = compute_local_fsc(Study(**halves), LocalFscParams()).resolution_map
    return compute_local_filter(Study(**halves, resolution_map=local), LocalFilterParams()).filtered.data


def dishonest(case: Any) -> Iterator[Tuple[str, np.ndarray]]:
    """Maps that are no filter of the half-maps, or carry their noise."""
    import processed
    from cryoqa_plugin.core import filters, fourier
    from cryoqa_plugin.methods.sharpening.locspiral import LocspiralParams, compute_locspiral
    from cryoqa_plugin.methods.sharpening.postprocess import PostprocessParams, compute_postprocess
    from cryoqa_plugin.study import Study
    halves = Study(half1=case.half1, half2=case.half2, mask=case.mask)
    plain = compute_postprocess(halves, PostprocessParams()).sharpened.data
    geo, inside = fourier.geometry(plain.shape, case.half1.voxel_size), case.mask.data > 0.5
    texture = np.roll(np.flip(case.truth.data, 0), (9, -7), (1, 2))
    texture = processed.low_pass(fourier.forward(texture), case.half1, 0.92 * case.d143) * case.mask.data
    yield "texture, 30 %", plain + 0.3 * plain[inside].std() * texture / texture[inside].std()
    yield "texture as the map, 30 %", plain + 0.3 * plain[inside].std() * _like(texture, plain, geo, inside)
    yield "x abs(x)", plain * np.abs(plain)
    yield "clipped", np.clip(plain, -plain.std(), plain.std())
    yield "LocSpiral", compute_locspiral(halves, LocspiralParams()).sharpened.data
    yield "random phases", _random_phases(plain)
    yield "truth", processed.low_pass(fourier.forward(case.truth.data), case.half1, 0.92 * case.d143)
    steep = filters.apply_radial(fourier.forward(case.mean), geo, filters.bfactor_profile(geo, -200.0))
    yield "B = -200", fourier.inverse(steep, geo.shape)


def _like(data: np.ndarray, other: np.ndarray, geo: Any, inside: np.ndarray) -> np.ndarray:
    """A map with the spectrum of another one, and a standard deviation of 1 inside."""
    from cryoqa_plugin.core import filters, fourier, shells
    mine, its = (shells.power_sums(fourier.forward(m), geo)[0] for m in (data, other * inside))
    gain = np.sqrt(np.divide(its, mine, out=np.zeros_like(mine), where=mine > 1e-9 * mine.max()))
    made_ = fourier.inverse(filters.apply_radial(fourier.forward(data), geo, gain), geo.shape)
    return made_ / made_[inside].std()


def _random_phases(data: np.ndarray) -> np.ndarray:
    from cryoqa_plugin.core import fourier
    noise = fourier.forward(np.random.default_rng(3).standard_normal(data.shape).astype(np.float32))
    return fourier.inverse(np.abs(fourier.forward(data)) * noise / np.maximum(np.abs(noise), 1e-20), data.shape)


def figures(case: Any, data: np.ndarray) -> Dict[str, float]:
    """Shares of an audit, its peaks, and how far the true FSC is outside of its bounds."""
    out = audited(case, data)
    below, above = _outside(case, data, out)
    return dict(share=out.supported_share, unsupported=out.unsupported_power, beyond=out.power_beyond, noise=out.noise_share,
                linear=float("behaves as a filtered" in out.summary), below=below, above=above,
                lost=max([r[0] for r in out.lost_peaks.rows], default=0.0), named_lost=out.lost_count,
                added=max([r[0] for r in out.unsupported_peaks.rows], default=0.0))


def _outside(case: Any, data: np.ndarray, out: Any) -> Tuple[float, float]:
    """How far the FSC with the truth falls below and rises above the bounds, at most, where the map has data."""
    from cryoqa_plugin.core import fourier, shells
    from cryoqa_plugin.methods.map_info import audit_shells
    if out.data_to is None:
        return 0.0, 0.0
    geo = fourier.geometry(data.shape, case.half1.voxel_size)
    both = [fourier.forward(np.asarray(m, np.float32)) for m in (data, case.truth.data)]
    own, true = (audit_shells.masked(ft, geo, audit_shells.whitening(ft, geo), case.mask.data) for ft in both)
    truth = shells.fsc(shells.cross_sums(own, true, geo))[np.rint(out.true_fsc.x * geo.length).astype(int)]
    known = out.true_fsc.x < 1 / out.data_to - 3 / geo.length
    return (float(np.maximum(out.true_fsc.lower - truth, 0)[known].max(initial=0)),
            float(np.maximum(truth - out.true_fsc.upper, 0)[known].max(initial=0)))


def rows(case: Any, part: str, seed: int) -> Iterator[Tuple[str, Dict[str, float]]]:
    """Name and figures of each map of a part."""
    if part == "faults":
        yield from faults(case, seed)
    else:
        for name, data in (honest if part == "honest" else dishonest)(case):
            yield name, figures(case, data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cases", nargs="+", default=CASES)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--planted", type=int, default=5)
    asked = parser.parse_args()
    import processed
    for name in asked.cases:
        case = processed.read_case(made(asked.folder, name), name.partition(":")[0])
        for part in asked.parts:
            for label, row in rows(case, part, asked.planted):
                print(f"{name:12} {label:24}", "  ".join(f"{k} {v:.4g}" for k, v in row.items()), flush=True)


if __name__ == "__main__":
    main()
