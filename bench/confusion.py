"""The table of confusion: what is said of good inputs and of bad ones, held against what is true of them.

    python bench/confusion.py [--rows PATTERN ...] [--columns NAME ...] [--cases NAME ...] [--seeds N ...] [--quick] [--resume]

Makes the inputs (with the simulator of the shared folder, CRYOQA_SHARED), runs the capabilities, judges what they said, and writes the raw
findings as JSON and the page docs/confusion.rst. Seed 0 is the noise that the cases are defined with; another number gives each case noise
of its own. ``--resume`` keeps the findings that are there and runs what is missing; ``--judge`` runs nothing and remakes the page.
"""
import argparse
import fnmatch
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import confusion_judge
import confusion_page
from confusion_inputs import CHANGES, ROOT, Cache, contour_level
from confusion_rows import COLUMNS, HARMLESS, FAULTS, QUICK, all_rows


def sources_of(row, cache):
    """Inputs of a row by kind."""
    if row.kind in CHANGES:
        return cache.changed(row.case, row.kind)
    return cache.faulty(row.case, row.kind) if row.kind in FAULTS or row.kind in HARMLESS else cache.sources(row.case)


def options_of(row, cache):
    """Voxel size factor, reported resolution (Å) and contour level of a row, those that it has."""
    out = dict(row.options)
    if "reported" in out:
        out["reported"] = round(out["reported"] * cache.truth(row.case)["masked"]["d143"], 3)
    if "contour" in out:
        out["contour"] = contour_level(cache, row.case, out["contour"])
    return out


def look(row, columns, cache):
    """What the capabilities say of a row: a dict by column."""
    import cryoqa_plugin
    from cryoqa_plugin.io.maps import read_map
    sources, options = sources_of(row, cache), options_of(row, cache)
    voxel = read_map(sources["full_map"]).voxel_size[0] * options["voxel"] if "voxel" in options else None
    studies, out = {}, {}
    for name in columns:
        column = COLUMNS[name]
        given = {k: sources[k] for k in column.kinds}
        values = {{"reported": "resolution"}.get(k, k): options[k] for k in column.takes if k in options}
        started = time.process_time()
        try:
            if column.capability == "validate":
                found = _validated(given, values, voxel) if row.validated else None
            else:
                if column.kinds not in studies:
                    studies[column.kinds] = cryoqa_plugin.open(voxel_size=voxel, **given)
                found = _kept(studies[column.kinds].run(column.capability, **values).document)
        except Exception as error:                                  # a refusal is an answer, a traceback a finding
            found = dict(error=f"{type(error).__name__}: {error}", summary="", warnings=[], checks=[], metrics={})
        if found is not None:
            out[name] = dict(found, cpu_s=round(time.process_time() - started, 2))
    return out


def _kept(document):
    checks = [{k: c[k] for k in ("metric", "status", "title", "sentence", "value", "advice")} for c in document["checks"]
              if c["status"] in ("warn", "fail")]
    metrics = {n: m["value"] for n, m in document["metrics"].items()}
    return dict(summary=document["summary"], warnings=document["warnings"], checks=checks, metrics=metrics)


def _validated(sources, values, voxel):
    from cryoqa_plugin.validation.run import validate
    folder = tempfile.mkdtemp(prefix="confusion_")
    try:
        sizes = {k: voxel for k in sources if k != "model"} if voxel else None
        document = validate(sources, folder, voxel_sizes=sizes, **values)
    finally:
        shutil.rmtree(folder)
    checks = [dict({k: c[k] for k in ("metric", "status", "title", "sentence", "value", "advice")}, item=i["id"])
              for i in document["items"] for c in i["checks"] if c["status"] in ("warn", "fail")]
    known = {k: v for k, v in document.items() if k not in ("items", "inputs", "command", "summary", "warnings")}
    return dict(summary=document["summary"], warnings=document["warnings"], checks=checks, metrics={}, document=known,
                items={i["id"]: i["status"] for i in document["items"]})


def chosen(options):
    """The rows that the options name."""
    rows = all_rows()
    if options.quick:
        rows = [r for r in rows if r.name in QUICK]
    if options.cases:
        rows = [r for r in rows if r.case in options.cases]
    if options.rows:
        rows = [r for r in rows if any(fnmatch.fnmatch(r.name, p) or p in (r.kind, r.case) for p in options.rows)]
    return rows


def parse(arguments=None):
    """The options."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--cases", nargs="+", help="cases by name")
    p.add_argument("--seeds", nargs="+", type=int, default=[0], help="noise of the cases, 0 for their own")
    p.add_argument("--rows", nargs="+", help="rows by kind, or by pattern as '* corr*'")
    p.add_argument("--columns", nargs="+", choices=list(COLUMNS), default=list(COLUMNS))
    p.add_argument("--quick", action="store_true", help="a few small rows, without validate; no page unless --page names it")
    p.add_argument("--cache", default=str(Path(tempfile.gettempdir()) / "cryoqa_confusion"), help="folder of the inputs")
    p.add_argument("--out", default=str(Path(tempfile.gettempdir()) / "cryoqa_confusion.json"), help="file of the raw findings")
    p.add_argument("--page", help="page to write, docs/confusion.rst when all rows are run")
    p.add_argument("--resume", action="store_true", help="keep the findings that are there")
    p.add_argument("--judge", action="store_true", help="run nothing, judge the findings that are there")
    options = p.parse_args(arguments)
    if options.quick:
        options.columns = [c for c in options.columns if c != "validate"]
    whole = not (options.quick or options.cases or options.rows)
    options.page = options.page or (str(ROOT / "docs" / "confusion.rst") if whole else None)
    return options


def run(options, say=print):
    """Findings by row and seed; those of the file are kept when resuming."""
    path = Path(options.out)
    findings = json.loads(path.read_text()) if (options.resume or options.judge) and path.is_file() else {}
    for seed in [] if options.judge else options.seeds:
        cache = Cache(options.cache, seed)
        for row in chosen(options):
            key = f"{row.name} #{seed}"
            known = findings.get(key, {}).get("columns", {})
            wanted = [c for c in options.columns if c not in known and (c != "validate" or row.validated)]
            if not wanted:
                continue
            started = time.time()
            columns = dict(known, **look(row, wanted, cache))
            truth = cache.truth(row.case, row.kind if row.kind in FAULTS or row.kind in HARMLESS else None)
            findings[key] = dict(row=row.name, seed=seed, columns={c: columns[c] for c in COLUMNS if c in columns}, truth=truth)
            work = path.with_suffix(".part")
            work.write_text(json.dumps(findings, indent=1, default=float))
            os.replace(work, path)
            verdict = confusion_judge.judge_row(row, findings[key])
            say(f"{key}: {verdict.outcome} ({time.time() - started:.0f} s)", flush=True)
    return findings


def main(arguments=None):
    """Run, judge, write."""
    options = parse(arguments)
    sys.path.insert(0, str(ROOT))
    findings = run(options)
    verdicts = confusion_judge.judge(findings)
    print(confusion_page.totals_text(verdicts))
    if options.page:
        Path(options.page).write_text(confusion_page.page(verdicts, findings), encoding="utf-8")


if __name__ == "__main__":
    main()
