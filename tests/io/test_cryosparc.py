"""cryoSPARC folders of several versions: what is found, what is warned of."""
from __future__ import annotations

import json

import numpy as np
import pytest

from cryoqa_plugin.errors import FormatError
from cryoqa_plugin.io.cryosparc import read_fsc_table
from cryoqa_plugin.io.jobs import read_job
from test_cs import write_cs
from test_relion import put

HEAD = "wave_number\tfsc_nomask\tfsc_sphericalmask\tfsc_loosemask\tfsc_tightmask\tfsc_noisesub_raw\tfsc_noisesub_true\tfsc_noisesub"
NAMES = ("volume_map", "volume_map_half_A", "volume_map_half_B", "volume_map_sharp", "volume_mask_refine", "volume_mask_fsc")


def fsc_text(tight=(1, 0.9, 0.6, 0.2), random=(0.5, 0.3, 0.1, 0.05)):
    """FSC table of versions 2 to 4."""
    lines = [HEAD]
    for i, (t, n) in enumerate(zip(tight, random), 1):
        true = (t - n) / (1 - n)
        lines.append("\t".join(f"{v:.6f}" for v in (i, t - 0.3, t - 0.2, t - 0.1, t, n, true, true)))
    return "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path):
    """A finished job J42 of version 4."""
    top = tmp_path / "P3" / "J42"
    for iteration in ("002", "010"):
        for name in NAMES:
            put(top / f"J42_{iteration}_{name}.mrc")
            prefix = name.replace("volume_", "")
            write_cs(top / f"J42_{iteration}_{name}.cs", prefix, f"J42/J42_{iteration}_{name}.mrc")
    put(top / "J42_010_volume_mask_fsc_auto.mrc")
    entry = "  {}:\n    metafile: '>J42_010_{}.cs'\n    num_items: 1\n    type: volume.blob"
    results = "\n".join(entry.format(n.replace("volume_", ""), n) for n in NAMES)
    (top / "J42_volume.csg").write_text(f"group:\n  name: volume\n  type: volume\nresults:\n{results}\nversion: v4.4.1\n")
    stats = {"fsc_info_best": {"radwn_final_A": 3.21}}
    (top / "job.json").write_text(json.dumps({"uid": "J42", "project_uid": "P3", "job_type": "nonuniform_refine_new", "status": "completed",
                                              "version": "v4.4.1", "output_result_groups": [{"latest_summary_stats": stats}]}))
    (top / "P3_J42_fsc_iteration_002.txt").write_text(fsc_text(tight=(1, 0.5, 0.2, 0.1)))
    (top / "P3_J42_fsc_iteration_010.txt").write_text(fsc_text(tight=(1, 0.8, 0.5, 0.1)))
    (top / "P3_J42_fsc_iteration_010_after_fsc_mask_auto_tightening.txt").write_text(fsc_text())
    return top


def test_refinement(folder):
    job = read_job(str(folder))
    assert (job.program, job.kind, job.label, job.version) == ("cryoSPARC", "nonuniform_refine_new", "P3 J42", "4.4.1")
    assert {k: v[len(str(folder)) + 1:] for k, v in job.sources().items()} == {
        "full_map": "J42_010_volume_map.mrc", "half1": "J42_010_volume_map_half_A.mrc", "half2": "J42_010_volume_map_half_B.mrc",
        "mask": "J42_010_volume_mask_fsc_auto.mrc"}
    assert job.sharpened.endswith("J42_010_volume_map_sharp.mrc") and set(job.other_masks) == {"mask_fsc", "mask_fsc_auto", "mask_refine"}
    assert job.resolution == 3.21 and job.voxel_size == 1.5 and job.box == 8 and job.warnings == ()
    freq, values = job.fsc["tight"]
    np.testing.assert_allclose(freq, np.arange(1, 5) / 12)
    np.testing.assert_allclose(values, [1, 0.9, 0.6, 0.2])
    assert set(job.fsc) == {"unmasked", "spherical", "loose", "tight", "corrected", "phase_randomised"}
    np.testing.assert_allclose(job.fsc["phase_randomised"][1], [0.5, 0.3, 0.1, 0.05])


