"""Small models and half-maps for the tests of mtriage."""
import gemmi
import numpy as np

from cryoqa_plugin.core import density, fourier
from cryoqa_plugin.io.maps import Map
from cryoqa_plugin.io.models import Model
from cryoqa_plugin.study import Study


def make_model(xyz, b_iso=20.0, elements=None, path="model.pdb"):
    """A model of one chain with an atom a residue."""
    structure, chain = gemmi.Structure(), gemmi.Chain("A")
    for i, position in enumerate(xyz):
        residue, atom = gemmi.Residue(), gemmi.Atom()
        residue.name, residue.seqid = "ALA", gemmi.SeqId(str(i + 1))
        atom.name, atom.element = "CA", gemmi.Element(elements[i] if elements else "CNO"[i % 3])
        atom.pos, atom.b_iso, atom.occ = gemmi.Position(*map(float, position)), float(np.broadcast_to(b_iso, len(xyz))[i]), 1.0
        residue.add_atom(atom)
        chain.add_residue(residue)
    structure.add_model(gemmi.Model("1") if gemmi.__version__ < "0.7" else gemmi.Model(1))
    structure[0].add_chain(chain)
    return Model(structure, path)


def chain_of_atoms(n, edge, origin, seed):
    """Positions of ``n`` atoms of a random walk kept in the middle of a box."""
    rng = np.random.default_rng(seed)
    middle, radius = np.asarray(edge) / 2, 0.3 * min(edge)
    position, out = middle.copy(), []
    while len(out) < n:
        step = rng.standard_normal(3)
        new = position + 1.5 * step / np.linalg.norm(step)
        if np.linalg.norm(new - middle) < radius:
            position = new
            out.append(new)
    return np.array(out) + origin


def make_inputs(shape=(36, 36, 36), voxel_size=(1.4, 1.4, 1.4), origin=(0.0, 0.0, 0.0), noise=1.0, envelope=120.0, seed=3, n=250):
    """Inputs with half1, half2 and model: density blurred by ``envelope`` (Å²) and white noise in units of its SD."""
    model = make_model(chain_of_atoms(n, np.array(voxel_size) * shape[::-1], np.array(origin), seed))
    ft = density.model_density_ft(model.elements, model.xyz, model.b_iso + envelope, model.occupancy, shape, voxel_size, origin)
    signal = fourier.inverse(ft, shape)
    rng = np.random.default_rng(seed + 1)
    halves = [Map((signal + noise * signal.std() * rng.standard_normal(shape)).astype(np.float32), voxel_size, origin, f"half{i}.mrc")
              for i in (1, 2)]
    return Study(half1=halves[0], half2=halves[1], model=model)
