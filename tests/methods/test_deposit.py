"""An entry for EMDB: sound sets pass, each fault is named alone with its remedy, and the files are what an archive reads."""
from __future__ import annotations

import os
import shutil
import struct
import zlib
from dataclasses import replace

import mrcfile
import numpy as np
import pytest
from overfitted import moved

from cryoqa_plugin import runner
from cryoqa_plugin.core.masks import lowpass
from cryoqa_plugin.demo import make_demo_data
from cryoqa_plugin.errors import InputError, MissingInputError
from cryoqa_plugin.io.emdb_xml import read_fsc_xml, read_header_xml
from cryoqa_plugin.io.entries import read_entry
from cryoqa_plugin.io.maps import Map, read_map, write_map
from cryoqa_plugin.io.models import read_model, write_model
from cryoqa_plugin.methods.depositing.deposit import DepositParams, compute_deposit, falls_below
from cryoqa_plugin.methods.depositing.deposit_picture import picture
from cryoqa_plugin.study import Study

SIZE, AT = (40, 40, 40), (5, 6, 4)               # of the box that is cut out, and voxel (x, y, z) of its first voxel


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(box=48)


@pytest.fixture(scope="module")
def primary(demo):
    return demo.half1.with_data((demo.half1.data + demo.half2.data) / 2)


def entry(demo, primary, params=None, **more):
    """The result of the demo with some of its inputs replaced."""
    given = dict(dict(primary_map=primary, half1=demo.half1, half2=demo.half2, mask=demo.mask, model=demo.model), **more)
    return compute_deposit(Study(**{kind: value for kind, value in given.items() if value is not None}), params or DepositParams())


def cut_out(map_, origin=None):
    """A box of 40 voxels out of a map, with the origin that it then has."""
    part = tuple(slice(a, a + n) for a, n in zip(AT[::-1], SIZE))
    place = tuple(o + n * v for o, n, v in zip(map_.origin, AT, map_.voxel_size))
    return Map(np.ascontiguousarray(map_.data[part]), map_.voxel_size, place if origin is None else origin)


def sharpened(map_, bfactor):
    n, v = map_.shape[0], map_.voxel
    k = np.fft.fftfreq(n, v)
    s2 = k[:, None, None] ** 2 + k[None, :, None] ** 2 + np.fft.rfftfreq(n, v)[None, None, :] ** 2
    return map_.with_data(np.fft.irfftn(np.fft.rfftn(map_.data) * np.exp(bfactor * s2 / 4), map_.shape))


def filtered(map_, resolution=7.0):
    return map_.with_data(lowpass(map_.data, map_.voxel_size, resolution))


def shifted(model, by):
    """A copy of a model moved by (x, y, z) in Å."""
    return moved(model, model.xyz + by)


def named(result):
    """Titles of the rules that would send the entry back."""
    return [row[0] for row in result.rules.rows if row[1] == "sent back"]


# -------------------------- sound sets --------------------------

def test_a_sound_set_is_ready(demo, primary):
    result = entry(demo, primary)
    assert result.ready is True and result.sent_back_count == 0 and result.sent_back.rows == () and named(result) == []
    assert result.primary_box == "same" and result.box_offset == "0, 0, 0" and result.origin_off == 0 and result.voxel_off == 0
    assert result.supported_share > 0.99 and result.unsupported_power < 1e-3 and result.map_likeness > 0.999
    assert "ready" in result.summary and f"{result.resolution:.2f} Å" in result.summary
    bare = entry(demo, primary, mask=None, model=None)
    assert bare.ready and bare.mask_used is None and bare.fsc_kind == "without a mask" and bare.atoms_outside is None
    np.testing.assert_array_equal(bare.fsc_entry.y, bare.fsc_unmasked.y)
    assert bare.fsc_unmasked_file is None and "without a mask" in bare.fsc_file and result.fsc_kind.startswith("in the mask")