def test_version_2_names_and_no_description(folder, tmp_path):
    old = tmp_path / "J9"
    for name in NAMES[:3]:
        put(old / f"cryosparc_P1_J9_003_{name}.mrc")
    job = read_job(str(old))
    assert job.label == "P1 J9" and job.half2.endswith("cryosparc_P1_J9_003_volume_map_half_B.mrc") and job.mask is None
    assert job.voxel_size == 1.5 and job.fsc == {}


def test_half_maps_of_another_iteration_are_not_mixed(folder):
    for name in NAMES[1:3]:
        (folder / f"J42_010_{name}.mrc").unlink()
    job = read_job(str(folder))
    assert job.full_map.endswith("J42_010_volume_map.mrc") and job.half1 is None and job.half2 is None
    assert sum("is not in" in w for w in job.warnings) == 2


def test_half_maps_of_two_jobs_are_not_mixed(tmp_path):
    """A folder of downloads: J20 is complete, J21 lacks a half-map; J20 also has files that do not name the project."""
    top = tmp_path / "downloads"
    for name in ("map", "map_half_A", "map_half_B"):
        put(top / f"cryosparc_P1_J20_005_volume_{name}.mrc")
    put(top / "J20_005_volume_mask_fsc_auto.mrc")
    for name in ("cryosparc_P1_J21_009_volume_map", "cryosparc_P1_J21_009_volume_map_half_A", "cryosparc_P1_J21_009_volume_mask_fsc_auto"):
        put(top / f"{name}.mrc", voxel=2.0)
    write_cs(top / "cryosparc_P1_J21_009_volume_map.cs", "map", "J21/cryosparc_P1_J21_009_volume_map.mrc")
    (top / "P1_J21_fsc_iteration_009.txt").write_text(fsc_text())
    job = read_job(str(top))
    assert job.label == "P1 J20" and job.voxel_size == 1.5 and job.fsc == {}
    assert {k: v.rpartition("/")[2] for k, v in job.sources().items()} == {
        "full_map": "cryosparc_P1_J20_005_volume_map.mrc", "half1": "cryosparc_P1_J20_005_volume_map_half_A.mrc",
        "half2": "cryosparc_P1_J20_005_volume_map_half_B.mrc", "mask": "J20_005_volume_mask_fsc_auto.mrc"}
    assert job.warnings == (f"{top} holds files of 2 jobs; those of P1 J20 are taken, those of P1 J21 are not.",)
    (top / "job.json").write_text(json.dumps({"uid": "J21", "project_uid": "P1", "job_type": "homo_refine_new", "status": "completed"}))
    job = read_job(str(top))
    assert job.label == "P1 J21" and job.half2 is None and job.half1.endswith("J21_009_volume_map_half_A.mrc")


def test_a_local_resolution_job_gives_its_map(tmp_path):
    top = tmp_path / "J30"
    local = put(top / "J30_map_locres.mrc")
    put(top / "filtered by hand.mrc")
    (top / "job.json").write_text(json.dumps({"uid": "J30", "project_uid": "P1", "job_type": "local_resolution", "status": "completed"}))
    job = read_job(str(top))
    assert job.sources() == {"resolution_map": local} and job.local_resolution == local and job.voxel_size == 1.5
    assert job.warnings == (f"{top} holds maps with unknown names: filtered by hand.mrc; give them by hand where they are needed.",)
    assert [s.split(" ")[1] for s in job.missing()] == ["mask"]


def test_a_damaged_description_is_none(tmp_path):
    top = tmp_path / "J5"
    put(top / "J5_volume_map_half_A.mrc")
    for text in ("[" * 100000, "{", "[1]", "\0"):
        (top / "job.json").write_text(text)
        assert read_job(str(top)).label == "J5"


