"""MTF and FSC files: every layout gives the same curve, odd ones are noted, others refused with a sentence."""
from __future__ import annotations

import numpy as np
import pytest

from cryoqa_plugin.errors import FormatError, InputError, MissingInputError
from cryoqa_plugin.io.curves import GivenFsc, Mtf, read_fsc_curve, read_mtf

X = np.arange(12) / 48.0                                     # 1/Å
Y = np.cos(X * 6) ** 2
STAR = "data_fsc\n\nloop_\n{}\n"


def _mtf(path, rows):
    path.write_text("data_\n\nloop_\n_rlnResolutionInversePixel #1\n_rlnMtfValue #2\n" + "".join(f"{x} {y}\n" for x, y in rows))
    return str(path)


def _star(labels, *columns):
    rows = [" ".join(f"{v:.9g}" for v in row) for row in zip(*columns)]
    return STAR.format("\n".join([f"_{n} #{i}" for i, n in enumerate(labels, 1)] + rows))


def test_the_mtf_is_sorted_and_linear_between_its_points(tmp_path):
    path = _mtf(tmp_path / "mtf.star", [(0.5, 0.2), (0, 1), (0.25, 0.6)])
    mtf = read_mtf(path)
    assert mtf.path == path and mtf.warnings == ()
    np.testing.assert_array_equal(mtf.data, [[0, 0.25, 0.5], [1, 0.6, 0.2]])
    np.testing.assert_allclose(mtf.at(np.array([0, 0.0625, 0.125, 0.25, 1.0]), 2.0), [1, 0.8, 0.6, 0.2, 0.2], atol=1e-12)
    np.testing.assert_allclose(mtf.at(np.array([0.125]), 1.0), [0.8], atol=1e-12)


def test_odd_mtf_files_are_noted(tmp_path):
    short, percent = read_mtf(_mtf(tmp_path / "a.star", [(0, 1), (0.3, 0.4)])), read_mtf(_mtf(tmp_path / "b.star", [(0, 100), (0.5, 20)]))
    assert len(short.warnings) == 1 and "ends at 0.3 1/pixel" in short.warnings[0] and "0.4" in short.warnings[0]
    assert len(percent.warnings) == 1 and "up to 100" in percent.warnings[0]


def test_files_that_are_no_mtf(tmp_path):
    with pytest.raises(MissingInputError, match="nowhere.star' does not exist"):
        read_mtf(str(tmp_path / "nowhere.star"))
    head = "data_\n\nloop_\n_rlnResolutionInversePixel #1\n_rlnMtfValue #2\n"
    for text, words in (("", "no STAR file"), (head, "no table of numbers"), ("data_\n_rlnMtfValue 1\n", "no table of numbers"),
                        (head + "0 one\n", "has 'one' in row 1 of column _rlnMtfValue, which is no finite number"),
                        (head + "0 1\n0.1 0.9\n0.2 nan\n", "has 'nan' in row 3 of column _rlnMtfValue")):
        (tmp_path / "bad.star").write_text(text)
        with pytest.raises(FormatError, match=words):
            read_mtf(str(tmp_path / "bad.star"))
    with pytest.raises(InputError, match="lowest -0.5"):
        read_mtf(_mtf(tmp_path / "negative.star", [(0, 1), (0.5, -0.5)]))
    with pytest.raises(InputError, match="values up to 2e\\+09"):
        read_mtf(_mtf(tmp_path / "large.star", [(0, 2e9), (0.5, 0.5)]))


def _xml(*curves):
    blocks = "".join(f'<fsc title="{t}">' + "".join(f"<coordinate><x>{x:.9g}</x><y>{y:.9g}</y></coordinate>" for x, y in zip(X, v))
                     + "</fsc>" for t, v in curves)
    return f"<?xml version='1.0'?>\n<fscs>{blocks}</fscs>\n"


