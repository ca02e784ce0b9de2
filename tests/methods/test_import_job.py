"""The import of a job folder as a capability: values, tables, curves, checks, the command line's sentences."""
from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "io"))

import cryoqa_plugin                                                    # noqa: E402
from cryoqa_plugin import cli, runner                                  # noqa: E402
from cryoqa_plugin.api import open as open_study                       # noqa: E402
from cryoqa_plugin.errors import InputError, MissingInputError         # noqa: E402
from cryoqa_plugin.io.jobs import read_job                             # noqa: E402
from cryoqa_plugin.methods.importing.import_job import ImportJobParams, compute_import_job   # noqa: E402
from cryoqa_plugin.study import Study                                  # noqa: E402
from test_cryosparc import fsc_text                                    # noqa: E402
from test_relion import job_star, model_star, postprocess_star, put    # noqa: E402


@pytest.fixture
def project(tmp_path):
    """A RELION project with one finished refinement and its postprocessing."""
    refine, post = tmp_path / "Refine3D" / "job019", tmp_path / "PostProcess" / "job021"
    job_star(refine, "relion.refine3d", fn_mask="MaskCreate/job020/mask.mrc")
    for name in ("run_class001", "run_half1_class001_unfil", "run_half2_class001_unfil"):
        put(refine / f"{name}.mrc")
    put(tmp_path / "MaskCreate" / "job020" / "mask.mrc")
    model_star(refine / "run_model.star")
    job_star(post, "relion.postprocess", fn_in="Refine3D/job019/run_half1_class001_unfil.mrc", fn_mask="MaskCreate/job020/mask.mrc")
    put(post / "postprocess.mrc")
    postprocess_star(post / "postprocess.star")
    return tmp_path


def test_refinement_as_a_document(project, tmp_path):
    seen = []
    document = runner.execute("import_job", {"job": str(project / "Refine3D" / "job019")}, {}, str(tmp_path / "out"),
                              progress=lambda fraction, message: seen.append(fraction))
    assert seen == [0.0, 1.0]
    assert document["inputs"]["job"]["path"] == str(project / "Refine3D" / "job019") and document["parameters"] == {"body": 0}
    metrics = {n: m["value"] for n, m in document["metrics"].items()}
    assert metrics["program"] == "RELION" and metrics["job_kind"] == "Refine3D" and metrics["job_label"] == "Refine3D/job019"
    assert metrics["voxel_size"] == 1.5 and metrics["reported_resolution"] == 3.2 and metrics["box_size"] == 8 and metrics["finished"]
    assert [r[0] for r in document["tables"]["files"]["rows"]] == ["full_map", "half1", "half2", "mask"]
    assert document["tables"]["files"]["rows"][0][2:] == ["8 x 8 x 8", 1.5]
    assert document["summary"] == ("RELION Refine3D/job019 holds full map, half-map 1, half-map 2, mask, an FSC curve; "
                                   "voxels of 1.5 Å, 3.20 Å reported.")
    assert {c["status"] for c in document["checks"]} == {"ok"} and document["warnings"] == [] and document["maps"] == {}
    assert json.loads((tmp_path / "out" / "result.json").read_text())["curves"]["fsc_refinement"]["y"][1] == 0.8
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [".cryoqa.json", "result.json"]


def test_curves_of_both_programs_have_our_names(project, tmp_path):
    result = compute_import_job(Study(job=read_job(str(project / "PostProcess" / "job021"))), ImportJobParams())
    np.testing.assert_allclose(result.fsc_true.y[:2], [1, 0.8])
    np.testing.assert_allclose(result.fsc_masked.y[:2], [1, 0.81])
    assert result.fsc_unmasked is not None and result.fsc_phase_randomised is not None and result.fsc_refinement is None
    top = tmp_path / "J7"
    put(top / "J7_001_volume_map_half_A.mrc")
    put(top / "J7_001_volume_map_half_B.mrc")
    (top / "J7_fsc_iteration_001.txt").write_text(fsc_text())
    result = compute_import_job(Study(job=read_job(str(top))), ImportJobParams())
    np.testing.assert_allclose(result.fsc_masked.y, [1, 0.9, 0.6, 0.2])
    assert result.voxel_size == result.header_voxel_size == 1.5 and result.voxel_sizes_agree is None
    assert result.fsc_spherical is not None and result.fsc_loose is not None and result.program == "cryoSPARC" and result.has_half_maps
    assert any("No full map" in w for w in result.warnings)


