"""Inputs that people really met: the right thing is said, once, by each capability that is asked, and nothing false beside it.

What the readers themselves say is tested with them (tests/io), what a Study says with it (tests/study); here are whole answers.
"""
from __future__ import annotations

import os

import numpy as np
import pytest

from cryoqa_plugin import cli, runner
from cryoqa_plugin.api import open as open_study
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import Map, write_map
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.limits import EXPLAINED
from cryoqa_plugin.registry import CAPABILITIES
from cryoqa_plugin.results import read_json

QUICK = ("fsc", "mtriage", "half_map_statistics", "blocres")                  # all others are asked too, when there is time


def _asked(kinds, needs):
    """Capabilities that take inputs of ``kinds`` and need none but ``needs``; those that are not quick are heavy."""
    ids = [c.id for c in CAPABILITIES if not c.extras and kinds <= set(c.takes + c.needs) and not set(c.needs) - needs and not c.slow
           and any(set(group) <= needs for group in c.any_of or [()])]
    return [i if i in QUICK else pytest.param(i, marks=pytest.mark.heavy) for i in ids]


HALVES = {"half1", "half2"}
OF_HALVES = _asked(HALVES, HALVES)


def faults(document, but=("half_maps_",)):
    """Metrics of the checks that are not met, without those of the half-maps themselves."""
    return [c["metric"] for c in document["checks"] if c["status"] in ("warn", "fail") and not c["metric"].startswith(but)]


@pytest.fixture(scope="module")
def blob():
    """Two half-maps of 64^3 voxels of 1.5 Å, white noise, the signal above it to about 5 Å; and a mask."""
    rng = np.random.default_rng(5)
    at = np.indices((64,) * 3) - 32
    radius = np.sqrt((at ** 2).sum(axis=0)) * 1.5
    mask = 0.5 * (1 + np.cos(np.pi * np.clip((radius - 20) / 9, 0, 1)))
    k = np.fft.fftfreq(64, 1.5)
    s2 = k[:, None, None] ** 2 + k[None, :, None] ** 2 + np.fft.rfftfreq(64, 1.5)[None, None, :] ** 2
    signal = np.fft.irfftn(np.fft.rfftn(rng.standard_normal((64,) * 3)) * np.exp(-60 * s2), (64,) * 3) * mask
    signal = signal * 2 / signal[mask > 0.5].std() + mask
    halves = [Map((signal + 0.5 * rng.standard_normal(signal.shape)).astype(np.float32), (1.5,) * 3, path=f"half{i}.mrc") for i in (1, 2)]
    return dict(half1=halves[0], half2=halves[1], mask=Map(mask.astype(np.float32), (1.5,) * 3), s=np.sqrt(s2), radius=radius)


def changed(blob, change):
    """The half-maps with a function on both."""
    return {k: blob[k].with_data(change(blob[k].data).astype(np.float32)) for k in ("half1", "half2")}


def filtered(blob, gain):
    """The half-maps times ``gain`` in Fourier space."""
    return changed(blob, lambda d: np.fft.irfftn(np.fft.rfftn(d) * gain, d.shape))


@pytest.mark.compiled
@pytest.mark.parametrize("capability", OF_HALVES)
def test_relions_sphere_is_one_note_and_no_warning(blob, capability):                                    # V02
    """Half-maps that are constant outside the largest sphere: a note that unmasked means inside it, and not that they are masked."""
    inside = 0.5 * (1 + np.cos(np.pi * np.clip((blob["radius"] / 1.5 - 32) / 3, 0, 1)))
    given = changed(blob, lambda d: inside * d + (1 - inside) * d[inside == 0].mean())
    document = open_study(**given).run(capability).document
    plain = open_study(half1=blob["half1"], half2=blob["half2"]).run(capability).document
    assert sum("largest sphere" in w for w in document["warnings"]) == 1
    assert not any("masked" in w for w in document["warnings"] if "unmasked" not in w)
    assert set(faults(document, but=())) <= set(faults(plain, but=()))