@pytest.mark.parametrize("change", [lambda m, mask: sharpened(m, 60), lambda m, mask: m.with_data(m.data * mask),
                                    lambda m, mask: filtered(m), lambda m, mask: m.with_data(3 * m.data + 5),
                                    lambda m, mask: filtered(sharpened(m, 80), 6.0)],
                         ids=["sharpened", "masked", "low-passed", "scaled", "sharpened and low-passed"])
def test_what_is_done_to_primary_maps_is_no_fault(demo, primary, change):
    result = entry(demo, change(primary, demo.mask.data))
    assert result.ready, result.sent_back.rows


@pytest.mark.heavy
def test_the_origin_of_all_files_is_the_one_that_the_model_fits(demo, primary):
    """Headers that disagree are put right: by the model where there is one, else as the primary map has it."""
    off = replace(primary, origin=(10 * 2.4, 0.0, 0.0))
    result = entry(demo, off)
    assert result.ready and result.origin_off == pytest.approx(10) and result.origin_from == "half-maps"
    assert {m.origin for m in (result.primary, result.primary_half1, result.primary_half2, result.mask_used)} == {(0.0, 0.0, 0.0)}
    alone = entry(demo, off, model=None)
    assert alone.origin_from == "primary map" and alone.primary_half1.origin == pytest.approx((24.0, 0.0, 0.0))
    along = entry(demo, off, model=shifted(demo.model, (24.0, 0.0, 0.0)))
    assert along.origin_from == "primary map" and along.ready


# -------------------------- faults, each named alone --------------------------

def _halves(change, both=True):
    return lambda demo, primary: dict(half1=change(demo.half1) if both else demo.half1, half2=change(demo.half2))


FAULTS = {
    "masked": (lambda demo, primary: {k: getattr(demo, k).with_data(getattr(demo, k).data * demo.mask.data) for k in ("half1", "half2")},
               "Half-maps are masked"),
    "filtered": (_halves(filtered), "Half-maps are low-passed"),
    "one filtered": (_halves(filtered, both=False), "One half-map is low-passed"),
    "sharpened": (_halves(lambda m: sharpened(m, 400)), "Half-maps are sharpened"),
    "identical": (lambda demo, primary: dict(half2=demo.half1), "Half-maps are copies"),
    "shifted": (_halves(lambda m: m.with_data(np.roll(m.data, 1, 2)), both=False), "Shift between the half-maps"),
    "mirrored": (_halves(lambda m: m.with_data(m.data[:, :, ::-1]), both=False), "Rotation or mirror between the half-maps"),
    "boxed": (lambda demo, primary: dict(primary_map=cut_out(primary)), "Primary map has another box"),
    "primary shifted": (lambda demo, primary: dict(primary_map=primary.with_data(np.roll(primary.data, 1, 0))), "Shift of the primary map"),
    "primary mirrored": (lambda demo, primary: dict(primary_map=primary.with_data(primary.data[::-1])),
                         "Rotation or mirror of the primary map"),
    "primary inverted": (lambda demo, primary: dict(primary_map=primary.with_data(-primary.data)), "Rotation or mirror of the primary map"),
    "wrong voxel size": (lambda demo, primary: dict(primary_map=replace(primary, voxel_size=(2.52,) * 3)),
                         "Difference in voxel size of primary map and half-maps"),
    "primary is a half": (lambda demo, primary: dict(primary_map=demo.half2.with_data(2 * demo.half2.data)), "Primary map is a half-map"),
    "origin between voxels": (lambda demo, primary: dict(
        {k: replace(m, origin=(25.0, 0.0, 0.0)) for k, m in (("primary_map", primary), ("half1", demo.half1), ("half2", demo.half2),
                                                            ("mask", demo.mask))}, model=None), "Origin is whole voxels"),
}


SLOWER = ("one filtered", "primary inverted", "primary mirrored", "shifted", "mirrored", "origin between voxels", "sharpened", "boxed",
          "primary is a half")


