"""The demonstration data: sound geometry, true symmetry, half-maps whose FSC is what their truth says."""
from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.spatial import cKDTree

from cryoqa_plugin import run
from cryoqa_plugin.core.crossing import find_crossings
from cryoqa_plugin.core.fourier import forward, frequencies, geometry
from cryoqa_plugin.core.shells import cross_sums, fsc
from cryoqa_plugin.demo import EDGE, make_demo_data, write_demo_data
from cryoqa_plugin.demo_model import SEQUENCE, build_chain, build_model, place
from cryoqa_plugin.io.maps import read_map
from cryoqa_plugin.io.models import read_model


@pytest.fixture(scope="module")
def chain():
    return build_chain()


@pytest.fixture(scope="module")
def residues(chain):
    out = [{} for _ in SEQUENCE]
    for atom in chain:
        out[atom.number - 1][atom.name] = atom.position
    return out


@pytest.fixture(scope="module")
def demo():
    return make_demo_data(64)


def _length(a, b):
    return float(np.linalg.norm(a - b))


def _angle(a, b, c):
    u, v = a - b, c - b
    return np.degrees(np.arccos(u @ v / np.linalg.norm(u) / np.linalg.norm(v)))


def _torsion(a, b, c, d):
    b0, b1, b2 = a - b, c - b, d - c
    b1 = b1 / np.linalg.norm(b1)
    v, w = b0 - (b0 @ b1) * b1, b2 - (b2 @ b1) * b1
    return np.degrees(np.arctan2(np.cross(b1, v) @ w, v @ w))


def test_place_keeps_bond_angle_and_torsion():
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b, c = rng.standard_normal((3, 3)) * 3
        bond, angle, torsion = rng.uniform(1, 2), rng.uniform(30, 150), rng.uniform(-180, 180)
        d = place(a, b, c, bond, angle, torsion)
        assert _length(c, d) == pytest.approx(bond)
        assert _angle(b, c, d) == pytest.approx(angle)
        assert _torsion(a, b, c, d) == pytest.approx(torsion)


def test_backbone_has_ideal_bonds_angles_and_flat_peptides(residues):
    for r, after in zip(residues[:-1], residues[1:]):
        assert _length(r["N"], r["CA"]) == pytest.approx(1.458, abs=1e-6)
        assert _length(r["CA"], r["C"]) == pytest.approx(1.525, abs=1e-6)
        assert _length(r["C"], after["N"]) == pytest.approx(1.329, abs=1e-6)
        assert _length(r["C"], r["O"]) == pytest.approx(1.231, abs=1e-6)
        assert _length(r["CA"], after["CA"]) == pytest.approx(3.80, abs=0.03)
        assert abs(_torsion(r["CA"], r["C"], after["N"], after["CA"])) == pytest.approx(180, abs=1e-6)
        assert _angle(r["N"], r["CA"], r["C"]) == pytest.approx(111, abs=1e-6)
        assert _angle(r["O"], r["C"], after["N"]) == pytest.approx(123.3, abs=0.5)


def test_residues_are_left_handed_and_in_allowed_regions(residues):
    for before, r, after, code in zip(residues[:-2], residues[1:-1], residues[2:], SEQUENCE[1:-1]):
        if code != "G":
            assert np.cross(r["N"] - r["CA"], r["C"] - r["CA"]) @ (r["CB"] - r["CA"]) > 2        # L amino acids: +2.5 Å^3
        phi = _torsion(before["C"], r["N"], r["CA"], r["C"])
        psi = _torsion(r["N"], r["CA"], r["C"], after["N"])
        helix = -160 < phi < -45 and -75 < psi < 30
        strand = -180 <= phi < -45 and (psi > 90 or psi < -170)
        left = 45 < phi < 80 and 5 < psi < 60
        assert helix or strand or left, (code, phi, psi)
    assert sum(1 for r in residues if "CB" in r) == len(SEQUENCE) - SEQUENCE.count("G")