@pytest.mark.compiled
@pytest.mark.parametrize("capability", OF_HALVES)
@pytest.mark.parametrize("edge", ["hard", "soft"])
def test_a_low_pass_is_said_by_every_capability_of_half_maps(blob, capability, edge):                       # V03, V03s
    s = blob["s"]
    given = filtered(blob, s < 1 / 6 if edge == "hard" else 1 / (1 + np.exp((s - 1 / 6) * 180)))
    for mask in ({}, {"mask": blob["mask"]}):
        document = open_study(**given, **mask).run(capability).document
        warnings, resolution = document["warnings"], document["metrics"].get("resolution", {}).get("value")
        assert capability != "fsc" or resolution is None or resolution > 5.7                  # nothing finer than the filter
        assert not any("mask is too" in w for w in warnings) and not set(faults(document)) & set(EXPLAINED["half_maps_filtered"])
        said = [w for w in warnings if "low-passed at" in w and "half-maps" in w]
        assert len(said) == 1, warnings
        assert 5.7 < float(said[0].split("low-passed at ")[1].split(" ")[0]) < 6.3


def test_other_maps_that_lie_elsewhere_are_said(tiny_halves):                                               # V04
    other = tiny_halves["half2"]
    moved = Map(other.data, other.voxel_size, tuple(o + 5 * v for o, v in zip(other.origin, other.voxel_size)))
    warnings = open_study(full_map=tiny_halves["full_map"], others=[moved], mask=tiny_halves["mask"]).compare_maps().warnings
    assert sum("other map 1" in w and "5, 5, 5 voxels (whole ones) away" in w for w in warnings) == 1, warnings
    mask = tiny_halves["mask"]
    mask = Map(mask.data, mask.voxel_size, tuple(o - 48.0 for o in mask.origin))
    warnings = open_study(half1=tiny_halves["half1"], half2=other, mask=mask).fsc().warnings
    assert sum("origin of mask" in w and "-32, -32, -32 voxels" in w for w in warnings) == 1, warnings


@pytest.mark.parametrize("where", ["file", "under a file", "loop", "long"])
@pytest.mark.parametrize("command", ["fsc", "assess", "validate"])
def test_a_folder_that_cannot_be_written_ends_before_the_computation(tiny_halves, tmp_path, monkeypatch, capsys, where, command):      # V06
    (tmp_path / "file").write_text("")
    os.symlink(str(tmp_path / "loop"), str(tmp_path / "loop"))
    out = {"file": "file", "under a file": "file/out", "loop": "loop", "long": "x" * 300}[where]
    monkeypatch.setattr(runner, "answer", lambda *a, **k: pytest.fail("computed"))
    paths = tiny_halves["paths"]
    code = cli.main([command, "--half1", paths["half1"], "--half2", paths["half2"], "-o", str(tmp_path / out), "-q"])
    err = capsys.readouterr().err
    assert code == 2 and err.startswith("cryoqa: Results cannot be written to ") and err.count("\n") == 1
    assert ("is a file" in err) == ("file" in where)
    assert sorted(os.listdir(str(tmp_path))) == ["file", "loop"] and (tmp_path / "file").read_text() == ""


def test_the_folder_is_looked_at_and_nothing_stays(tmp_path):
    from cryoqa_plugin.folder_lock import held
    for folder in (tmp_path / "new" / "folder", tmp_path):
        with held(str(folder)):
            assert os.listdir(str(folder))                   # the lock
    assert os.listdir(str(tmp_path)) == []


@pytest.mark.compiled
@pytest.mark.parametrize("capability", ["mtriage", "model_fit"])
def test_a_model_whose_occupancies_are_all_0_is_called_that(tiny_halves, tmp_path, capability):             # V07
    lines = [f"ATOM  {i + 1:5d}  CA  GLY A{i + 1:4d}    {20 + 3.8 * i:8.3f}  27.000  29.000  0.00 20.00           C" for i in range(4)]
    (tmp_path / "zero.pdb").write_text("\n".join(lines) + "\nEND\n")
    with pytest.raises(InputError, match="The occupancy of all atoms of the model .*zero.pdb.* is 0, so that they weigh nothing"):
        open_study(full_map=tiny_halves["full_map"], model=read_model(str(tmp_path / "zero.pdb"))).run(capability)


