"""Particles: RELION and cryoSPARC tell the same of the same images, what is lacking is noted, what is damaged refused."""
from __future__ import annotations

import csv
import subprocess
import sys

import numpy as np
import pytest

from cryoqa_plugin.errors import FormatError, InputError, MissingInputError
from cryoqa_plugin.io.maps import Map, write_map
from cryoqa_plugin.io.particles import read_particles

N = 40
OPTICS = {"rlnOpticsGroupName": ("low", "high"), "rlnOpticsGroup": (3, 1), "rlnVoltage": (200.0, 300.0),
          "rlnSphericalAberration": (2.0, 2.7), "rlnAmplitudeContrast": (0.07, 0.1),
          "rlnImagePixelSize": (1.25, 1.0), "rlnImageSize": (128, 160)}


def _rz(angle):
    c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])


def _ry(angle):
    c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])


def _rotation_vector(matrix):
    """Axis times angle of a rotation (Rodrigues), by its trace and its antisymmetric part."""
    angle = np.arccos(np.clip((np.trace(matrix) - 1) / 2, -1, 1))
    axis = np.array([matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1]]) / (2 * np.sin(angle))
    return axis * angle


@pytest.fixture(scope="module")
def truth():
    rng = np.random.default_rng(12)
    group = rng.choice([1, 3], N)
    angles = np.column_stack([rng.uniform(-170, 170, N), rng.uniform(5, 175, N), rng.uniform(-170, 170, N)])
    return dict(group=group, angles=angles.round(5), shifts=rng.normal(0, 4, (N, 2)).round(5),
                du=rng.uniform(9e3, 2e4, N).round(2), dv=rng.uniform(8e3, 9e3, N).round(2),
                azimuth=rng.uniform(-90, 90, N).round(4), half=rng.integers(1, 3, N), row=np.where(group == 3, 0, 1))


def _table(name, columns):
    lines = [f"data_{name}", "", "loop_", *(f"_{label} #{i}" for i, label in enumerate(columns, 1))]
    return "\n".join(lines + [" ".join(str(v) for v in row) for row in zip(*columns.values())]) + "\n\n"


def _particles(truth, **changed):
    columns = {"rlnImageName": [f"{i + 1:06d}@stack.mrcs" for i in range(N)], "rlnMicrographName": [f"mic{i // 10}.mrc" for i in range(N)],
               "rlnOpticsGroup": truth["group"], "rlnAngleRot": truth["angles"][:, 0], "rlnAngleTilt": truth["angles"][:, 1],
               "rlnAnglePsi": truth["angles"][:, 2], "rlnOriginXAngst": truth["shifts"][:, 0],
               "rlnOriginYAngst": truth["shifts"][:, 1],
               "rlnDefocusU": truth["du"], "rlnDefocusV": truth["dv"], "rlnDefocusAngle": truth["azimuth"],
               "rlnRandomSubset": truth["half"]}
    return {label: values for label, values in dict(columns, **changed).items() if values is not None}


def _star(path, truth, optics=OPTICS, **changed):
    path.write_text("\n# version 30001\n\n" + _table("optics", optics) + _table("particles", _particles(truth, **changed)))
    return str(path)


def _cs(path, truth, leave=()):
    fields = [("uid", "<u8"), ("blob/path", "S20"), ("blob/idx", "<u4"), ("blob/shape", "<u4", (2,)), ("blob/psize_A", "<f4"),
              ("ctf/exp_group_id", "<u4"), ("ctf/accel_kv", "<f4"), ("ctf/cs_mm", "<f4"), ("ctf/amp_contrast", "<f4"), ("ctf/df1_A", "<f4"),
              ("ctf/df2_A", "<f4"), ("ctf/df_angle_rad", "<f4"), ("ctf/phase_shift_rad", "<f4"), ("alignments3D/split", "<u4"),
              ("alignments3D/shift", "<f4", (2,)), ("alignments3D/pose", "<f4", (3,)), ("alignments3D/psize_A", "<f4"),
              ("location/micrograph_path", "S20")]
    data = np.zeros(N, [f for f in fields if not f[0].startswith(tuple(leave) or ("none",))])
    sizes, row = np.array(OPTICS["rlnImagePixelSize"])[truth["row"]], truth["row"]
    matrices = [_rz(psi) @ _ry(tilt) @ _rz(rot) for rot, tilt, psi in truth["angles"]]
    values = {"blob/path": b"stack.mrcs", "blob/idx": np.arange(N), "blob/shape": np.array(OPTICS["rlnImageSize"])[row][:, None],
              "blob/psize_A": sizes, "ctf/exp_group_id": truth["group"], "ctf/accel_kv": np.array(OPTICS["rlnVoltage"])[row],
              "ctf/cs_mm": np.array(OPTICS["rlnSphericalAberration"])[row],
              "ctf/amp_contrast": np.array(OPTICS["rlnAmplitudeContrast"])[row],
              "ctf/df1_A": truth["du"], "ctf/df2_A": truth["dv"], "ctf/df_angle_rad": np.deg2rad(truth["azimuth"]),
              "alignments3D/split": truth["half"] - 1, "alignments3D/shift": truth["shifts"] / (2 * sizes[:, None]),
              "alignments3D/pose": [_rotation_vector(m.T) for m in matrices], "alignments3D/psize_A": 2 * sizes,
              "location/micrograph_path": [f"mic{i // 10}.mrc".encode() for i in range(N)]}
    for name, value in values.items():
        if name in data.dtype.names:
            data[name] = value
    with open(path, "wb") as stream:
        np.save(stream, data, allow_pickle=False)
    return str(path)