@pytest.mark.parametrize("fault", [pytest.param(name, marks=pytest.mark.heavy if name in SLOWER else ()) for name in FAULTS])
def test_a_fault_is_named_with_its_remedy_and_nothing_else_is(demo, primary, fault):
    change, title = FAULTS[fault]
    result = entry(demo, primary, **change(demo, primary))
    assert result.ready is False and result.sent_back_count == 1 and named(result) == [title]
    claim, remedy = result.sent_back.rows[0]
    assert claim in result.summary and remedy.endswith(".") and claim in result.text and remedy in result.text


def test_half_maps_of_another_map_are_named(demo, primary):
    rng = np.random.default_rng(3)
    noise = rng.standard_normal(primary.shape).astype(np.float32)
    signal = 10 * primary.data.std() * lowpass(noise, primary.voxel_size, 9.0) * demo.mask.data
    halves = {k: primary.with_data(signal + primary.data.std() * 0.5 * rng.standard_normal(primary.shape)) for k in ("half1", "half2")}
    result = entry(demo, primary, **halves)
    assert named(result) == ["FSC of primary map and half-maps, coarser than 20 Å"] and abs(result.map_likeness) < 0.4


@pytest.mark.heavy
def test_what_is_stated_is_held_against_the_maps(demo, primary):
    result = entry(demo, primary, DepositParams(pixel_size=2.4 / 1.03, resolution=9.0, contour=1e3))
    assert named(result) == ["Difference from the stated pixel size"] and result.pixel_off == pytest.approx(3, abs=1e-3)
    looks = [row[0] for row in result.rules.rows if row[1] == "look at"]
    assert looks == ["Stated against measured resolution", "Contour level"] and result.contour == 1e3
    assert result.contour_verdict == "too high" and result.reported_deviation == pytest.approx(100 * (9.0 / result.resolution - 1))
    assert "Worth a look" in result.text and entry(demo, primary, DepositParams(pixel_size=2.4)).ready


def test_invented_density_does_not_follow_from_the_half_maps(demo, primary):
    rng = np.random.default_rng(8)
    invented = filtered(primary.with_data(rng.standard_normal(primary.shape)), 7.0).data * demo.mask.data
    result = entry(demo, primary.with_data(primary.data + primary.data.std() / invented.std() * invented), model=None)
    assert named(result) == ["Power that is not the data"] and result.unsupported_power > 0.05


# -------------------------- a map that was cut out --------------------------

@pytest.mark.heavy
@pytest.mark.parametrize("origin, off", [(None, 0), ((0.0, 0.0, 0.0), 6)], ids=["origin kept", "origin lost"])
def test_a_box_is_found_and_brought_back(demo, primary, origin, off):
    given = cut_out(primary, origin)
    result = entry(demo, primary, DepositParams(bring_back=True), primary_map=given)
    assert result.ready and result.primary_box == "brought back" and result.box_offset == "5, 6, 4" and result.box_differs is False
    assert result.origin_off == pytest.approx(off, abs=1e-6) and result.primary.origin == pytest.approx((0.0, 0.0, 0.0))
    part = tuple(slice(a, a + n) for a, n in zip(AT[::-1], SIZE))
    np.testing.assert_array_equal(result.primary.data[part], given.data)
    as_it_is = entry(demo, primary, primary_map=given)
    np.testing.assert_array_equal(as_it_is.primary.data, given.data)
    assert as_it_is.box_differs and as_it_is.primary.origin == pytest.approx((12.0, 14.4, 9.6))


@pytest.mark.heavy
def test_a_padded_map_is_brought_back(demo, primary):
    given = Map(np.pad(primary.data, ((8, 0), (3, 5), (4, 4))), primary.voxel_size, (-4 * 2.4, -3 * 2.4, -8 * 2.4))
    result = entry(demo, primary, DepositParams(bring_back=True), primary_map=given)
    assert result.ready and result.box_offset == "-4, -3, -8"
    np.testing.assert_array_equal(result.primary.data, primary.data)
    assert entry(demo, primary, primary_map=given).primary_box == "padded"