@pytest.mark.compiled
@pytest.mark.parametrize("capability", ["fsc", "mtriage", "half_map_statistics", "local_fsc", "blocres"])
@pytest.mark.parametrize("fault, word", [("scaled", "differ in scale"), ("negative", "contrast inverted"), ("moved", "shifted by 1.0")])
def test_one_fault_is_one_note(blob, capability, fault, word):                                              # V16
    two = blob["half2"]
    data = {"scaled": two.data * 1e6 + 5e3, "negative": -two.data, "moved": np.roll(two.data, 1, 2)}[fault]
    document = open_study(half1=blob["half1"], half2=two.with_data(data), mask=blob["mask"]).run(capability).document
    assert word in document["warnings"][0] and not any("masked" in w for w in document["warnings"][1:] if "unmasked" not in w)
    named = [c["metric"] for c in document["checks"] if c["metric"].startswith("half_maps_") and c["status"] in ("warn", "fail")]
    assert len(named) == 1, named
    assert fault == "scaled" or faults(document) == []                                         # what it explains is not judged


@pytest.mark.compiled
@pytest.mark.parametrize("capability", _asked(HALVES | {"mask"}, HALVES | {"mask"}))
def test_half_maps_that_are_each_other_inverted_are_called_copies(blob, capability):                        # A18
    """No capability divides by zero; each says that they are copies, one with its contrast inverted, or that they agree nowhere."""
    one = blob["half1"]
    if capability == "shell_sharpen":
        with pytest.raises(InputError, match="There is no resolution at which half-maps agree"):
            open_study(half1=one, half2=one.with_data(-one.data), mask=blob["mask"]).shell_sharpen()
        return
    found = open_study(half1=one, half2=one.with_data(-one.data), mask=blob["mask"], full_map=one).run(capability)
    assert sum("copies of each other, one with its contrast inverted" in w for w in found.warnings) == 1, found.warnings


@pytest.mark.compiled
@pytest.mark.parametrize("how", ["rolled", "mirrored"])
@pytest.mark.parametrize("capability", _asked(HALVES | {"full_map"}, HALVES | {"full_map", "mask"}))
def test_a_map_that_is_not_that_of_its_half_maps_is_said(tiny_halves, capability, how):                     # V17
    full = tiny_halves["full_map"]
    data = np.roll(full.data, 5, 2) if how == "rolled" else full.data[:, :, ::-1].copy()
    warnings = open_study(half1=tiny_halves["half1"], half2=tiny_halves["half2"], full_map=full.with_data(data),
                          mask=tiny_halves["mask"]).run(capability).warnings
    word = "shifted by 5.00, 0.00, 0.00 voxels" if how == "rolled" else "x reversed (mirror image)"
    assert sum(word in w for w in warnings) == 1, warnings


@pytest.mark.compiled
def test_an_inverted_mask_is_the_reason_that_is_given(blob):                                                # V18
    mask = blob["mask"].with_data(1 - blob["mask"].data)
    warnings = open_study(half1=blob["half1"], half2=blob["half2"], mask=mask).fsc().warnings
    assert sum("it seems to be inverted, a mask of the solvent" in w for w in warnings) == 1
    full = blob["half1"].with_data((blob["half1"].data + blob["half2"].data) / 2)
    ball = np.where(blob["radius"] < 44, 1 - blob["mask"].data, 1).astype(np.float32)
    with pytest.raises(InputError, match="seems to be inverted, a mask of the solvent.*no solvent left"):
        open_study(full_map=full, mask=blob["mask"].with_data(np.maximum(ball, (blob["radius"] > 20)))).map_resolution()


@pytest.mark.compiled
def test_half_maps_that_a_refinement_filtered_are_said_in_the_document(tiny_halves, tmp_path, capsys):      # A14
    """A RELION refinement without its '_unfil' maps: the note stands in the result, not only on the screen."""
    folder = tmp_path / "Refine3D" / "job019"
    folder.mkdir(parents=True)
    (folder / "job.star").write_text("data_job\n\n_rlnJobTypeLabel  relion.refine3d\n\ndata_joboptions_values\n\nloop_\n"
                                     "_rlnJobOptionVariable #1\n_rlnJobOptionValue #2\nfn_img particles.star\n")
    for half in (1, 2):
        write_map(str(folder / f"run_half{half}_class001.mrc"), tiny_halves[f"half{half}"])
    out = tmp_path / "out"
    assert cli.main(["fsc", "--job", str(folder), "-o", str(out), "-q"]) == 0
    capsys.readouterr()
    for warnings in (read_json(str(out / "result.json"))["warnings"], open_study(job=str(folder)).mtriage().warnings):
        assert sum("filtered by the refinement (there are no '_unfil' maps)" in w for w in warnings) == 1, warnings