def test_what_relion_says(truth, tmp_path):
    found = read_particles(_star(tmp_path / "run_data.star", truth))
    assert len(found) == N and found.program == "RELION" and found.image[4] == "000005@stack.mrcs" and found.micrograph[39] == "mic3.mrc"
    np.testing.assert_array_equal(found.pixel_size, np.where(truth["group"] == 3, 1.25, 1.0))
    np.testing.assert_array_equal(found.box, np.where(truth["group"] == 3, 128, 160))
    np.testing.assert_array_equal(found.voltage, np.where(truth["group"] == 3, 200, 300))
    for values, expected in ((found.angles, "angles"), (found.shifts, "shifts"), (found.half, "half"), (found.defocus_u, "du"),
                             (found.defocus_v, "dv"), (found.defocus_angle, "azimuth"), (found.optics_group, "group")):
        np.testing.assert_allclose(values, truth[expected], rtol=0, atol=1e-9)
    assert found.phase_shift is None and found.warnings == ("The particles have pixels of 1, 1.25 Å: their optics groups differ.",
                                                            "The particles have boxes of 128, 160 pixels: their optics groups differ.")


def test_cryosparc_says_the_same(truth, tmp_path):
    relion, cryosparc = read_particles(_star(tmp_path / "a.star", truth)), read_particles(_cs(tmp_path / "a.cs", truth))
    assert cryosparc.program == "cryoSPARC" and cryosparc.warnings == relion.warnings
    assert list(cryosparc.image) == list(relion.image) and list(cryosparc.micrograph) == list(relion.micrograph)
    for name in ("pixel_size", "box", "half", "optics_group", "voltage", "spherical_aberration", "amplitude_contrast"):
        np.testing.assert_array_equal(getattr(cryosparc, name), getattr(relion, name))
    np.testing.assert_allclose(cryosparc.shifts, relion.shifts, atol=1e-5)
    np.testing.assert_allclose(cryosparc.defocus_u, relion.defocus_u, atol=0.01)
    np.testing.assert_allclose(cryosparc.defocus_angle, relion.defocus_angle, atol=1e-4)
    np.testing.assert_allclose(cryosparc.angles, relion.angles, atol=1e-3)
    assert not cryosparc.phase_shift.any()


def test_rotations_and_selection(truth, tmp_path):
    found = read_particles(_star(tmp_path / "a.star", truth))
    expected = [_rz(psi) @ _ry(tilt) @ _rz(rot) for rot, tilt, psi in truth["angles"]]
    np.testing.assert_allclose(found.rotations(), expected, atol=1e-12)
    one = found.select(found.half == 1)
    assert len(one) == int((truth["half"] == 1).sum()) and (one.half == 1).all() and one.path == found.path and one.phase_shift is None
    np.testing.assert_array_equal(one.angles, truth["angles"][truth["half"] == 1])
    assert found.data.shape == (N, 15) and np.isfinite(found.data).all()


def test_what_is_lacking_is_noted(truth, tmp_path):
    bare = read_particles(_star(tmp_path / "a.star", truth, rlnAngleRot=None, rlnDefocusU=None, rlnRandomSubset=[1] * N))
    assert bare.angles is None and bare.defocus_u is None
    words = " ".join(bare.warnings)
    assert "no angles" in words and "no defocus" in words and "one half" in words
    with pytest.raises(InputError, match="a.star have no angles"):
        bare.rotations()
    passed = read_particles(_cs(tmp_path / "a.cs", truth, leave=("ctf", "alignments3D", "location")))
    assert passed.angles is passed.shifts is passed.half is passed.voltage is passed.micrograph is None and len(passed.warnings) == 4


