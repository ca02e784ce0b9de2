"""RELION job folders of several versions: what is found, what is warned of."""
from __future__ import annotations

import os

import numpy as np
import pytest

from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.jobs import read_job
from cryoqa_plugin.io.maps import Map, write_map

BOX, VOXEL = 8, 1.5
MASK = "MaskCreate/job020/mask.mrc"
FINAL = ("run_class001", "run_half1_class001_unfil", "run_half2_class001_unfil")


def put(path, voxel=VOXEL):
    """A small map."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = np.random.default_rng(len(str(path))).standard_normal((BOX,) * 3).astype(np.float32)
    write_map(str(path), Map(data, (voxel,) * 3))
    return str(path)


def job_star(folder, label, **options):
    """RELION 4's job.star."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = "\n".join(f"{k} {v or chr(34) * 2}" for k, v in options.items())
    (folder / "job.star").write_text(f"\n# version 40001\n\ndata_job\n\n_rlnJobTypeLabel  {label}\n_rlnJobIsContinue 0\n\n\n"
                                     f"data_joboptions_values\n\nloop_\n_rlnJobOptionVariable #1\n_rlnJobOptionValue #2\n{rows}\n")


def model_star(path, voxel=VOXEL, tables=("model_class_1",)):
    """A model STAR file with an FSC."""
    rows = "\n".join(f"{i} {i / (BOX * voxel):.6f} {BOX * voxel / i if i else 999:.6f} {1 - 0.2 * i:.6f}" for i in range(BOX // 2 + 1))
    text = (f"# version 30001\ndata_model_general\n_rlnOriginalImageSize {BOX}\n_rlnCurrentResolution 3.2\n_rlnPixelSize {voxel}\n\n")
    for name in tables:
        text += f"data_{name}\nloop_\n_rlnSpectralIndex #1\n_rlnResolution #2\n_rlnAngstromResolution #3\n_rlnGoldStandardFsc #4\n{rows}\n"
    path.write_text(text)


def postprocess_star(path, voxel=VOXEL, half="Refine3D/job019/run_half1_class001_unfil.mrc", mask="MaskCreate/job020/mask.mrc"):
    """RELION 5's postprocess.star."""
    rows = "\n".join(f"{i} {i / (BOX * voxel) if i else 0.001:.6f} {BOX * voxel / i if i else 999:.6f} {1 - 0.2 * i:.6f} {1 - 0.21 * i:.6f}"
                     f" {1 - 0.19 * i:.6f} {0.1:.6f}" for i in range(BOX // 2 + 1))
    path.write_text(f"""# RELION postprocess; version 5.0.1
data_general
_rlnFinalResolution 3.4
_rlnUnfilteredMapHalf1 {half}
_rlnUnfilteredMapHalf2 {half.replace('half1', 'half2')}
_rlnMaskName {mask}

data_fsc
loop_
_rlnSpectralIndex #1
_rlnResolution #2
_rlnAngstromResolution #3
_rlnFourierShellCorrelationCorrected #4
_rlnFourierShellCorrelationUnmaskedMaps #5
_rlnFourierShellCorrelationMaskedMaps #6
_rlnCorrectedFourierShellCorrelationPhaseRandomizedMaskedMaps #7
{rows}
""")


@pytest.fixture
def project(tmp_path):
    """A project with a finished Refine3D, MaskCreate, PostProcess and LocalRes."""
    refine = tmp_path / "Refine3D" / "job019"
    job_star(refine, "relion.refine3d", fn_img="Extract/job018/particles.star", fn_mask=MASK, sampling='"7.5 degrees"')
    for name in FINAL + ("run_it003_half1_class001", "run_it003_half2_class001"):
        put(refine / f"{name}.mrc")
    model_star(refine / "run_model.star")
    model_star(refine / "run_it003_half1_model.star")
    job_star(tmp_path / "MaskCreate" / "job020", "relion.maskcreate", fn_in="Refine3D/job019/run_class001.mrc")
    put(tmp_path / "MaskCreate" / "job020" / "mask.mrc")
    post = tmp_path / "PostProcess" / "job021"
    job_star(post, "relion.postprocess", fn_in="Refine3D/job019/run_half1_class001_unfil.mrc", fn_mask=MASK, angpix=-1)
    for name in ("postprocess", "postprocess_masked"):
        put(post / f"{name}.mrc")
    postprocess_star(post / "postprocess.star")
    local = tmp_path / "LocalRes" / "job022"
    job_star(local, "relion.localres.own", fn_in="Refine3D/job019/run_half2_class001_unfil.mrc", fn_mask=MASK, angpix=1.5)
    for name in ("relion_locres", "relion_locres_filtered"):
        put(local / f"{name}.mrc")
    return tmp_path


def test_refine3d(project):
    job = read_job(str(project / "Refine3D" / "job019"))
    assert (job.program, job.kind, job.label, job.version) == ("RELION", "Refine3D", "Refine3D/job019", "4")
    top = project / "Refine3D" / "job019"
    assert job.sources() == {"full_map": str(top / "run_class001.mrc"), "half1": str(top / "run_half1_class001_unfil.mrc"),
                             "half2": str(top / "run_half2_class001_unfil.mrc"), "mask": str(project / MASK)}
    assert job.resolution == 3.2 and job.voxel_size == 1.5 and job.box == 8 and job.iteration is None and job.warnings == ()
    freq, values = job.fsc["refinement"]
    assert freq[2] == pytest.approx(2 / 12, abs=1e-6) and values[1] == 0.8


def test_postprocess_finds_the_maps_of_its_inputs(project):
    job = read_job(str(project / "PostProcess" / "job021"))
    assert job.half2 == str(project / "Refine3D" / "job019" / "run_half2_class001_unfil.mrc")
    assert job.mask == str(project / "MaskCreate" / "job020" / "mask.mrc") and job.full_map.endswith("/postprocess.mrc")
    assert job.resolution == 3.4 and job.version == "5.0.1" and job.voxel_size == pytest.approx(1.5) and job.warnings == ()
    assert set(job.fsc) == {"corrected", "unmasked", "masked", "phase_randomised"}
    assert job.fsc["masked"][0][0] == 0 and job.fsc["masked"][1][2] == pytest.approx(0.62)


def test_postprocess_without_its_star_uses_the_options_or_the_pipeline(project):
    folder = project / "PostProcess" / "job021"
    (folder / "postprocess.star").unlink()
    assert read_job(str(folder)).half1.endswith("job019/run_half1_class001_unfil.mrc")
    (folder / "job.star").unlink()
    (folder / "job_pipeline.star").write_text("data_pipeline_input_edges\nloop_\n_rlnPipeLineEdgeFromNode #1\n_rlnPipeLineEdgeProcess #2\n"
                                              "Refine3D/job019/run_half1_class001_unfil.mrc PostProcess/job021/\n"
                                              "MaskCreate/job020/mask.mrc PostProcess/job021/\n")
    job = read_job(str(folder))
    assert job.half2.endswith("run_half2_class001_unfil.mrc") and job.mask.endswith("mask.mrc") and job.fsc == {}


def test_relion_3_0_run_job(project):
    folder = project / "PostProcess" / "job021"
    (folder / "job.star").unlink()
    (folder / "postprocess.star").unlink()
    (folder / "run.job").write_text("job_type == 15\nis_continue == false\nAdd B-factor to map? == No\nCalibrated pixel size (A) == 1.5\n"
                                    "One of the 2 unfiltered half-maps: == Refine3D/job019/run_half1_class001_unfil.mrc\n"
                                    "Solvent mask: == MaskCreate/job020/mask.mrc\n")
    job = read_job(str(folder))
    assert job.kind == "PostProcess" and job.half1.endswith("unfil.mrc") and job.mask.endswith("mask.mrc") and job.voxel_size == 1.5


def test_localres_and_maskcreate(project):
    job = read_job(str(project / "LocalRes" / "job022"))
    assert job.kind == "LocalRes" and job.full_map.endswith("filtered.mrc")
    assert job.sources()["resolution_map"] == job.local_resolution == str(project / "LocalRes" / "job022" / "relion_locres.mrc")
    assert "half1" in job.half1 and "half2" in job.half2 and job.mask
    job = read_job(str(project / "MaskCreate" / "job020"))
    assert job.kind == "MaskCreate" and job.mask.endswith("mask.mrc") and job.full_map.endswith("run_class001.mrc") and job.missing() == []


def test_multibody(project):
    folder = project / "MultiBody" / "job030"
    job_star(folder, "relion.multibody", fn_in="Refine3D/job019/run_it003_optimiser.star", fn_bodies="bodies.star")
    for body in (1, 2):
        for name in (f"run_body{body:03d}", f"run_half1_body{body:03d}_unfil", f"run_half2_body{body:03d}_unfil"):
            put(folder / f"{name}.mrc")
    put(project / "masks" / "small.mrc")
    (project / "bodies.star").write_text("data_\nloop_\n_rlnBodyMaskName\n_rlnBodyRotateIndex\nmasks/large.mrc 2\nmasks/small.mrc 1\n")
    model_star(folder / "run_model.star", tables=("model_body_1", "model_body_2"))
    job = read_job(str(folder))
    assert job.kind == "MultiBody" and [b.number for b in job.bodies] == [1, 2] and job.mask is None
    assert job.half1.endswith("run_half1_body001_unfil.mrc") and any("2 bodies" in w for w in job.warnings)
    second = read_job(str(folder), body=2)
    assert second.full_map.endswith("run_body002.mrc") and second.mask == str(project / "masks" / "small.mrc")
    assert second.half2.endswith("half2_body002_unfil.mrc") and list(second.fsc) == ["refinement"]
    with pytest.raises(InputError, match="no body 3 .*bodies are 1, 2"):
        read_job(str(folder), body=3)
    with pytest.raises(InputError, match="no bodies"):
        read_job(str(project / "Refine3D" / "job019"), body=1)


def test_unfinished_refinement_says_so(project):
    folder = project / "Refine3D" / "job019"
    for name in ("run_class001", "run_half1_class001_unfil", "run_half2_class001_unfil"):
        (folder / f"{name}.mrc").unlink()
    for half in (1, 2):
        put(folder / f"run_it012_half{half}_class001.mrc")
    (folder / "run_model.star").unlink()
    job = read_job(str(folder))
    assert job.iteration == 12 and job.half1.endswith("run_it012_half1_class001.mrc") and job.half2.endswith("run_it012_half2_class001.mrc")
    assert job.full_map is None and job.fsc["refinement"][0].size == 5
    assert any("did not finish" in w for w in job.warnings) and any("no measure of the resolution" in w for w in job.warnings)
    for half in (1, 2):
        put(folder / f"run_it012_half{half}_class001_unfil.mrc")
    job = read_job(str(folder))
    assert job.half1.endswith("_unfil.mrc") and not any("no measure" in w for w in job.warnings)


def test_final_half_maps_without_unfil_are_found_and_said(project):
    folder = project / "Refine3D" / "job019"
    for half in (1, 2):
        (folder / f"run_half{half}_class001_unfil.mrc").rename(folder / f"run_half{half}_class001.mrc")
    job = read_job(str(folder))
    assert job.half1.endswith("job019/run_half1_class001.mrc") and job.half2.endswith("job019/run_half2_class001.mrc")
    assert job.iteration is None and job.filtered and job.full_map.endswith("run_class001.mrc")
    assert len(job.warnings) == 1 and "there are no '_unfil' maps" in job.warnings[0]


def test_text_in_a_column_of_numbers_leaves_out_its_curve_and_is_said(project):
    path = project / "PostProcess" / "job021" / "postprocess.star"
    lines = path.read_text().split("\n")
    rows = [i for i, line in enumerate(lines) if line[:1].isdigit()]
    lines[rows[2]] = lines[rows[2]].replace("0.62", "oops")
    path.write_text("\n".join(lines))
    job = read_job(str(path.parent))
    assert "masked" not in job.fsc and len(job.fsc["unmasked"][0]) == 5 and job.voxel_size == 1.5
    assert [w for w in job.warnings if "oops" in w] == [
        f"Table 'fsc' of '{path}' has 'oops0000' in row 3 of column _rlnFourierShellCorrelationMaskedMaps, which is no number; write or "
        "copy the file again."]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have names on Unix only")
def test_a_pipe_in_place_of_a_file_is_not_waited_for(project):
    folder = project / "Refine3D" / "job019"
    (folder / "job.star").unlink()
    os.mkfifo(str(folder / "job.star"))
    assert read_job(str(folder)).half1.endswith("unfil.mrc")


def test_voxel_size_of_the_header_disagrees(project):
    folder = project / "Refine3D" / "job019"
    for name in ("run_class001", "run_half1_class001_unfil", "run_half2_class001_unfil"):
        put(folder / f"{name}.mrc", voxel=1.0)
    job = read_job(str(folder))
    assert job.voxel_size == 1.5 and job.header_voxel_size == 1.0
    assert any("run_model.star says voxels of 1.5" in w for w in job.warnings)
    job = read_job(str(project / "PostProcess" / "job021"))
    assert job.voxel_size == pytest.approx(1.5) and len(job.warnings) == 1


def test_named_files_that_are_not_there_and_damaged_files(project):
    (project / "MaskCreate" / "job020" / "mask.mrc").unlink()
    job = read_job(str(project / "PostProcess" / "job021"))
    assert job.mask is None and any("mask MaskCreate/job020/mask.mrc, named by postprocess.star, was not found" in w for w in job.warnings)
    assert any("No mask" in s for s in job.missing())
    folder = project / "Refine3D" / "job019"
    (folder / "run_model.star").write_text("nothing")
    (folder / "run_half1_class001_unfil.mrc").write_bytes(b"short")
    job = read_job(str(folder))
    assert job.half1 and any("no STAR file" in w for w in job.warnings) and any("short" not in w and "1024" in w for w in job.warnings)


@pytest.mark.realdata
def test_real_refinement_and_postprocess(shared):
    job = read_job(str(shared / "data" / "relion" / "emtools_refine3d"))
    assert job.kind == "Refine3D" and job.iteration == 16 and job.voxel_size == 1.244835 and job.resolution == pytest.approx(3.354503)
    assert job.version.startswith("4.0-alpha") and len(job.fsc["refinement"][0]) == 129 and job.half1 is None
    job = read_job(str(shared / "data" / "relion" / "starfile"))
    assert job.kind == "PostProcess" and job.resolution == pytest.approx(16.363636) and len(job.fsc) == 4
    job = read_job(str(shared / "reference" / "p96"))
    assert job.version.startswith("5.0.15") and job.resolution == pytest.approx(2.341463) and len(job.fsc["masked"][0]) == 49
