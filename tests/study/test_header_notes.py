"""What the readers note reaches every document that used the file, once, and is settled by a voxel size that is given."""
from __future__ import annotations

import struct

import pytest

from cryoqa_plugin import runner
from cryoqa_plugin.errors import InputError
from cryoqa_plugin.io.maps import write_map
from cryoqa_plugin.study import Study

CASES = {"V01": ({40: "3f"}, (0.0, 0.0, 0.0), "voxel size"),                                           # no cell
         "V19": ({36: "i"}, (1,), "stack"),                                                          # MZ = 1, cell z of the whole stack
         "V20": ({40: "3f"}, (4.8e-9, 4.8e-9, 4.8e-9), "Å")}                                         # a cell in metres


@pytest.fixture(params=sorted(CASES))
def odd_halves(request, tiny_halves, tmp_path):
    """Half-maps with the header of a case, by kind, and a word of its note."""
    fields, values, word = CASES[request.param]
    out, left = {}, list(values)
    for kind in ("half1", "half2"):
        path = str(tmp_path / f"{kind}.mrc")
        write_map(path, tiny_halves[kind])
        left = list(values)
        with open(path, "r+b") as stream:
            for offset, form in fields.items():
                stream.seek(offset)
                stream.write(struct.pack("<" + form, *[left.pop(0) for _ in range(struct.calcsize("<" + form) // 4)]))
        out[kind] = path
    return out, word


def test_every_document_says_it_once(odd_halves):
    sources, word = odd_halves
    if word == "Å":                                                      # voxels of 1.5e-10 Å are refused, not only noted
        with pytest.raises(InputError, match="voxels of 1.5e-10 Å .1.5 Å if it is in metres.; .*half1.mrc.*Give the voxel size"):
            runner.execute("fsc", sources)
        return
    notes = Study.read(sources).notes()
    assert len(notes) == 1 and word in notes[0] and all(p in notes[0] for p in sources.values()), notes
    for capability in ("fsc", "half_map_statistics", "local_fsc"):
        warnings = runner.execute(capability, sources)["warnings"]
        assert warnings.count(notes[0]) == 1 and warnings[0] == notes[0]


def test_a_voxel_size_that_is_given_settles_it(odd_halves):
    sources, _ = odd_halves
    document = runner.execute("fsc", sources, voxel_sizes={"half1": 1.5, "half2": 1.5})
    assert document["warnings"] == [] and document["inputs"]["half1"]["voxel_size"] == [1.5, 1.5, 1.5]
