"""Q-scores in the Study: which atoms have one, which take points away, means of residues and of what lies around them."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.io.models import read_model
from cryoqa_plugin.study import Study
from cryoqa_plugin.study.q_values import around
from naive_q_score import q_score

_LINE = "ATOM  {:>5} {:<4}{:1}{:<3} {:1}{:>4}    {:8.3f}{:8.3f}{:8.3f}{:6.2f} 20.00          {:>2}\n"


def _study(tmp_path, atoms, origin=(0.0, 0.0, 0.0)):
    """A map of smooth noise, 24 Å wide, and atoms of (name, conformer, residue, number, (x, y, z), occupancy, element)."""
    path = tmp_path / "model.pdb"
    path.write_text("".join(_LINE.format(i + 1, n if len(n) > 3 else " " + n, alt, res, "A", number, *np.add(xyz, origin), occ, el)
                            for i, (n, alt, res, number, xyz, occ, el) in enumerate(atoms)) + "END\n")
    data = gaussian_filter(np.random.default_rng(1).standard_normal((25, 25, 25)), 1.3).astype(np.float32)
    return Study(full_map=Map(data, (1.0,) * 3, origin), model=read_model(str(path)))


ATOMS = [("N", "", "SER", 1, (10, 10, 10), 1.0, "N"), ("CA", "", "SER", 1, (11.4, 10, 10), 1.0, "C"),
         ("CB", "A", "SER", 1, (12, 11.4, 10), 0.4, "C"), ("CB", "B", "SER", 1, (12, 11.1, 10.6), 0.6, "C"),
         ("HA", "", "SER", 1, (11.7, 9.4, 10.8), 1.0, "H"), ("OG", "B", "SER", 1, (13.4, 11.2, 10.9), 0.6, "O"),
         ("N", "", "ALA", 2, (11.9, 8.7, 9.6), 0.0, "N"), ("CA", "", "ALA", 2, (30, 8.7, 9.6), 1.0, "C")]


@pytest.mark.parametrize("origin", [(0.0, 0.0, 0.0), (-31.5, 4.25, 100.0)])
def test_the_first_conformer_is_scored_as_if_it_were_alone(tmp_path, origin):
    study = _study(tmp_path, ATOMS, origin)
    found = study.q_values(0.4)
    assert list(np.isfinite(found.atom)) == [True, True, False, True, False, True, True, False]
    xyz = study.atom_position[[0, 1, 3, 5, 6, 7]]
    wanted = [q_score(study.density.data, (1.0,) * 3, xyz, i, 0.4) for i in range(5)]
    assert found.atom[[0, 1, 3, 5, 6]] == pytest.approx(wanted, abs=1e-4)
    # With the other conformer in the way it would be another number.
    crowded = study.atom_position[[0, 1, 2, 3, 5, 6]]
    assert abs(q_score(study.density.data, (1.0,) * 3, crowded, 3, 0.4) - found.atom[3]) > 1e-3


def test_means_of_residues(tmp_path):
    found = _study(tmp_path, ATOMS).q_values(0.6)
    q = found.atom
    assert found.residue == pytest.approx([q[[0, 1, 3, 5]].mean(), q[6]])
    assert found.backbone == pytest.approx([q[:2].mean(), q[6]])
    assert found.side[0] == pytest.approx(q[[3, 5]].mean()) and np.isnan(found.side[1])


def test_around_counts_each_atom_within_reach_once(tmp_path):
    rng = np.random.default_rng(2)
    atoms = [("C", "", "LIG", 1 + i // 4, tuple(rng.uniform(4, 20, 3)), 1.0, "C") for i in range(40)]
    study = _study(tmp_path, atoms)
    q, xyz, residues = study.q_values(0.4).atom, study.atom_position, study.residues
    found = around(residues, xyz, q, [0, 3, 7])
    far = np.linalg.norm(xyz[:, None] - xyz[None], axis=2)
    wanted = [q[(far[residues.residue == r] <= 5.0).any(axis=0)].mean() for r in (0, 3, 7)]
    assert found[[0, 3, 7]] == pytest.approx(wanted) and np.isnan(np.delete(found, [0, 3, 7])).all()


def test_it_is_kept_and_no_atom_in_the_box_is_no_error(tmp_path):
    study = _study(tmp_path, ATOMS[7:])
    found = study.q_values()
    assert np.isnan(found.atom).all() and np.isnan(found.residue).all() and study.q_values(0.4) is found
    assert np.isnan(around(study.residues, study.atom_position, found.atom, [0])).all()