@pytest.mark.parametrize("name, text, called, noted", [
    ("post.star", _star(("rlnResolution", "rlnFourierShellCorrelationMaskedMaps", "rlnFourierShellCorrelationCorrected"), X, Y / 2, Y),
     "rlnFourierShellCorrelationCorrected", ""),
    ("no_mask.star", _star(("rlnResolution", "rlnFourierShellCorrelationUnmaskedMaps"), X, Y), "rlnFourierShellCorrelationUnmaskedMaps",
     "its column _rlnFourierShellCorrelationUnmaskedMaps"),
    ("model.star", _star(("rlnResolution", "rlnGoldStandardFsc"), X[::-1], Y[::-1]), "rlnGoldStandardFsc", "_rlnGoldStandardFsc"),
    ("fsc.xmd", _star(("resolutionFRC", "resolutionFreqFourier"), Y, X), "resolutionFRC", "_resolutionFRC"),
    ("relion.xml", _xml(("RELION masked-corrected FSC", Y)), "RELION masked-corrected FSC", ""),
    ("several.xml", _xml(("unmasked", Y / 3), ("masked", Y / 2), ("corrected", Y)), "corrected", "Of the 3 curves of the file 'corrected'"),
    ("two.xml", _xml(("FSC unmasked", Y / 3), ("FSC masked", Y)), "FSC masked", "'FSC masked'"),
    ("plain.txt", "".join(f"{x:.9g}\t{y:.9g}\n" for x, y in zip(X, Y)), "column 2", ""),
    ("named.csv", "# a comment\nfrequency,fsc\n" + "".join(f"{x:.9g}, {y:.9g},\n" for x, y in zip(X, Y)), "fsc", ""),
    ("three.dat", "".join(f"{x:.9g} {i} {y:.9g}\n" for i, (x, y) in enumerate(zip(X, Y))), "column 3", "Of the 3 columns"),
])
def test_every_layout_gives_the_same_curve(tmp_path, name, text, called, noted):
    path = tmp_path / name
    path.write_text(text)
    found = read_fsc_curve(str(path))
    np.testing.assert_allclose(found.data, [X, Y], rtol=1e-8, atol=1e-9)
    assert found.name == called and found.path == str(path)
    assert len(found.warnings) == bool(noted) and noted in "".join(found.warnings)
    np.testing.assert_allclose(found.at(np.array([X[3], (X[3] + X[4]) / 2, 1.0])), [Y[3], (Y[3] + Y[4]) / 2, 0], rtol=1e-8)


def test_a_first_column_of_resolutions_is_turned_into_frequencies(tmp_path):
    path = tmp_path / "angstrom.txt"
    path.write_text("".join(f"{1 / x:.9g} {y:.9g}\n" for x, y in zip(X[1:], Y[1:])))
    found = read_fsc_curve(str(path))
    np.testing.assert_allclose(found.data, [X[1:], Y[1:]], rtol=1e-7)
    assert "resolution in Å" in found.warnings[0]


@pytest.mark.parametrize("text, words", [
    ("", "holds no FSC"), ("nothing here\n", "holds no FSC"), ("0.1\n0.2\n", "holds no FSC"), ("<html></html>", "no <fsc>"),
    ("data_x\n_rlnResolution 1\n", "holds no FSC"), ("1 1\n2 0.9\n3 0.8\n", "runs to 3, which is no frequency"),
    ("0.1 12\n0.2 9\n", "values up to 12"), ("0.1 0.9\n0.2 nan\n", "holds 1 points"),
    ("data_x\nloop_\n_a\n_b\n_c\n1 2 3 4\n", "of 4 values")])
def test_files_that_are_no_fsc(tmp_path, text, words):
    path = tmp_path / "bad.txt"
    path.write_text(text)
    with pytest.raises(FormatError, match=words):
        read_fsc_curve(str(path))


def test_bytes_and_no_file(tmp_path):
    (tmp_path / "b.bin").write_bytes(bytes(range(256)) * 8)
    with pytest.raises(FormatError, match="holds no FSC"):
        read_fsc_curve(str(tmp_path / "b.bin"))
    with pytest.raises(MissingInputError, match="FSC file 'no' does not exist"):
        read_fsc_curve("no")


def test_curves_in_memory_have_data_to_tell_them_by():
    assert Mtf(X, Y).data.shape == GivenFsc(X, Y).data.shape == (2, 12)


@pytest.mark.realdata
def test_files_of_other_programs(shared):
    """RELION's own FSC and Xmipp's of the same half-maps agree; cryoSPARC's 3DFSC writes plain columns."""
    relion, xmipp = (read_fsc_curve(str(shared / "reference" / "p96" / name)) for name in ("relion_postprocess.star", "xmipp_fsc.xmd"))
    assert relion.warnings == () and xmipp.name == "resolutionFRC"
    assert relion.frequency[1] == pytest.approx(xmipp.frequency[0], abs=1e-6)
    plain = read_fsc_curve(str(shared / "data" / "reference" / "3dfsc_T40" / "fsc.out"))
    assert plain.values[0] == 0.999998 and plain.frequency[1] == 0.0106022 and plain.warnings == ()
    old = read_fsc_curve(str(shared / "data" / "relion" / "starfile" / "postprocess.star"))
    assert old.at(np.array([0.027778])) == pytest.approx(0.986295, abs=1e-5)
