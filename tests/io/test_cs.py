"""cryoSPARC's .cs and .csg files: values, paths that would climb out, files that are none, and the real ones."""
from __future__ import annotations

import pickle

import numpy as np
import pytest

from cryoqa_plugin.errors import FormatError, MissingInputError
from cryoqa_plugin.io.cs import column, read_cs, read_csg, resolve, volumes

CSG = """created: 2024-01-01 10:00:00
group:
  description: 'Refined: density map'
  name: volume
  title: Map
  type: volume
results:
  map:
    metafile: '>J7_004_volume_map.cs'
    num_items: 1
    type: volume.blob
  evil:
    metafile: '>../../secret.cs'
    num_items: 1
    type: volume.blob
version: v4.4.1
"""


def write_cs(path, prefix, text, size=1.5, box=8):
    """A .cs file of one volume."""
    names = [("uid", "<u8"), (f"{prefix}/path", f"S{len(text)}"), (f"{prefix}/shape", "<u4", (3,)), (f"{prefix}/psize_A", "<f4")]
    data = np.array([(7, text.encode(), (box, box, box), size)], dtype=names)
    with open(path, "wb") as stream:
        np.save(stream, data)


def test_volume_of_a_cs_file(tmp_path):
    path = tmp_path / "a.cs"
    write_cs(path, "map_half_A", "J7/J7_004_volume_map_half_A.mrc", size=1.06)
    volume = volumes(str(path))["map_half_A"]
    assert volume.path == "J7/J7_004_volume_map_half_A.mrc" and volume.shape == (8, 8, 8) and volume.voxel_size == 1.06
    data = read_cs(str(path))
    assert column(data, "map_half_A/path").dtype.kind == "U" and column(data, "uid")[0] == 7
    with pytest.raises(KeyError):
        column(data, "map/path")


def test_group_file(tmp_path):
    path = tmp_path / "J7_volume.csg"
    path.write_text(CSG)
    group = read_csg(str(path))
    assert (group.name, group.type, group.version) == ("volume", "volume", "4.4.1")
    assert group.results == {"map": (str(tmp_path / "J7_004_volume_map.cs"), "volume.blob", 1)}
    path.write_text("hello: there\n")
    with pytest.raises(FormatError, match="no .csg file"):
        read_csg(str(path))
    with pytest.raises(MissingInputError, match="does not exist"):
        read_csg(str(tmp_path / "none.csg"))


def test_paths_stay_in_the_project(tmp_path):
    assert resolve(">J1/a.mrc", str(tmp_path)) == str(tmp_path.resolve() / "J1" / "a.mrc")
    assert resolve("J1/../J2/a.mrc", str(tmp_path)) == str(tmp_path.resolve() / "J2" / "a.mrc")
    for text in ("../a.mrc", "J1/../../a.mrc", "/etc/passwd", ">/etc/passwd", ">../a"):
        assert resolve(text, str(tmp_path)) is None


def test_one_sentence_for_what_is_no_cs_file(tmp_path):
    path = tmp_path / "a.cs"
    for content, words in ((b"\x95CSDAT\0\0\0", "cryosparc-tools"), (b"hello there", "is no .cs file"),
                           (b"\x93NUMPY\1\0", "cannot be read as a .cs"),
                           (pickle.dumps({"a": 1}), "is no .cs file")):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=words):
            read_cs(str(path))
    with open(path, "wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(FormatError, match="named columns"):
        read_cs(str(path))
    with open(path, "wb") as stream:
        np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(FormatError, match="cannot be read as a .cs"):
        read_cs(str(path))
    with pytest.raises(MissingInputError, match="does not exist"):
        read_cs(str(tmp_path / "none.cs"))


@pytest.mark.realdata
def test_real_files(shared):
    top = shared / "data" / "cryosparc"
    volume = volumes(str(top / "t20s_J209" / "cryosparc_P9_J209_005_volume_map_half_B.cs"))["map_half_B"]
    assert volume.path == "J209/cryosparc_P9_J209_005_volume_map_half_B.mrc" and volume.shape == (256, 256, 256)
    assert volume.voxel_size == pytest.approx(1.0273438, abs=1e-6)
    group = read_csg(str(top / "t20s_J209" / "P9_J209_volume.csg"))
    assert group.version == "2.15.0" and {"map", "map_half_A", "mask_fsc_auto"} <= set(group.results)
    particles = read_csg(str(top / "t20s_J209" / "P9_J209_particles.csg"))
    assert particles.results["alignments3D"][2] == 95796
    for path in top.glob("*/*.cs"):
        assert len(read_cs(str(path)))
