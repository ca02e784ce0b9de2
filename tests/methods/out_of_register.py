"""Models in which residues stand some places further along the chain."""
import gemmi

from cryoqa_plugin.io.models import Model


def out_of_register(model, chains=None, first=None, last=None, steps=1):
    """A copy in which residues stand ``steps`` places further: their atoms laid on N, CA and C of that residue."""
    structure = model.structure.clone()
    for chain in structure[0]:
        if chains and chain.name not in chains:
            continue
        residues = [r for r in chain if all(r.find_atom(n, "*") for n in ("N", "CA", "C"))]
        old = [[gemmi.Position(r.find_atom(n, "*").pos) for n in ("N", "CA", "C")] for r in residues]
        for residue, here, there in zip(residues, old, old[steps:]):
            if first is not None and not first <= residue.seqid.num <= last:
                continue
            move = gemmi.superpose_positions(there, here).transform
            for atom in residue:
                atom.pos = gemmi.Position(move.apply(atom.pos))
    return Model(structure, "out_of_register.cif")
