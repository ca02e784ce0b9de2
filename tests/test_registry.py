"""What every row of the registry must have: code, a protocol, a section, a page, a test, a benchmark, a place in the validation."""
from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import math
import re

import pytest

from cryoqa_plugin import bibtex, checks, limits, params, results, runner
from cryoqa_plugin.cli.output import capability_table
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.inputs import KINDS
from cryoqa_plugin.methods.local_resolution.local_resolution import LocalResolution
from cryoqa_plugin.progress import silent
from cryoqa_plugin.registry import BY_ID, CAPABILITIES, find, resolve
from cryoqa_plugin.study.halves import HalfMapFacts
from cryoqa_plugin.study.model_place import ModelPlaceFacts
from sources import FILES, ROOT, runnable, tree

ROWS = pytest.mark.parametrize("row", CAPABILITIES, ids=[c.id for c in CAPABILITIES])
SHARED_PAGES = {HalfMapFacts: "half_maps.rst", ModelPlaceFacts: "model_place.rst"}
ROLES = ("metric", "curve", "table", "map")


def _classes(path):
    return [n.name for n in tree(path).body if isinstance(n, ast.ClassDef)]


def _target(target):
    """File and name of a ``module:name`` string, without importing it."""
    module, name = target.split(":")
    parts = module.split(".")
    folder = ROOT if parts[0] in ("protocols", "viewers") else ROOT / "cryoqa_plugin"
    return folder.joinpath(*parts).with_suffix(".py"), name


def test_there_are_capabilities_and_their_ids_are_unique():
    assert CAPABILITIES
    assert len(BY_ID) == len(CAPABILITIES)
    assert find(CAPABILITIES[0].id) is CAPABILITIES[0] and find("nothing") is None


@ROWS
def test_names_resolve_and_follow_the_convention(row):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", row.id)
    assert row.title and row.level in ("0", "1", "2", "3", "4", "5", "A", "W", "O")
    function, params_class, result_class = resolve(row.run), resolve(row.params), resolve(row.result)
    assert function.__name__ == f"compute_{row.id}"
    assert params_class.__name__ == row.camel + "Params" and result_class.__name__ == row.camel + "Result"
    assert (ROOT / "cryoqa_plugin" / "methods" / row.family / f"{row.id}.py").is_file()
    assert re.fullmatch(rf"cryoqa/{row.id}/[1-9]\d*", result_class.schema)
    assert function.__doc__ and params_class.__doc__ and result_class.__doc__


@ROWS
def test_the_function_takes_a_study_parameters_and_progress(row):
    signature = inspect.signature(resolve(row.run))
    assert list(signature.parameters) == ["study", "params", "progress"]
    progress = signature.parameters["progress"]
    assert progress.kind is inspect.Parameter.KEYWORD_ONLY and progress.default is silent


@ROWS
def test_parameters_are_declared_and_their_defaults_are_allowed(row):
    cls = resolve(row.params)
    assert dataclasses.is_dataclass(cls) and cls.__dataclass_params__.frozen
    assert params.problems(cls()) == []
    for spec in params.specs(cls):
        assert spec.type in (int, float, str, bool), spec.name
        assert spec.help.rstrip().endswith(".") and spec.label, spec.name
        assert spec.name not in KINDS, f"{spec.name} is the name of an input"
        assert spec.default is not None or spec.optional, spec.name
        if spec.only_if:
            other = {s.name: s for s in params.specs(cls)}[spec.only_if[0]]
            allowed = other.choices or ("True", "False", "yes", "no", True, False)
            assert set(spec.only_if[1]) <= set(allowed), spec.name


@ROWS
def test_every_parameter_is_read(row):
    """An option that does nothing is found by reading the code of the method and of what it imports from its room and others."""
    path = ROOT / "cryoqa_plugin" / "methods" / row.family / f"{row.id}.py"
    read = _parameters_read(path, set())
    unread = [s.name for s in params.specs(resolve(row.params)) if s.name not in read]
    assert not unread, f"nothing reads {', '.join(unread)}"


