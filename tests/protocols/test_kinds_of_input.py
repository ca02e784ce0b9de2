"""Every kind of input has a form parameter, and what is filled in there becomes its file."""
from __future__ import annotations

import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

from pwem.objects import AtomStruct, Volume  # noqa: E402
from pwem.protocols import EMProtocol  # noqa: E402
from pyworkflow.object import Pointer  # noqa: E402
from pyworkflow.protocol import params  # noqa: E402

from cryoqa_plugin import runner  # noqa: E402
from cryoqa_plugin.io.inputs import KINDS  # noqa: E402
from cryoqa_plugin.protocols import CryoqaProtFsc  # noqa: E402
from cryoqa_plugin.protocols.inputs import TWO_VOLUMES, add_kind, classes_of, files_of, parameter_of  # noqa: E402

pytestmark = pytest.mark.scipion
OTHERS = [k for k in KINDS if k not in ("half1", "half2")]   # these go with a choice where they come from


class EveryKind(EMProtocol):
    """A form with a parameter for each kind of input."""

    def _defineParams(self, form):
        form.addSection(label="Input")
        for kind in OTHERS:
            add_kind(form, kind, optional=kind != "job")


def _volume(path):
    volume = Volume()
    volume.setFileName(path)
    volume.setSamplingRate(1.5)
    return volume


def test_every_kind_has_the_parameter_of_its_sort():
    protocol = EveryKind()
    names = [parameter_of(kind) for kind in OTHERS]
    assert len(set(names)) == len(names)
    for kind in OTHERS:
        shown = protocol.getParam(parameter_of(kind))
        wanted = (params.FolderParam if KINDS[kind].folder else params.FileParam if not KINDS[kind].scipion
                  else params.MultiPointerParam if KINDS[kind].many else params.PointerParam)
        assert type(shown) is wanted and shown.help.get() and shown.getLabel(), kind
        if KINDS[kind].scipion:
            assert shown.pointerClass.get() == classes_of(kind) and shown.allowsNull.get(), kind
            assert ("SetOfVolumes" in classes_of(kind)) == (kind in ("full_map", "others"))
        assert shown.isImportant() is (kind == "job"), kind
    assert (parameter_of("mask2"), parameter_of("fsc_curve"), parameter_of("full_map")) == ("inputMask2", "inputFscCurve", "inputVolume")


def test_what_is_filled_in_becomes_a_file_of_its_kind():
    protocol = EveryKind()
    assert files_of(protocol).sources == {}
    expected = {}
    for kind in OTHERS:
        field = getattr(protocol, parameter_of(kind))
        if not KINDS[kind].scipion:
            expected[kind] = f"/data/{kind}.txt"
            field.set(expected[kind])
        elif KINDS[kind].many and KINDS[kind].scipion == "AtomStruct":
            expected.update({f"{kind}_{i}": f"/data/{kind}{i}.cif" for i in (1, 2)})
            field.set([Pointer(value=AtomStruct(filename=f"/data/{kind}{i}.cif")) for i in (1, 2)])
        elif KINDS[kind].many:
            expected.update({f"{kind}_{i}": f"/data/{kind}{i}.mrc" for i in (1, 2)})
            field.set([Pointer(value=_volume(f"/data/{kind}{i}.mrc")) for i in (1, 2)])
        elif kind == "model":
            expected[kind] = "/data/model.cif"
            field.set(AtomStruct(filename=expected[kind]))
        else:
            expected[kind] = f"/data/{kind}.mrc"
            field.set(_volume(expected[kind]))
    files = files_of(protocol)
    assert files.sources == expected and not files.convert
    assert set(files.voxel_sizes) == {n for n in expected if KINDS[n].is_map and KINDS[n].scipion}


def test_a_file_that_is_not_there_is_said_before_the_run(workshop, tiny_halves, tmp_path):
    protocol = workshop.make(CryoqaProtFsc, halves=TWO_VOLUMES, inputMtf=str(tmp_path / "no.star"))
    for kind in ("half1", "half2"):
        getattr(protocol, kind).set(_volume(tiny_halves["paths"][kind]))
    assert protocol._validate() == [f"MTF of the detector '{tmp_path / 'no.star'}' does not exist; check the path."]
    good = tmp_path / "mtf.star"
    good.write_text("data_\n\nloop_\n_rlnResolutionInversePixel\n_rlnMtfValue\n0 1\n0.5 0.3\n")
    protocol.inputMtf.set(str(good))
    assert protocol._validate() == []
    sources = files_of(protocol).sources
    assert sources["mtf"] == str(good) and "mtf" in runner.execute("fsc", sources, dict(fit_from=30))["inputs"]