def test_side_chains_have_the_atoms_and_bonds_of_their_residues(residues):
    heavy = dict(G=4, A=5, S=6, T=7, V=7, L=8, M=8, D=8, N=8, E=9, Q=9, K=9, R=11, F=11, Y=12)
    for number, (code, r) in enumerate(zip(SEQUENCE, residues), 1):
        assert len(r) == heavy[code] + (number == len(SEQUENCE))
        xyz = np.array(list(r.values()))
        for i, name in enumerate(r):
            nearest = np.sort(np.linalg.norm(xyz - xyz[i], axis=1))[1]
            assert 1.2 < nearest < (1.85 if "S" in name or name == "CE" else 1.56), (code, name)
        if code in "FY":                                          # rings are flat and regular
            ring = np.array([r[n] for n in ("CG", "CD1", "CE1", "CZ", "CE2", "CD2")])
            sides = np.linalg.norm(ring - np.roll(ring, 1, axis=0), axis=1)
            assert sides == pytest.approx(np.full(6, 1.385), abs=0.02)
            assert np.linalg.svd(ring - ring.mean(axis=0))[1][2] < 0.02


def test_helices_and_strands_are_bonded(residues):
    """Hydrogen bonds: O(i) to N(i + 4) in the helices, across in the hairpin."""
    for first in list(range(22, 34)) + list(range(42, 54)):
        assert _length(residues[first]["O"], residues[first + 4]["N"]) == pytest.approx(3.0, abs=0.2)
    for i, j in ((7, 10), (5, 12), (3, 14), (1, 16)):
        assert _length(residues[i]["N"], residues[j]["O"]) == pytest.approx(2.85, abs=0.15)
        assert _length(residues[j]["N"], residues[i]["O"]) == pytest.approx(2.85, abs=0.15)


def test_nothing_clashes(chain):
    xyz, number = np.array([a.position for a in chain]), np.array([a.number for a in chain])
    polar = np.array([a.name[0] in "NO" for a in chain])
    pairs = np.array(sorted(cKDTree(xyz).query_pairs(3.0)))
    pairs = pairs[np.abs(number[pairs[:, 0]] - number[pairs[:, 1]]) > 1]
    for i, j in pairs:
        assert polar[i] and polar[j] and _length(xyz[i], xyz[j]) > 2.7 or _length(xyz[i], xyz[j]) > 2.9, (chain[i][:3], chain[j][:3])
    copies = np.array([a.pos.tolist() for c in build_model(0.0, EDGE)[0] for r in c for a in r]).reshape(4, -1, 3)
    for other in (1, 2):
        assert cKDTree(copies[other]).query(copies[0])[0].min() > 3.5


def test_model_has_fourfold_symmetry_and_survives_its_file(tmp_path, demo):
    xyz = demo.model.xyz - EDGE / 2
    copies = xyz.reshape(4, -1, 3)
    turned = np.stack([-copies[..., 1], copies[..., 0], copies[..., 2]], axis=-1)
    assert turned[:3] == pytest.approx(copies[1:], abs=1e-6)
    paths = write_demo_data(str(tmp_path), box=32)
    again = read_model(paths["model"])
    assert again.n_atoms == demo.model.n_atoms == 4 * len(build_chain())
    assert again.xyz == pytest.approx(demo.model.xyz, abs=1e-3)
    assert [c.name for c in again.structure[0]] == list("ABCD")
    assert again.structure[0]["A"][0].name == "THR"


def test_signal_has_the_symmetry_of_the_model():
    quiet = make_demo_data(64, resolution=4.0)
    mean = quiet.full_map.data
    centred = np.roll(mean, (32, 32), axis=(1, 2))                # the axis goes through voxel [32, 32] of each section
    turned = np.roll(np.flip(np.swapaxes(centred, 1, 2), axis=1), 1, axis=1)
    geo = geometry(mean.shape)
    found = fsc(cross_sums(forward(centred), forward(turned), geo))
    assert found[1:12].min() > 0.99


@pytest.mark.parametrize("box,resolution", [(64, None), (63, 5.0), (72, 4.0)])
def test_fsc_is_what_the_truth_says(box, resolution):
    data = make_demo_data(box, resolution, seed=3)
    geo = geometry(data.half1.shape, data.half1.voxel_size)
    for name, mask, tolerance in (("unmasked", 1.0, 4.5), ("masked", data.mask.data, None)):
        sums = cross_sums(forward(data.half1.data * mask), forward(data.half2.data * mask), geo)
        found, truth = fsc(sums), data.truth[name]
        expected = np.array(truth["fsc"])
        assert truth["freq"] == pytest.approx(frequencies(geo))
        if tolerance:                                             # scatter of a correlation of n complex pairs
            sigma = (1 - expected ** 2) / np.sqrt(2 * sums.count) + 1e-3
            assert np.all(np.abs(found - expected)[2:] < tolerance * sigma[2:])
            assert np.sqrt(np.mean(((found - expected)[4:] / sigma[4:]) ** 2)) < 1.5
        else:
            assert np.abs(found - expected)[2:].max() < 0.12
        for key, threshold in (("resolution_0143", 0.143), ("resolution_05", 0.5)):
            if truth[key] and name == "unmasked":
                assert 1 / find_crossings(frequencies(geo), found, threshold).first == pytest.approx(truth[key], rel=0.02)