def _parameters_read(path, seen):
    """Names that are read of an object of parameters (``params.x``, ``inputs.params.x``) in a file and the methods it imports."""
    top = ROOT / "cryoqa_plugin" / "methods"
    if path in seen or not path.is_file() or top not in path.parents:
        return set()
    seen.add(path)
    nodes = list(ast.walk(tree(path)))
    names = {"params"} | {n.arg for n in nodes if isinstance(n, ast.arg) and n.annotation and "Params" in ast.dump(n.annotation)}
    for n in nodes:
        if isinstance(n, ast.Assign):
            target, value = n.targets[0], n.value
            pairs = zip(target.elts, value.elts) if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) else [(target, value)]
            names |= {a.id for a, b in pairs if isinstance(a, ast.Name) and isinstance(b, ast.Attribute) and b.attr == "params"}
    read = {n.attr for n in nodes if isinstance(n, ast.Attribute) and (isinstance(n.value, ast.Name) and n.value.id in names
                                                                     or isinstance(n.value, ast.Attribute) and n.value.attr == "params")}
    for n in nodes:
        if isinstance(n, ast.ImportFrom) and n.level:
            module = path.parents[n.level - 1].joinpath(*(n.module or "").split("."))
            for found in [module.with_suffix(".py"), *(module / f"{a.name}.py" for a in n.names)]:
                read |= _parameters_read(found, seen)
    return read


@ROWS
def test_results_say_unit_meaning_and_direction(row):
    cls = resolve(row.result)
    assert issubclass(cls, results.Result) and cls.__dataclass_params__.frozen
    assert results.declared(cls, "metric")
    for role in ROLES:
        for name, info in results.declared(cls, role).items():
            assert len(info["meaning"]) > 8, name
    json.dumps(results.json_schema(cls), allow_nan=False)
    document = results.to_document(cls(summary="Nothing was done."))
    assert document["schema"] == cls.schema
    assert all(m["value"] is None for m in document["metrics"].values())


@ROWS
def test_inputs_are_known_kinds(row):
    assert set(row.needs) | set(row.takes) <= set(KINDS)
    assert not set(row.needs) & set(row.takes)
    for group in row.any_of:
        assert group and set(group) <= set(row.needs) | set(row.takes)
    assert row.memory >= 0
    assert all(hasattr(resolve(row.params)(), name) and more > row.memory for name, _, more in row.costly)


@ROWS
def test_it_has_a_section_in_the_report(row):
    from cryoqa_plugin.report.section import discover
    mine = [s.id for s in discover() if s.capability == row.id]
    assert mine[0] == row.id and all(i.startswith(row.id + "_") for i in mine[1:])     # further ones answer other questions


@ROWS
def test_it_has_a_protocol(row):
    path, name = _target(row.protocol)
    assert path.is_file(), f"{path.relative_to(ROOT)} is missing"
    assert path.stem == f"protocol_{row.id}" and name in _classes(path), f"{name} is not in {path.relative_to(ROOT)}"


@ROWS
def test_references_are_in_the_bibliography(row):
    keys = re.findall(r"^@\w+\{(\w+),", bibtex.__doc__, re.M)
    assert len(keys) == len(set(keys)), "a key is there twice"
    assert row.references or row.id == "import_job"
    assert set(row.references) <= set(keys)


def test_the_bibliography_links_by_doi():
    entries = bibtex.__doc__.split("\n@")[1:]
    assert all("https://dx.doi.org/10." in e or "doi" not in e for e in entries)


