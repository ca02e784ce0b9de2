"""The one door to job folders: which program, what is missing, what is no job at all."""
from __future__ import annotations

import pytest

from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.jobs import read_job, sources
from test_relion import job_star, put


def test_program_is_told_from_what_lies_there(tmp_path):
    put(tmp_path / "J1" / "J1_004_volume_map_half_A.mrc")
    put(tmp_path / "odd" / "name_half1_class001_unfil.mrc")
    assert read_job(str(tmp_path / "J1")).program == "cryoSPARC"
    job = read_job(str(tmp_path / "odd"))
    assert (job.program, job.kind, job.label) == ("RELION", "Refine3D", "odd")


def test_sources_gives_what_there_is_and_says_what_is_missing(tmp_path):
    top = tmp_path / "Refine3D" / "job001"
    job_star(top, "relion.refine3d")
    with pytest.raises(MissingInputError, match="No pair of half-maps was found in .*job001"):
        sources(str(top))
    first = put(top / "run_half1_class001_unfil.mrc")
    assert sources(str(top)) == {"half1": first}
    assert [s.split(" ")[1] for s in read_job(str(top)).missing()] == ["pair", "full", "mask"]


def test_one_sentence_for_what_is_no_job(tmp_path):
    with pytest.raises(MissingInputError, match="does not exist"):
        read_job(str(tmp_path / "none"))
    with pytest.raises(MissingInputError, match="does not exist"):
        read_job("")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="neither a RELION job .*looked for job.star.* nor a cryoSPARC job .*looked for"):
        read_job(str(tmp_path / "empty"))
    put(tmp_path / "Refine3D" / "job001" / "run_class001.mrc")
    put(tmp_path / "Refine3D" / "job002" / "run_class001.mrc")
    with pytest.raises(InputError, match="project or job type folder.*Refine3D/job002, Refine3D/job001"):
        read_job(str(tmp_path))
    with pytest.raises(InputError, match="such as job002, job001"):
        read_job(str(tmp_path / "Refine3D"))


def test_jobs_of_other_sorts_are_refused(tmp_path):
    job_star(tmp_path / "Class3D" / "job016", "relion.class3d")
    put(tmp_path / "Class3D" / "job016" / "run_it025_class001.mrc")
    with pytest.raises(InputError, match="RELION job of type relion.class3d, but none of Refine3D"):
        read_job(str(tmp_path / "Class3D" / "job016"))


def test_sources_logs_what_is_odd(tmp_path, caplog):
    top = tmp_path / "Refine3D" / "job001"
    for half in (1, 2):
        put(top / f"run_it005_half{half}_class001.mrc")
    assert set(sources(str(top))) == {"half1", "half2"}
    assert any("did not finish" in r.message for r in caplog.records) and any("no measure" in r.message for r in caplog.records)


def test_a_file_of_the_job_stands_for_its_folder(tmp_path):
    top = tmp_path / "Refine3D" / "job001"
    job_star(top, "relion.refine3d")
    assert read_job(str(top / "job.star")).folder == str(top)