def test_a_map_of_other_voxels_and_box_is_not_looked_for(demo, primary):
    result = entry(demo, primary, primary_map=replace(cut_out(primary), voxel_size=(3.0,) * 3), model=None)
    assert result.primary_box == "not found in it" and result.map_likeness is None and not result.ready
    assert result.sent_back.rows[0][0] == "Primary map and half-maps have voxel sizes 25 % apart"


# -------------------------- files --------------------------

@pytest.fixture(scope="module")
def written(demo, primary, tmp_path_factory):
    """A folder of an entry whose maps have an origin, and its document."""
    folder = tmp_path_factory.mktemp("entry")
    origin, sources = (-4.8, 2.4, 24.0), {}
    for kind, map_ in (("primary_map", primary), ("half1", demo.half1), ("half2", demo.half2), ("mask", demo.mask)):
        sources[kind] = str(folder / f"{kind}.mrc")
        write_map(sources[kind], replace(map_, origin=origin))
    sources["model"] = str(folder / "model.cif")
    write_model(sources["model"], shifted(demo.model, origin))
    return folder / "out", runner.execute("deposit", sources, outdir=str(folder / "out")), demo, primary


def test_maps_are_written_with_the_names_and_headers_of_the_archive(written):
    folder, document, demo, primary = written
    assert document["metrics"]["ready"]["value"] is True, document["tables"]["sent_back"]
    names = {"primary": "emd_xxxxx.map", "primary_half1": "emd_xxxxx_half_map_1.map", "primary_half2": "emd_xxxxx_half_map_2.map",
             "mask_used": "emd_xxxxx_msk_1.map"}
    assert {n: e["path"] for n, e in document["maps"].items()} == names
    for field, map_ in (("primary", primary), ("primary_half1", demo.half1), ("primary_half2", demo.half2), ("mask_used", demo.mask)):
        path = str(folder / names[field])
        with mrcfile.open(path) as file:
            header = file.header
            np.testing.assert_array_equal(file.data, map_.data)
            assert (int(header.nxstart), int(header.nystart), int(header.nzstart)) == (-2, 1, 10) and int(header.mode) == 2
            assert (int(header.mapc), int(header.mapr), int(header.maps), int(header.ispg)) == (1, 2, 3, 1)
            assert float(header.dmin) == pytest.approx(map_.data.min()) and float(header.rms) == pytest.approx(map_.data.std(), rel=1e-5)
        read = read_map(path)
        assert read.origin == pytest.approx((-4.8, 2.4, 24.0)) and read.header.warnings == ()
    assert mrcfile.validate(str(folder / "emd_xxxxx.map"))


def test_the_xml_holds_the_curve(written):
    folder, document, _, _ = written
    for name, field in (("emd_xxxxx_fsc.xml", "fsc_entry"), ("emd_xxxxx_fsc_unmasked.xml", "fsc_unmasked")):
        (title, (x, y)), = read_fsc_xml(str(folder / name)).items()
        curve = document["curves"][field]
        np.testing.assert_allclose(x, curve["x"], rtol=1e-6)
        np.testing.assert_allclose(y, curve["y"], rtol=1e-6, atol=1e-9)
    assert title == "FSC without a mask"
    from cryoqa_plugin.io.curves import read_fsc_curve
    given = read_fsc_curve(str(folder / "emd_xxxxx_fsc.xml"))
    assert given.at(1 / document["metrics"]["resolution"]["value"]) == pytest.approx(0.143, abs=0.02)