def test_resolution_of_the_truth_is_the_one_asked_for(demo):
    assert demo.truth["resolution"] == pytest.approx(2.5 * EDGE / 64)
    assert demo.truth["unmasked"]["resolution_0143"] == pytest.approx(demo.truth["resolution"], rel=0.01)
    masked = demo.truth["masked"]["resolution_0143"]
    assert masked is None or masked < demo.truth["resolution"]


def test_maps_are_unmasked_and_the_mask_holds_the_model(demo):
    outside = demo.mask.data == 0
    assert demo.half1.data[outside].std() > 0.1 * demo.half1.data.std()
    assert 0 <= demo.mask.data.min() and demo.mask.data.max() == 1
    index = np.rint(demo.model.xyz / demo.mask.voxel_size).astype(int)
    assert demo.mask.data[index[:, 2], index[:, 1], index[:, 0]].min() == 1
    assert abs(np.corrcoef(demo.half1.data[outside], demo.half2.data[outside])[0, 1]) < 0.1


def test_the_same_seed_gives_the_same_files(tmp_path):
    first = write_demo_data(str(tmp_path / "a"), box=32)
    again = write_demo_data(str(tmp_path / "b"), box=32)
    other = write_demo_data(str(tmp_path / "c"), box=32, seed=8)
    assert set(first) == {"half1", "half2", "full_map", "mask", "model", "truth"}
    for kind in first:
        with open(first[kind], "rb") as a, open(again[kind], "rb") as b:
            assert a.read() == b.read(), kind
    assert not np.array_equal(read_map(first["half1"]).data, read_map(other["half1"]).data)
    assert np.array_equal(read_map(first["mask"]).data, read_map(other["mask"]).data)


def test_the_files_agree_with_each_other(tmp_path):
    paths = write_demo_data(str(tmp_path), box=32)
    halves = [read_map(paths[k]) for k in ("half1", "half2")]
    full = read_map(paths["full_map"])
    assert full.data == pytest.approx((halves[0].data + halves[1].data) / 2, abs=1e-7)
    assert full.voxel_size == pytest.approx((3.6,) * 3) and full.header.labels[0].startswith("cryoqa demonstration")
    with open(paths["truth"], encoding="utf-8") as stream:
        truth = json.load(stream)
    assert truth["box"] == 32 and truth["symmetry"] == "C4" and truth["n_atoms"] == read_model(paths["model"]).n_atoms


@pytest.mark.parametrize("seed", [7, 9])
def test_the_capabilities_find_the_truth(tmp_path, seed):
    """Within three standard deviations of the noise: 0.12 shells without a mask, 0.25 shells in it."""
    paths = write_demo_data(str(tmp_path), seed=seed)
    with open(paths["truth"], encoding="utf-8") as stream:
        truth = json.load(stream)
    halves = dict(half1=paths["half1"], half2=paths["half2"])
    fsc_values = run("fsc", mask=paths["mask"], sharpen=False, **halves)["metrics"]
    triage = run("mtriage", masking="unmasked", model=paths["model"], **halves)["metrics"]
    b_iso = truth["bfactor_envelope"] + read_model(paths["model"]).b_iso.mean()
    assert triage["b_iso_overall_unmasked"]["value"] == pytest.approx(b_iso, abs=6)
    for key, name in (("resolution_0143", "0143"), ("resolution_05", "05")):
        expected = truth["unmasked"][key]
        shell = expected ** 2 / EDGE
        assert fsc_values[f"resolution_unmasked_{name}"]["value"] == pytest.approx(expected, abs=0.36 * shell)
        found = triage["d_fsc_unmasked" if name == "0143" else "d_fsc_05_unmasked"]["value"]
        assert found == pytest.approx(expected, abs=0.36 * shell)
        expected = truth["masked"][key]
        shell = expected ** 2 / EDGE
        assert fsc_values[f"resolution_corrected_{name}"]["value"] == pytest.approx(expected, abs=0.75 * shell)