@ROWS
def test_the_page_names_every_value_and_parameter(row):
    path = ROOT / "docs" / "capabilities" / f"{row.id}.rst"
    assert path.is_file(), f"{path.relative_to(ROOT)} is missing"
    literals = set(re.findall(r"``([^`]+)``", path.read_text(encoding="utf-8")))
    words = {w for text in literals for w in re.split(r"[^\w]+", text)}
    cls = resolve(row.result)
    shared = {n for c in SHARED_PAGES for n in results.declared(c, "metric")}    # these stand on a page of their own
    names = [n for role in ROLES for n in results.declared(cls, role) if n not in shared]
    names += [s.name for s in params.specs(resolve(row.params))]
    missing = [n for n in names if n not in words and "--" + n.replace("_", "-") not in literals]
    assert not missing, f"docs/capabilities/{row.id}.rst does not name {', '.join(missing)} in literals"


@pytest.mark.parametrize("facts, page", SHARED_PAGES.items(), ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_a_shared_page_names_what_all_results_say(facts, page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert all(f"``{name}``" in text for name in results.declared(facts, "metric"))


@ROWS
def test_there_is_a_test_and_a_benchmark(row):
    assert (ROOT / "tests" / "methods" / f"test_{row.id}.py").is_file()
    claims = tree(ROOT / "bench" / "table.py")
    known = {ast.literal_eval(n.args[0]) for n in ast.walk(claims) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "Claim"}
    assert row.id in known or (ROOT / "bench" / f"bench_{row.id}.py").is_file()


@ROWS
def test_checks_hold_against_values_that_exist(row):
    metrics = results.declared(resolve(row.result), "metric")
    for check in limits.CHECKS.get(row.id, ()):
        assert check.metric in metrics, f"no metric {check.metric}"
        assert check.op in checks._OPS and check.severity in ("warn", "fail")
        assert check.title and not check.title.endswith(".")
        assert check.advice.endswith("."), check.title


@ROWS
def test_it_stands_in_the_validation_or_says_why_not(row):
    from cryoqa_plugin.validation.items import ITEMS
    assert bool(row.items) != bool(row.outside), "name the items that it answers, or say in 'outside' why it answers none"
    assert set(row.items) <= {item.id for item in ITEMS}
    metrics = results.declared(resolve(row.result), "metric")
    for item, metric in row.estimates:
        assert item in row.items and metrics[metric]["unit"] == "Å"
    if row.items:
        assert row.resolution_param in {s.name for s in params.specs(resolve(row.params))} or "resolution" not in {
            s.name for s in params.specs(resolve(row.params))}
    if issubclass(resolve(row.result), LocalResolution) and row.items:
        assert row.estimates, "what measures a local resolution is one of the estimates"


@ROWS
def test_results_share_the_fields_of_what_they_share(row):
    """One name for one number: what takes half-maps says the same of them, what measures a local resolution the same numbers."""
    cls = resolve(row.result)
    own = {n for role in ROLES for n in results.declared(cls, role)}
    if {"half1", "half2"} <= set(row.needs + row.takes) and row.family != "importing":
        assert issubclass(cls, HalfMapFacts)
    if row.family == "local_resolution":
        assert issubclass(cls, LocalResolution)
        assert not own & {"median_resolution", "resolution_median", "local_resolution", "beyond", "beyond_sweep", "finest_fraction",
                          "unresolved", "resolved_fraction"}
    assert not own & {"zero_fraction", "halves_identical", "halves_scale", "halves_masked"}


def test_limits_are_of_registered_capabilities_only():
    assert set(limits.CHECKS) <= set(BY_ID)


def test_no_orphans():
    """Every protocol, page, section and method is in a row, or it is of no use to anyone."""
    protocols = {_target(c.protocol)[0].name for c in CAPABILITIES}
    for path in sorted((ROOT / "protocols").glob("protocol_*.py")):
        assert path.name in protocols | {"protocol_validate.py"}, f"{path.name} is in no row"
    for path in sorted((ROOT / "docs" / "capabilities").glob("*.rst")):
        assert path.stem in BY_ID or path.stem == "index", f"docs/capabilities/{path.name} is of no row"
    runs = {c.run.split(":")[1] for c in CAPABILITIES}
    for path in FILES:
        if "methods" in path.parts:
            for node in tree(path).body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith("compute_"):
                    assert node.name in runs, f"{node.name} of {path.name} is in no row"


def test_the_table_in_the_readme_is_that_of_the_registry():
    text = (ROOT / "README.rst").read_text(encoding="utf-8")
    between = text.split(".. capabilities begin")[1].split(".. capabilities end")[0].strip()
    assert between == capability_table(rst=True).strip(), "replace it by the output of 'cryoqa list --rst'"


def runnable_sources(row, tiny):
    """Files of the tiny half-maps that a row can use, or None when it wants none."""
    given = {n: p for n, p in tiny["paths"].items() if n in row.needs + row.takes}
    return given if row in runner.applicable(given, on_request=True) else None


@ROWS
def test_it_runs_on_tiny_half_maps_and_its_document_follows_its_schema(row, tiny_halves, tmp_path):
    sources = runnable_sources(row, tiny_halves)
    if sources is None:
        pytest.skip("it works on folders and not on maps")
    if row not in runnable(CAPABILITIES):
        pytest.skip(f"it needs {', '.join(row.extras)}")
    seen, quick = [], {"steps": 20, "positions": 1} if row.id == "noise2noise" else None
    document = runner.execute(row.id, sources, quick, outdir=str(tmp_path), progress=lambda f, m: seen.append(f), notes=["Of the source."])
    assert seen == sorted(seen) and all(0 <= f <= 1 for f in seen), "progress goes from 0 to 1"
    saved = results.read_json(str(tmp_path / "result.json"))
    assert saved["metrics"] == json.loads(json.dumps(document["metrics"]))
    _follows(saved, results.json_schema(resolve(row.result)))
    assert saved["summary"].strip().endswith(".") and saved["warnings"][0] == "Of the source."
    if {"half1", "half2"} <= set(sources):
        assert saved["metrics"]["half_maps_identical"]["value"] is False and saved["metrics"]["half_maps_scale"]["value"] >= 1
    assert {"wall_seconds", "cpu_seconds", "peak_memory_bytes", "date_utc", "threads", "versions", "command"} <= set(saved["provenance"])
    for entry in saved["maps"].values():
        assert (tmp_path / entry["path"]).is_file()
    beside = [e["path"] for e in saved["maps"].values()] + [p for e in saved.get("lists", {}).values() for p in e["paths"]]
    beside += [t["csv"] for t in saved["tables"].values() if "csv" in t]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([".cryoqa.json", "result.json", *beside])


def _follows(value, schema, where="document"):
    """The few words of JSON Schema that the schemas use."""
    kinds = {"object": dict, "array": list, "number": (int, float), "string": str, "boolean": bool, "null": type(None)}
    wanted = schema.get("type")
    if wanted:
        assert isinstance(value, tuple(k for w in ([wanted] if isinstance(wanted, str) else wanted)
                                       for k in (kinds[w] if isinstance(kinds[w], tuple) else (kinds[w],)))), where
    assert "const" not in schema or value == schema["const"], where
    if isinstance(value, float):
        assert math.isfinite(value), where
    if isinstance(value, dict):
        assert set(schema.get("required", ())) <= set(value), where
        known = schema.get("properties", {})
        assert schema.get("additionalProperties", True) or set(value) <= set(known), where
        for name in set(known) & set(value):
            _follows(value[name], known[name], f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for item in value:
            _follows(item, schema["items"], where + "[]")


def test_a_row_may_name_a_package_and_a_graphics_card(tiny_halves, monkeypatch):
    from cryoqa_plugin import registry
    from cryoqa_plugin.cli.output import capability_text
    row = dataclasses.replace(find("contour"), extras=("a_package_that_is_nowhere",), gpu=True)
    monkeypatch.setitem(registry.BY_ID, "contour", row)
    with pytest.raises(InputError, match="'contour' needs the package a_package_that_is_nowhere, which is not installed; 'pip install"):
        runner.execute("contour", {"full_map": tiny_halves["paths"]["full_map"]})
    assert "needs: a_package_that_is_nowhere, a graphics card, or more time" in capability_text(row)