def _pixels(png):
    """Colours of a PNG of 8 bits without filters, uint8 [rows, columns, 3]."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        size, name = struct.unpack(">I4s", png[at:at + 8])
        chunks[name] = png[at + 8:at + 8 + size]
        at += 12 + size
    columns, rows = struct.unpack(">2I", chunks[b"IHDR"][:8])
    return np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(rows, 1 + 3 * columns)[:, 1:].reshape(rows, columns, 3)


def test_the_picture_shows_the_map_at_its_level(written):
    folder, _, _, _ = written
    image = _pixels((folder / "emd_xxxxx.png").read_bytes())
    seen = (image < 255).any(axis=2)
    assert image.shape == (500, 500, 3) and 0.1 < seen.mean() < 0.8 and len(np.unique(image[seen])) > 50
    assert not seen[:5].any() and not seen[-5:].any() and not seen[:, :5].any() and not seen[:, -5:].any()
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    assert max(rows[-1] - rows[0], columns[-1] - columns[0]) > 350


@pytest.mark.parametrize("box", [40, 170])
def test_a_ball_is_drawn_as_a_disc(box):
    z, y, x = np.mgrid[:box, :box, :box] - (box - 1) / 2
    ball = Map((np.sqrt(x * x + y * y + z * z) < 0.3 * box).astype(np.float32), (1.0, 1.0, 1.0))
    seen = (_pixels(picture(ball, 0.5)) < 255).any(axis=2)
    across = 500 / 1.06
    assert seen.sum() == pytest.approx(np.pi * across ** 2 / 4, rel=0.03) and picture(ball, 2.0) is None


def test_the_form_has_the_numbers(written):
    folder, document, _, _ = written
    form, text = dict(document["tables"]["form"]["rows"]), (folder / "deposition.txt").read_text(encoding="utf-8")
    assert form["Resolution (Å)"] == f"{document['metrics']['resolution']['value']:.2f}"
    assert form["Resolution method"] == "FSC 0.143 CUT-OFF"
    assert form["Box (voxels, x, y, z)"] == "48, 48, 48" and form["Voxel size (Å, x, y, z)"] == "2.4, 2.4, 2.4"
    assert form["Origin (x, y, z)"] == "-4.8, 2.4, 24 Å (voxel -2, 1, 10)" and "cryoqa" in form["Software of the FSC and this check"]
    assert all(value in text for value in form.values()) and str(folder) not in text


# -------------------------- composites --------------------------

@pytest.fixture(scope="module")
def parts(written, tmp_path_factory):
    """The entries of a consensus map and of a focused map."""
    top = tmp_path_factory.mktemp("parts")
    for name in ("consensus", "focused"):
        shutil.copytree(str(written[0]), str(top / name))
    return tuple(read_entry(str(top / name)) for name in ("consensus", "focused"))


@pytest.mark.heavy
def test_a_composite_has_no_resolution_of_its_own_and_refers_to_its_parts(demo, primary, parts):
    """Its half-maps are cut and filtered as its parts were put together: that is no fault, and their FSC is no gold standard."""
    halves = {k: filtered(getattr(demo, k)).with_data(filtered(getattr(demo, k)).data * demo.mask.data) for k in ("half1", "half2")}
    result = entry(demo, primary, DepositParams(composite=True), entries=parts, **halves)
    assert result.ready, result.sent_back.rows
    assert result.resolution is None and result.fsc_entry is None and result.fsc_file is None and result.bfactor is None
    form = [row for row in result.form.rows if row[0] == "Related entry"]
    assert form == [("Related entry", "consensus (of primary_map.mrc)"), ("Related entry", "focused (of primary_map.mrc)")]
    one, two = (row[1] for row in form)
    assert [row[0].startswith("this one (composite, of ") for row in result.references.rows] == [True, False, False]
    here = result.references.rows[0][0]
    assert dict(result.references.rows) == {here: f"{one}; {two}", one: f"{here}; {two}", two: f"{here}; {one}"}
    assert f"* {one}: refer to {here}; {two}\n" in result.text
    assert "no gold standard" in result.text and f"{parts[0].resolution:.2f} to" in result.text
    assert not entry(demo, primary, entries=parts, **halves).ready                           # of half-maps that are no composites


@pytest.mark.parametrize("given, title", [(1, "Entries of the parts of the composite"),
                                          (2, "Entries that belong to this one and are not ready")])
def test_the_parts_of_a_composite_are_asked_for(demo, primary, parts, given, title):
    entries = parts[:1] if given == 1 else (parts[0], replace(parts[1], ready=False))
    result = entry(demo, primary, DepositParams(composite=True), entries=entries)
    assert named(result) == [title] and result.sent_back.rows[0][1].endswith(".")


def test_a_folder_without_an_entry_is_named(tmp_path):
    with pytest.raises(InputError, match="holds no entry .*give the folder of such a run"):
        read_entry(str(tmp_path))
    (tmp_path / "result.json").write_text("{}")
    with pytest.raises(InputError, match="holds no entry"):
        read_entry(str(tmp_path / "result.json"))


# -------------------------- wrong inputs --------------------------

def test_what_is_missing_or_does_not_fit_is_one_sentence(demo, primary):
    with pytest.raises(MissingInputError, match="Half-map 2 .*is needed"):
        compute_deposit(Study(primary_map=primary, half1=demo.half1), DepositParams())
    with pytest.raises(InputError, match="Half-map 1 is 48 x 48 x 48 voxels but half-map 2 is 40 x 40 x 40"):
        entry(demo, primary, half2=cut_out(demo.half2))
    with pytest.raises(InputError, match="voxels of 2.4 Å but half-map 2 of 2.5 Å"):
        entry(demo, primary, half2=replace(demo.half2, voxel_size=(2.5,) * 3))
    with pytest.raises(InputError, match="Primary map has the same value"):
        entry(demo, primary.with_data(np.ones(primary.shape)))
    outside = entry(demo, primary, model=shifted(demo.model, (5000.0, 0.0, 0.0)))
    assert named(outside) == ["Atoms outside the box"] and outside.atoms_outside == 1


def test_a_low_pass_of_one_map_is_its_cliff_beside_the_other():
    shells = np.arange(1, 60)
    power = np.exp(-0.1 * shells)
    assert falls_below(power, power) is None and falls_below(power * np.exp(-0.002 * shells ** 2), power) is None
    assert falls_below(np.where(shells > 30, 1e-9 * power, power), power) in (28, 29, 30, 31)


# -------------------------- simulated cases --------------------------

CASES = ("p96", "low96", "rna128", "u34_108", "g4_100")


def _case(sim_case, name):
    folder = sim_case(name)
    model = next(str(folder / f"{name}_model.{e}") for e in ("pdb", "cif") if (folder / f"{name}_model.{e}").is_file())
    maps = {kind: read_map(str(folder / f"{name}_{file}.mrc")) for kind, file in (("primary_map", "full"), ("half1", "half1"),
                                                                                 ("half2", "half2"), ("mask", "mask"))}
    return dict(maps, model=read_model(model))


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("name", CASES)
def test_simulated_sets_are_ready_and_their_boxes_are_found(sim_case, name):
    given = _case(sim_case, name)
    result = compute_deposit(Study(**given), DepositParams())
    assert result.ready, result.sent_back.rows
    full = given["primary_map"]
    part, at = tuple(slice(n // 10, n - n // 8) for n in full.shape), tuple(n // 10 for n in full.shape[::-1])
    cut = Map(np.ascontiguousarray(full.data[part]), full.voxel_size)
    found = compute_deposit(Study(**dict(given, primary_map=cut)), DepositParams(bring_back=True))
    assert found.box_offset == ", ".join(str(n) for n in at) and found.ready, found.sent_back.rows


@pytest.mark.realdata
def test_the_names_are_those_of_entries(shared):
    """The header of an entry of the archive names its files as they are named here."""
    header = read_header_xml(os.path.join(str(shared), "data", "reference", "emdb_header", "emd-0001.xml"))
    number = header.entry.split("-")[1]
    assert header.map_file == f"emd_{number}.map.gz" and header.resolution_method == "FSC 0.143 CUT-OFF"
    assert all(name.startswith("emd_") and name.endswith("_fsc.xml") for name in header.fsc_files)
