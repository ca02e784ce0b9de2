"""Every capability with every input that is wrong, odd or merely unusual: refused in one sentence, or done right.

The list is that of docs/developing.rst. The command line and Scipion say the same sentences; their tests are elsewhere.
"""
from __future__ import annotations

import bz2
import gzip
import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.demo_model import build_chain
from cryoqa_plugin.errors import CryoqaError, InputError
from cryoqa_plugin.io.inputs import KINDS, SAME
from cryoqa_plugin.io.maps import Map, read_map, write_map
from cryoqa_plugin.registry import BY_ID, CAPABILITIES
from sources import runnable

QUICK = {"monodir": {"directions": "21"}, "resmap": {"step": 2.5}, "localdeblur": {"max_steps": 3},
         "model_report": {"scores": False}, "map_box": {"around": "whole"}, "noise2noise": {"steps": 20, "positions": 1}}
VOXEL, ORIGIN = (1.5, 1.5, 1.5), (3.0, 4.5, 6.0)
ROWS = [c for c in runnable(CAPABILITIES) if c.family != "importing"]                # the importers take folders
MAP_CASES = [(c.id, kind) for c in ROWS for kind in c.needs + c.takes if KINDS[kind].grid == SAME]
# the dearest: their cases are with the heavy tests
SLOW = ("map_align", "map_symmetry", "combine_maps", "deposit", "density_modify", "audit", "side_chain_check", "model_report",
        "model_overfitting", "fsc_q", "q_score")


def _case(id, *values):
    return pytest.param(*values, marks=(pytest.mark.heavy,) if id in SLOW else ())


on_rows = pytest.mark.parametrize("row", [_case(c.id, c) for c in ROWS], ids=[c.id for c in ROWS])
READERS = ("map_info", "fsc", "mask")                                      # files are read by one function: others try one way


def _heavy(rows, i, turn):
    """The mark of row ``i``: the readers and every third row from ``turn`` on are quick. Three tests that run a capability whole for what
    one function does for all take other rows each; with the heavy tests each of them takes all."""
    quick = rows[i].id not in SLOW and (rows[i].id in READERS or i % 3 == turn)
    return () if quick else pytest.mark.heavy


def _in_turn(rows, turn):
    """Some rows quick, the others heavy."""
    return pytest.mark.parametrize("row", [pytest.param(c, id=c.id, marks=_heavy(rows, i, turn)) for i, c in enumerate(rows)])


def _ways(ways, one, turn):
    """Pairs of a row and a way to write files: every way for the readers, ``one`` for the other rows."""
    cases = [pytest.param(c, way, id=f"{c.id}-{way}", marks=_heavy(ROWS, i, turn)) for way in ways for i, c in enumerate(ROWS)
             if c.id in READERS or way == one]
    return pytest.mark.parametrize("row, how", cases)


on_maps = pytest.mark.parametrize("case", [_case(c[0], c) for c in MAP_CASES], ids=["-".join(c) for c in MAP_CASES])