def test_reconstruction_without_iterations_and_unfinished_job(tmp_path):
    top = tmp_path / "J5"
    for name in ("J5_volume_map", "J5_volume_map_half_A", "J5_volume_map_half_B", "J5_mask"):
        put(top / f"{name}.mrc")
    (top / "job.json").write_text(json.dumps({"uid": "J5", "project_uid": "P1", "type": "homo_reconstruct", "status": "running"}))
    job = read_job(str(top / "job.json"))
    assert job.half1.endswith("J5_volume_map_half_A.mrc") and job.mask.endswith("J5_mask.mrc")
    assert any("not completed but running" in w for w in job.warnings)


def test_voxel_size_of_the_header_disagrees(folder):
    for name in NAMES[:3]:
        put(folder / f"J42_010_{name}.mrc", voxel=1.0)
    job = read_job(str(folder))
    assert job.voxel_size == 1.5 and any("1.5 Å but the header" in w for w in job.warnings)


def test_fsc_tables_of_version_5_and_damaged_ones(tmp_path, folder):
    path = tmp_path / "fsc.csv"
    path.write_text("Wave Number,No Mask,Input mask,Resolution mask: auto-tightened,Resolution mask: auto-tightened corrected,odd\n"
                    "1,0.9,0.95,0.97,0.96,0\n2,0.5,0.6,0.7,0.65,0\n")
    curves = read_fsc_table(str(path), 12.0)
    assert set(curves) == {"unmasked", "masked", "tight", "corrected"} and curves["corrected"][1][1] == 0.65
    path.write_text(HEAD.replace("\t", " ") + "\n1 1 1 1 1 1 1 1\n")
    assert len(read_fsc_table(str(path), 12.0)["loose"][0]) == 1
    path.write_text(HEAD + "\n1 2\n")
    with pytest.raises(FormatError, match="Line 2 of .* has 1 values for 8 columns"):
        read_fsc_table(str(path), 12.0)
    path.write_text(HEAD + "\n" + "\t".join(["1"] * 7 + ["?"]) + "\n")
    with pytest.raises(FormatError, match="Line 2 of .*fsc.csv' has '.' in column .*, which is no number"):
        read_fsc_table(str(path), 12.0)
    for old in folder.glob("*fsc_iteration*.txt"):
        old.unlink()
    (folder / "P3_J42_fsc_iteration_010.txt").write_text("nothing")
    assert any("no FSC table" in w for w in read_job(str(folder)).warnings)


def test_fsc_from_xml(folder):
    for old in folder.glob("*fsc_iteration*.txt"):
        old.unlink()
    (folder / "J42_fsc.xml").write_text("<curves><fsc title='No Mask'><coordinate><x>0.1</x><y>0.9</y></coordinate></fsc>"
                                        "<fsc title='Corrected'><coordinate><x>0.1</x><y>0.8</y></coordinate></fsc></curves>")
    job = read_job(str(folder))
    assert set(job.fsc) == {"unmasked", "corrected"} and job.fsc["corrected"][1][0] == 0.8


def test_a_path_that_leaves_the_project_is_not_followed(folder):
    secret = put(folder.parent.parent / "secret.mrc")
    (folder / "J42_010_volume_map.mrc").unlink()
    write_cs(folder / "J42_010_volume_map.cs", "map", "../secret.mrc")
    job = read_job(str(folder))
    assert secret not in job.files().values() and any("../secret.mrc, which is not in" in w for w in job.warnings)


@pytest.mark.realdata
def test_real_folder_without_its_maps(shared):
    job = read_job(str(shared / "data" / "cryosparc" / "t20s_J209"))
    assert (job.kind, job.label, job.version) == ("homo_refine_new", "P9 J209", "2.15.0")
    assert job.box == 256 and job.voxel_size == pytest.approx(1.0273438, abs=1e-6)
    assert sum("which is not in" in w for w in job.warnings) == 3 and len(job.missing()) == 3