def test_files_that_are_refused(truth, tmp_path):
    path = tmp_path / "a.star"
    with pytest.raises(MissingInputError, match="does not exist"):
        read_particles(str(path))
    with pytest.raises(FormatError, match="has 'nan' in row 1 of column _rlnDefocusU, which is no finite number"):
        read_particles(_star(path, truth, rlnDefocusU=["nan", *truth["du"][1:]]))
    with pytest.raises(FormatError, match="Table 'particles' of .*a.star' has 'None' in row 1 of column _rlnDefocusU"):
        read_particles(_star(path, truth, rlnDefocusU=["None", *truth["du"][1:]]))
    with pytest.raises(FormatError, match="1 particles of optics group 7, which it does not describe .it has 3, 1"):
        read_particles(_star(path, truth, rlnOpticsGroup=[7, *truth["group"][1:]]))
    with pytest.raises(FormatError, match="no column _rlnImagePixelSize"):
        read_particles(_star(path, truth, optics={k: v for k, v in OPTICS.items() if k != "rlnImagePixelSize"}))
    path.write_text(_table("", {"rlnImageName": ["1@a.mrcs"], "rlnOriginX": [1.0]}))
    with pytest.raises(FormatError, match="RELION before 3.1"):
        read_particles(str(path))
    for text in ("", "data_particles\n\nloop_\n_rlnImageName #1\n", "nonsense\n"):
        path.write_text(text)
        with pytest.raises(FormatError):
            read_particles(str(path))
    with pytest.raises(FormatError, match="holds no images .*a_passthrough_particles.cs"):
        read_particles(_cs(tmp_path / "a_particles.cs", truth, leave=("blob",)))


@pytest.mark.realdata
def test_files_of_the_programs(shared):
    found = read_particles(str(shared / "data" / "relion" / "emtools_refine3d" / "run_it016_data.star"))
    assert len(found) == 4748 and found.pixel_size[0] == 1.244835 and found.box[0] == 256 and found.angles.shape == (4748, 3)
    assert set(found.half) == {1, 2} and found.defocus_u[0] == 10967.940655 and found.warnings == ()
    found = read_particles(str(shared / "data" / "cryosparc" / "t20s_J209" / "cryosparc_P9_J209_000_particles.cs"))
    assert len(found) == 11764 and found.pixel_size[0] == 1.027344 and found.voltage[0] == 300 and set(found.half) == {1, 2}
    np.testing.assert_allclose(found.shifts[0], np.array([5.890625, 7.678125]) * 1.0273438, atol=1e-4)
    images = read_particles(str(shared / "data" / "cryosparc" / "cryodrgn" / "empiar_10076_7.cs"))
    assert len(images) == 7 and images.angles is None and "no angles" in images.warnings[0]
    with pytest.raises(FormatError, match="RELION before 3.1"):
        read_particles(str(shared / "data" / "relion" / "starfile" / "one_loop.star"))


@pytest.mark.realdata
@pytest.mark.heavy
def test_the_simulator_writes_what_is_read(shared, tmp_path):
    """Both files of simulated particles give the true poses."""
    rng = np.random.default_rng(0)
    write_map(str(tmp_path / "m.mrc"), Map(rng.standard_normal((32, 32, 32)).astype(np.float32), (2.0, 2.0, 2.0)))
    command = [sys.executable, str(shared / "tools" / "simulate_particles.py"), str(tmp_path / "m.mrc"), str(tmp_path), "--n=30"]
    subprocess.run(command, check=True)
    with open(tmp_path / "p_truth.csv", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    relion, cryosparc = (read_particles(str(tmp_path / f"p_particles.{e}")) for e in ("star", "cs"))
    shifts = np.array([[float(r["x_ang"]), float(r["y_ang"])] for r in rows])
    matrices = [_rz(float(r["psi"])) @ _ry(float(r["tilt"])) @ _rz(float(r["rot"])) for r in rows]
    for found in (relion, cryosparc):
        np.testing.assert_allclose(found.rotations(), matrices, atol=1e-5)
        np.testing.assert_allclose(found.shifts, shifts, atol=1e-5)
        assert (found.pixel_size == 2).all() and (found.box == 32).all()
    np.testing.assert_allclose(cryosparc.defocus_u, relion.defocus_u, atol=0.01)