def _synthetic(shape, origin=ORIGIN, voxel=VOXEL):
    """Half-maps, their mean and a mask on a grid of ``shape``."""
    rng = np.random.default_rng(11)
    z, y, x = np.meshgrid(*(np.arange(n) - n // 2 for n in shape), indexing="ij")
    ball = np.clip((0.38 * min(shape) - np.sqrt(x * x + y * y + z * z)) / 3, 0, 1)
    s2 = sum(k ** 2 for k in np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij", sparse=True))
    truth = (np.fft.ifftn(np.fft.fftn(rng.standard_normal(shape)) * np.exp(-60 * s2)).real * 8 + 0.5) * ball
    halves = [truth + 0.3 * truth.std() * rng.standard_normal(shape) for _ in range(2)]
    arrays = dict(half1=halves[0], half2=halves[1], full_map=(halves[0] + halves[1]) / 2,
                  primary_map=(halves[0] + halves[1]) / 2, mask=ball, mask2=ball,
                  reference_map=truth, target_map=truth, others=truth, enhanced1=halves[0], enhanced2=halves[1],
                  focused_maps=(halves[0] + halves[1]) / 2, focused_half1=halves[0], focused_half2=halves[1], focused_masks=ball,
                  resolution_map=np.where(ball > 0, 4 + 0.1 * np.abs(x), 0) + 0 * y)
    return {kind: Map(a.astype(np.float32), voxel, origin) for kind, a in arrays.items()}


def _write_all(folder, maps, origin=ORIGIN, suffix=".mrc"):
    folder.mkdir(parents=True, exist_ok=True)
    paths = {kind: str(folder / (kind + suffix)) for kind in maps}
    for kind, path in paths.items():
        write_map(path, maps[kind])
    paths["model"] = str(folder / "model.pdb")
    middle = np.array([n // 2 * v for n, v in zip(next(iter(maps.values())).shape[::-1], VOXEL)]) + origin
    xyz = np.array([a.position for a in build_chain()])
    lines = [f"ATOM  {i:5d}  CA  ALA A{i:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 30.00           C"
             for i, (x, y, z) in enumerate((xyz - xyz.mean(axis=0)) * 0.6 + middle, 1)]
    Path(paths["model"]).write_text("\n".join(lines + ["END\n"]))
    return paths


@pytest.fixture(scope="module")
def maps():
    return _synthetic((32, 32, 32))


@pytest.fixture(scope="module")
def files(tmp_path_factory, maps):
    """Sound files of every kind; nobody writes to them."""
    return _write_all(tmp_path_factory.mktemp("sound"), maps)


@pytest.fixture(scope="module")
def baseline(files):
    """Function from a capability id to its document on the sound files, made once."""
    made = {}

    def get(capability):
        if capability not in made:
            made[capability] = _execute(capability, _sources(capability, files))
        return made[capability]

    return get


def _execute(capability, sources, values=None, outdir=None):
    """A run, with what makes it short for the capabilities that take long."""
    return runner.execute(capability, sources, dict(QUICK.get(capability, {}), **(values or {})), outdir)


def _sources(capability, files):
    row = BY_ID[capability]
    return {kind: files[kind] for kind in row.needs + row.takes if kind in files}


def _refused(capability, files, kind, bad):
    """The sentence with which a capability refuses ``bad`` in place of its input ``kind``."""
    with pytest.raises(CryoqaError) as caught:
        _execute(capability, dict(_sources(capability, files), **{kind: str(bad)}))
    sentence = str(caught.value)
    assert sentence and sentence[-1] in ".)" and "\n" not in sentence, sentence
    assert str(bad) in sentence, sentence
    return sentence


def _changed(tmp_path, map_, change, voxel=None):
    path = str(tmp_path / "changed.mrc")
    write_map(path, Map(np.ascontiguousarray(change(map_.data), dtype=np.float32), voxel or map_.voxel_size, map_.origin))
    return path


# --- refused -----------------------------------------------------------------------------------------------------------

def _partners(capability):
    """Map inputs of a capability; two maps can disagree, one cannot."""
    return [kind for c, kind in MAP_CASES if c == capability]


@on_maps
def test_boxes_differ(case, files, maps, tmp_path):
    capability, kind = case
    if len(_partners(capability)) < 2:
        pytest.skip("it takes one map only")
    sentence = _refused(capability, files, kind, _changed(tmp_path, maps[kind], lambda d: d[:30]))
    assert "32 x 32 x 32" in sentence and "32 x 32 x 30" in sentence
    assert sum(path in sentence for path in files.values()) == 1, "the other file is named too"


@on_maps
def test_voxel_sizes_differ(case, files, maps, tmp_path):
    capability, kind = case
    if len(_partners(capability)) < 2:
        pytest.skip("it takes one map only")
    sentence = _refused(capability, files, kind, _changed(tmp_path, maps[kind], lambda d: d, (1.52, 1.52, 1.52)))
    assert "1.5 Å" in sentence and "1.52 Å" in sentence
    assert sum(path in sentence for path in files.values()) == 1, "the other file is named too"


@on_maps
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(case, value, files, maps, tmp_path):
    capability, kind = case

    def spoil(data):
        data = data.copy()
        data[3, 4, 5:8] = value
        return data

    if kind == "resolution_map":                                          # NaN is how some programs write "none here"
        changed = _changed(tmp_path, maps[kind], spoil)
        assert "3 voxels" in _said(_execute(capability, dict(_sources(capability, files), **{kind: changed})))
        return
    sentence = _refused(capability, files, kind, _changed(tmp_path, maps[kind], spoil))
    assert "NaN" in sentence
    if not KINDS[kind].scipion == "VolumeMask":
        assert "3 voxels" in sentence and "32768" in sentence


@on_maps
def test_constant_map_or_empty_mask(case, files, maps, tmp_path):
    capability, kind = case
    if KINDS[kind].scipion == "VolumeMask":
        sentence = _refused(capability, files, kind, _changed(tmp_path, maps[kind], lambda d: d * 0))
        assert "empty" in sentence and "0" in sentence
    elif kind == "resolution_map":                                        # one resolution for all is a plain low-pass
        assert "between 0 and 100" in _refused(capability, files, kind, _changed(tmp_path, maps[kind], lambda d: d * 0))
    else:
        sentence = _refused(capability, files, kind, _changed(tmp_path, maps[kind], lambda d: d * 0 + 0.25))
        assert "same value" in sentence and "0.25" in sentence


@on_maps
def test_map_given_as_mask(case, files, maps, tmp_path):
    capability, kind = case
    if not KINDS[kind].scipion == "VolumeMask":
        pytest.skip("not a mask")
    sentence = _refused(capability, files, kind, _changed(tmp_path, maps["half1"], lambda d: d * 10))
    assert "between 0 and 1" in sentence and re.search(r"from -\d", sentence)


@on_maps
def test_damaged_files(case, files, tmp_path):
    capability, kind = case
    whole = Path(files[kind]).read_bytes()
    cut = tmp_path / "cut.mrc"
    cut.write_bytes(whole[:50000])
    sentence = _refused(capability, files, kind, cut)
    assert "50000" in sentence and str(len(whole)) in sentence
    cut.write_bytes(b"")
    assert "0 bytes" in _refused(capability, files, kind, cut)
    cut.write_bytes(b"this is not a map " * 200)
    _refused(capability, files, kind, cut)
    packed = tmp_path / "cut.mrc.gz"
    squeezed = gzip.compress(whole)
    packed.write_bytes(squeezed[:len(squeezed) // 2])
    _refused(capability, files, kind, packed)


@on_rows
def test_files_that_are_not_there(row, files, tmp_path):
    for kind in row.needs + row.takes:
        assert KINDS[kind].label in _refused(row.id, files, kind, tmp_path / "nowhere.mrc")
        _refused(row.id, files, kind, tmp_path)                           # a folder
    sources = _sources(row.id, files)
    for kind in row.needs:
        wrong = runner.problems(row.id, {k: p for k, p in sources.items() if k != kind})
        assert len(wrong) == 1 and KINDS[kind].label in wrong[0]
    if row.any_of:
        assert row.id in " ".join(runner.problems(row.id, {}))


@on_rows
def test_models_that_cannot_be_used(row, files, tmp_path):
    if "model" not in row.needs + row.takes:
        pytest.skip("it takes no model")
    bad = tmp_path / "bad.pdb"
    for text in ("", "HEADER    NOTHING\nEND\n", "nonsense\n" * 20):
        bad.write_text(text)
        _refused(row.id, files, "model", bad)


@pytest.mark.parametrize("row, kind", [(c, kind) for c in ROWS for kind in c.takes if not KINDS[kind].is_map and kind != "model"],
                         ids=lambda value: value if isinstance(value, str) else value.id)
def test_curves_and_sequences_that_cannot_be_used(row, kind, files, tmp_path):
    bad = tmp_path / "bad.txt"
    for content in (b"", b"1 2 3\n", b"nonsense; 5!\n" * 20, bytes(range(256))):
        bad.write_bytes(content)
        _refused(row.id, files, kind, bad)


@on_rows
def test_a_model_far_from_the_map_is_refused_or_said(row, files, tmp_path):
    if "model" not in row.needs + row.takes or not {"full_map", "half1", "mask"} & set(row.needs + row.takes):
        pytest.skip("it takes no model, or no map for it to be far from")
    far = tmp_path / "far.pdb"
    lines = [f"{line[:30]}{float(line[30:38]) + 500:8.3f}{line[38:]}" if line.startswith("ATOM") else line
             for line in Path(files["model"]).read_text().splitlines()]
    far.write_text("\n".join(lines) + "\n")
    sources, values = dict(_sources(row.id, files), model=str(far)), {}
    if row.id == "mask":                                                  # without a map of density the model makes the mask
        values = dict(method="model")
    try:
        document = _execute(row.id, sources, values)
    except CryoqaError as error:
        assert str(far) in str(error)
    else:
        words = " ".join(document["warnings"] + [c["sentence"] for c in document["checks"] if c["status"] in ("warn", "fail")])
        assert "outside" in words


@on_rows
def test_parameters_that_cannot_be_used(row, files):
    wrong = runner.problems(row.id, _sources(row.id, files), dict(no_such_parameter=1))
    assert len(wrong) == 1 and "no_such_parameter" in wrong[0]


@on_rows
def test_inputs_that_it_has_no_use_for(row, files):
    for kind in set(KINDS) - set(row.needs + row.takes):
        wrong = runner.problems(row.id, dict(_sources(row.id, files), **{kind: files.get(kind, files["model"])}))
        assert len(wrong) == 1 and f"'{kind}'" in wrong[0]


# --- done, and said ----------------------------------------------------------------------------------------------------

HALVES = [c for c in ROWS if {"half1", "half2"} <= set(c.needs + c.takes)]


def _said(document):
    return " ".join(document["warnings"] + [c["sentence"] for c in document["checks"] if c["status"] in ("warn", "fail")]).lower()


@_in_turn(HALVES, 0)
def test_identical_half_maps_are_said(row, files, tmp_path):
    copy = tmp_path / "copy.mrc"
    shutil.copy(files["half1"], copy)
    words = _said(_execute(row.id, dict(_sources(row.id, files), half2=str(copy))))
    assert "identical" in words or "copies" in words or "same" in words


@_in_turn(HALVES, 1)
def test_masked_half_maps_are_said(row, files, maps, tmp_path):
    sources = _sources(row.id, files)
    for kind in ("half1", "half2"):
        sources[kind] = str(tmp_path / f"{kind}.mrc")
        write_map(sources[kind], maps[kind].with_data(maps[kind].data * maps["mask"].data))
    assert "mask" in _said(_execute(row.id, sources))


# Å that no FSC of the half-maps measures: those of model and map, of a map alone or of one that was given, and those a map goes by
_OF_OTHERS = {"fsc": ("nyquist",), "half_map_statistics": ("nyquist", "d99"), "mtriage": ("d_model", "d99", "d_fsc_model"),
              "local_filter": ("median",), "postprocess": ("local_resolution_median",), "optimal_map": ("ends_at",),
              "localdeblur": ("resolution",), "compare_maps": ("pair_agree_to",)}


# Others of level A read half-maps for their mean.
_BY_HALVES = [c for c in HALVES if c.level != "A" or c.id in ("fsc_q", "model_overfitting", "model_stability")]


@_in_turn(_BY_HALVES, 0)
def test_dependent_half_maps_have_no_resolution(row, files, maps, tmp_path):
    """Of half-maps that were denoised together no capability gives a resolution, and each says so."""
    sources = _sources(row.id, files)
    for kind in ("half1", "half2"):
        sources[kind] = str(tmp_path / f"{kind}.mrc")
        write_map(sources[kind], maps[kind], (f"cryoqa denoise: denoised_{kind}, dependent",))
    document = _execute(row.id, sources)
    assert "half-maps were denoised or modified (dependent of each other)" in _said(document)
    given = {name for name, m in document["metrics"].items()
             if m["unit"] == "Å" and m["value"] is not None and (m["better"] == "lower" or name in ("p5", "p25", "median", "p75", "p95"))}
    given = {name for name in given if not name.startswith(_OF_OTHERS.get(row.id, "-"))}
    left = {metric for item, metric in row.estimates if item.startswith("1.") and document["metrics"][metric]["value"] is not None}
    if row.level == "1":
        assert not given | left, f"{row.id} gives {sorted(given | left)}"


def _moved(maps, change):
    """Half-map 2 after ``change``, float32 [z, y, x] to the same."""
    return maps["half2"].with_data(np.ascontiguousarray(change(maps["half2"].data)))


OUT_OF_PLACE = {"moved by a voxel": (lambda d: np.roll(d, 1, 2), "1.00, 0.00, 0.00"), "mirrored": (lambda d: d[:, ::-1], "mirror image"),
                "axes swapped": (lambda d: d.transpose(0, 2, 1), "swapped"), "inverted": (lambda d: -d, "contrast inverted"),
                "noise": (lambda d: np.random.default_rng(8).standard_normal(d.shape).astype(np.float32), "share no signal")}
_SAID_BY_CHECKS = {"1.00, 0.00, 0.00": "shifted by", "swapped": "swapped", "contrast inverted": "inverted"}


_MOVED = [pytest.param(c, how, id=f"{c.id}-{how}", marks=_heavy(HALVES, i, 1)) for i, c in enumerate(HALVES)
          for k, how in enumerate(sorted(OUT_OF_PLACE))
          if c.id in READERS or k == i % len(OUT_OF_PLACE) or how == "moved by a voxel"]  # one function looks for all


@pytest.mark.parametrize("row, how", _MOVED)
def test_half_maps_that_do_not_lie_on_each_other_are_said(row, how, files, maps, tmp_path):
    change, words = OUT_OF_PLACE[how]
    path = str(tmp_path / "changed.mrc")
    write_map(path, _moved(maps, change))
    try:
        said = _said(_execute(row.id, dict(_sources(row.id, files), half2=path)))
    except InputError as refused:                            # what needs a resolution has none from half-maps without signal
        assert how == "noise"
        said = str(refused)
    assert words in said or _SAID_BY_CHECKS.get(words, words) in said


@_in_turn(HALVES, 2)
def test_sound_half_maps_are_not_accused(row, baseline):
    said = _said(baseline(row.id))
    accused = ("half-maps do not lie", "half-maps lie on", "way round", "one molecule", "share no signal", "by their names")
    assert not any(words in said for words in accused)


@pytest.mark.parametrize("capability", ["fsc", "map_info"])
def test_half_maps_swapped_in_name_are_noted(capability, files, baseline):
    sources = _sources(capability, files)
    document = _execute(capability, dict(sources, half1=files["half2"], half2=files["half1"]))
    assert "by their names the half-maps are swapped" in _said(document)
    for name in ("resolution_unmasked_0143", "half_maps_likeness", "halves_likeness", "halves_consistency"):
        before, after = (d["metrics"].get(name, {}).get("value") for d in (baseline(capability), document))
        assert before == (after if after is None else pytest.approx(after, rel=1e-6)), name


# --- works -------------------------------------------------------------------------------------------------------------

def _raw(path, map_, *, mode=2, axes=(1, 2, 3), order="<", extended=0, stamp=None, by_nstart=False):
    """A map file written by hand; ``axes`` are MAPC, MAPR, MAPS."""
    kinds = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
    data = map_.data
    if mode in (0, 1, 6):
        low, high = {0: (-127, 127), 1: (-32000, 32000), 6: (0, 65000)}[mode]
        data = np.rint((data - data.min()) / np.ptp(data) * (high - low) + low)
    n = data.shape[::-1]
    stored = data.transpose([3 - a for a in axes[::-1]])                  # sections, rows, columns
    header = bytearray(1024)
    nstart = [int(round(o / v)) for o, v in zip(map_.origin, map_.voxel_size)] if by_nstart else [0, 0, 0]
    cell = [k * v for k, v in zip(n, map_.voxel_size)]
    struct.pack_into(order + "10i6f3i3f2i", header, 0, *(n[a - 1] for a in axes), mode, *(nstart[a - 1] for a in axes), *n, *cell, 90, 90,
                     90, *axes, float(data.min()), float(data.max()), float(data.mean()), 1, extended)
    struct.pack_into(order + "3f", header, 196, *((0, 0, 0) if by_nstart else map_.origin))
    header[208:216] = b"MAP " + (stamp or (b"\x44\x44\x00\x00" if order == "<" else b"\x11\x11\x00\x00"))
    Path(path).write_bytes(bytes(header) + b"\xa5" * extended + np.ascontiguousarray(stored).astype(order + kinds[mode]).tobytes())


def _same_numbers(document, other, rel=1e-6):
    for name, entry in other["metrics"].items():
        value = document["metrics"][name]["value"]
        if isinstance(entry["value"], float):
            assert value == pytest.approx(entry["value"], rel=rel, abs=1e-9), name
        else:
            assert value == entry["value"], name


LOSSLESS = {
    "axes 3 2 1": dict(axes=(3, 2, 1)), "axes 2 3 1": dict(axes=(2, 3, 1)), "axes 3 1 2": dict(axes=(3, 1, 2)),
    "big endian": dict(order=">"), "wrong stamp": dict(stamp=b"\x00\x00\x00\x00"), "swapped stamp": dict(stamp=b"\x11\x11\x00\x00"),
    "huge extended header": dict(extended=3_000_000), "origin by NSTART": dict(by_nstart=True),
}


@_ways(sorted(LOSSLESS), "axes 2 3 1", 0)
def test_the_way_a_file_is_written_changes_no_number(row, how, files, maps, baseline, tmp_path):
    sources = _sources(row.id, files)
    for kind in sources:
        if KINDS[kind].is_map:
            sources[kind] = str(tmp_path / f"{kind}.mrc")
            _raw(sources[kind], maps[kind], **LOSSLESS[how])
    document = _execute(row.id, sources)
    _same_numbers(document, baseline(row.id))
    for kind in sources:
        if KINDS[kind].is_map:
            entry = document["inputs"][kind + "_1" * KINDS[kind].many]
            assert entry["origin"] == pytest.approx(ORIGIN) and entry["voxel_size"] == pytest.approx(VOXEL)


@_ways((".mrc.gz", ".map.bz2", ".ccp4"), ".mrc.gz", 1)
def test_packed_files_and_odd_paths(row, how, files, baseline, tmp_path):
    pack, suffix = {".mrc.gz": gzip.compress, ".map.bz2": bz2.compress, ".ccp4": bytes}[how], how
    folder = tmp_path / "a folder, with Å and (brackets) 'quotes' 100%"
    folder.mkdir()
    sources = _sources(row.id, files)
    for kind, path in sources.items():
        new = folder / (f"{kind}, one{suffix}" if KINDS[kind].is_map else "the model.pdb")
        new.write_bytes(pack(Path(path).read_bytes()) if KINDS[kind].is_map else Path(path).read_bytes())
        sources[kind] = str(new)
    document = _execute(row.id, sources, outdir=str(folder / "out, put"))
    _same_numbers(document, baseline(row.id))
    assert (folder / "out, put" / "result.json").is_file()


@_ways((0, 1, 6, 12), 1, 2)
def test_other_modes(row, how, files, maps, tmp_path):
    mode = how
    sources = _sources(row.id, files)
    for kind in sources:
        if KINDS[kind].is_map and not ((KINDS[kind].scipion == "VolumeMask" or kind == "resolution_map") and mode != 12):
            sources[kind] = str(tmp_path / f"{kind}.mrc")
            _raw(sources[kind], maps[kind], mode=mode)
    assert _execute(row.id, sources)["summary"]


BOXES = [pytest.param(c, shape, id=f"{c.id}-{shape}", marks=pytest.mark.heavy if c.id in SLOW or k != i % 2 else ())
         for i, c in enumerate(ROWS) for k, shape in enumerate(((28, 32, 35), (27, 33, 30)))]


@pytest.mark.parametrize("row, shape", BOXES)
def test_odd_and_non_cubic_boxes(row, shape, tmp_path):
    shape = tuple(n + 8 for n in shape) if row.id == "noise2noise" else shape               # a network needs 32 voxels along each axis
    paths = _write_all(tmp_path / "data", _synthetic(shape))
    document = _execute(row.id, _sources(row.id, paths), outdir=str(tmp_path / "out"))
    assert document["summary"].endswith(".")
    for entry in document["maps"].values():
        assert read_map(str(tmp_path / "out" / entry["path"])).shape == shape


@_in_turn(ROWS, 0)
def test_voxels_of_three_sizes(row, tmp_path):
    paths = _write_all(tmp_path / "data", _synthetic((32, 32, 32), voxel=(1.4, 1.5, 1.6)))
    document = _execute(row.id, _sources(row.id, paths), outdir=str(tmp_path / "out"))
    for entry in document["maps"].values():
        assert read_map(str(tmp_path / "out" / entry["path"])).voxel_size == pytest.approx((1.4, 1.5, 1.6))


@_in_turn(ROWS, 1)
def test_the_origin_is_kept_and_moves_no_number(row, maps, baseline, tmp_path):
    origin = (-120.0, 31.5, 0.0)
    paths = _write_all(tmp_path / "data", {k: Map(m.data, m.voxel_size, origin) for k, m in maps.items()}, origin)
    document = _execute(row.id, _sources(row.id, paths), outdir=str(tmp_path / "out"))
    for entry in document["maps"].values():
        assert read_map(str(tmp_path / "out" / entry["path"])).origin == pytest.approx(origin)
    expected = baseline(row.id)
    for name, entry in document["metrics"].items():
        if name != "origin" and isinstance(entry["value"], float):
            assert entry["value"] == pytest.approx(expected["metrics"][name]["value"], rel=2e-3, abs=1e-6), name


@_in_turn(ROWS, 2)
def test_inputs_are_left_as_they_are(row, files, tmp_path):
    before = {kind: Path(path).read_bytes() for kind, path in files.items()}
    _execute(row.id, _sources(row.id, files), outdir=str(tmp_path))
    assert before == {kind: Path(path).read_bytes() for kind, path in files.items()}