def test_checks_say_what_is_wrong(project):
    top = project / "Refine3D" / "job019"
    (top / "run_half2_class001_unfil.mrc").unlink()
    put(top / "run_class001.mrc", voxel=1.0)
    put(top / "run_half1_class001_unfil.mrc", voxel=1.0)
    document = cryoqa_plugin.run("import_job", job=str(top))
    status = {c["metric"]: c["status"] for c in document["checks"]}
    assert status == {"has_half_maps": "warn", "halves_filtered": "skipped", "finished": "ok", "voxel_sizes_agree": "warn"}
    assert any("says voxels of 1.5 Å but the header" in w for w in document["warnings"])
    mask = cryoqa_plugin.run("import_job", job=str(project / "MaskCreate" / "job020"))
    assert mask["metrics"]["has_half_maps"]["value"] is None and mask["metrics"]["job_kind"]["value"] == "MaskCreate"


def test_damaged_map_is_named_and_stops_nothing(project):
    (project / "MaskCreate" / "job020" / "mask.mrc").write_bytes(b"short")
    document = cryoqa_plugin.run("import_job", job=str(project / "Refine3D" / "job019"))
    assert any("5 bytes" in w for w in document["warnings"]) and document["tables"]["files"]["rows"][3][2:] == [None, None]


def test_one_sentence_for_a_folder_that_is_none(project, tmp_path):
    with pytest.raises(MissingInputError, match=r"Job folder \(job\) is needed"):
        cryoqa_plugin.run("import_job")
    with pytest.raises(MissingInputError, match="does not exist"):
        cryoqa_plugin.run("import_job", job=str(tmp_path / "nowhere"))
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match="neither a RELION job"):
        cryoqa_plugin.run("import_job", job=str(tmp_path / "other"))
    with pytest.raises(InputError, match="no bodies"):
        cryoqa_plugin.run("import_job", job=str(project / "Refine3D" / "job019"), body=2)
    with pytest.raises(InputError, match="at least 0"):
        cryoqa_plugin.run("import_job", job=str(project), body=-1)


def test_the_document_tells_a_folder_that_changed(project):
    folder = project / "Refine3D" / "job019"
    first, again = (cryoqa_plugin.run("import_job", job=str(folder))["inputs"]["job"]["sha256"] for _ in range(2))
    put(folder / "run_class001.mrc", voxel=1.5)
    same = cryoqa_plugin.run("import_job", job=str(folder))["inputs"]["job"]["sha256"]
    (folder / "note.txt").write_text("One file more.")
    assert first == again == same != cryoqa_plugin.run("import_job", job=str(folder))["inputs"]["job"]["sha256"]
    lines = [f"{p.relative_to(folder)} {p.stat().st_size}" for p in sorted(folder.rglob("*"))]
    told = cryoqa_plugin.run("import_job", job=str(folder))["inputs"]["job"]["sha256"]
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == told


def test_in_python_and_each_warning_once(project):
    put(project / "Refine3D" / "job019" / "run_class001.mrc", voxel=1.0)
    put(project / "Refine3D" / "job019" / "run_half1_class001_unfil.mrc", voxel=1.0)
    folder = str(project / "Refine3D" / "job019")
    study = open_study(job=folder)
    result = study.import_job()
    assert result.program == "RELION" and result.job_label == "Refine3D/job019" and study.half1.shape == (8, 8, 8)
    notes = study.only(("full_map",)).notes()
    for warnings in (result.document["warnings"], cryoqa_plugin.run("import_job", job=folder)["warnings"], notes):
        assert sum("says voxels of 1.5 Å but the header" in w for w in warnings) == 1


def test_at_the_command_line(project, capsys):
    assert cli.main(["import-job", "--job", str(project / "Refine3D" / "job019"), "--json", "--no-report", "-q", "-o",
                     str(project / "out")]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["job_label"]["value"] == "Refine3D/job019"
    assert cli.main(["import-job", "--job", str(project / "no"), "--no-report", "-q"]) == 2
    assert f"Job folder (--job) '{project / 'no'}' does not exist" in capsys.readouterr().err
    assert cli.main(["import-job", "--job", str(project / "Refine3D" / "job019" / "job.star"), "--no-report", "-q", "-o",
                     str(project / "out2")]) == 0


@pytest.mark.realdata
@pytest.mark.parametrize("name, program, curves", [("relion/emtools_refine3d", "RELION", ["fsc_refinement"]),
                                                   ("relion/starfile", "RELION",
                                                    ["fsc_masked", "fsc_phase_randomised", "fsc_true", "fsc_unmasked"]),
                                                   ("cryosparc/t20s_J209", "cryoSPARC", [])])
def test_real_folders(shared, name, program, curves):
    document = cryoqa_plugin.run("import_job", job=str(shared / "data" / name))
    assert document["metrics"]["program"]["value"] == program and sorted(document["curves"]) == curves
    assert document["metrics"]["has_half_maps"]["value"] is False
