"""The valid files that all cases are made from: small, and made by the project's own demonstration."""
from __future__ import annotations

import bz2
import gzip
import json
from pathlib import Path
from typing import Any, Dict

import numpy as np
from fuzz_harness import Seeds

BOX = 24
CSG = "group:\n  name: volume\n  type: volume\nresults:\n{}\nversion: v4.4.1\n"
CSG_ENTRY = "  {}:\n    metafile: '>J42_010_volume_{}.cs'\n    num_items: 1\n    type: volume.blob"
CS_MAPS = ("map", "map_half_A", "map_half_B", "mask_fsc")
XML_HEADER = """<?xml version="1.0" encoding="UTF-8"?>
<emd emdb_id="EMD-9999" version="3.0.1.9"><admin><title>A small ball</title></admin><crossreferences><pdb_list><pdb_reference>
<pdb_id>1ABC</pdb_id></pdb_reference></pdb_list></crossreferences><structure_determination_list><structure_determination>
<method>singleParticle</method><singleparticle_processing><final_reconstruction><resolution units="A">3.4</resolution>
<resolution_method>FSC 0.143 CUT-OFF</resolution_method></final_reconstruction></singleparticle_processing>
</structure_determination></structure_determination_list><map><file>emd_9999.map.gz</file><dimensions><col>8</col><row>8</row><sec>8</sec>
</dimensions><pixel_spacing><x>1.5</x><y>1.5</y><z>1.5</z></pixel_spacing><contour_list><contour primary="true"><level>0.018</level>
</contour></contour_list></map><interpretation><half_map_list><half_map><file>emd_9999_half_map_1.map.gz</file></half_map></half_map_list>
</interpretation><validation><fsc_curve><file>emd_9999_fsc.xml</file></fsc_curve></validation></emd>"""
LIMITS = "[map_info]\ncentre_offset = 0.5\n\n[fsc]\ntail_fsc = 0.1\nrise_at_end = 0.2\n"


def make_seeds(folder: Path) -> Seeds:
    """All seed files, written into a folder."""
    seeds = Seeds(folder)
    _maps(seeds)
    _models(seeds)
    _curves(seeds)
    _relion(seeds)
    _cryosparc(seeds)
    _texts(seeds)
    return seeds


def _put(seeds: Seeds, name: str, content: Any) -> Path:
    path = seeds.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    seeds.files[name] = path
    return path


def _maps(seeds: Seeds) -> None:
    from cryoqa_plugin.demo import write_demo_data
    from cryoqa_plugin.io.maps import Map, read_map, write_map
    from cryoqa_plugin.io.mtz import write_mtz
    for path in write_demo_data(str(seeds.folder), box=BOX).values():
        seeds.files[Path(path).name] = Path(path)
    full = read_map(str(seeds.files["full_map.mrc"]))
    odd = Map(np.ascontiguousarray(full.data[2:21, 1:23, 3:20]), (4.8, 4.7, 4.6), (12.0, -3.5, 100.25))
    write_map(str(seeds.folder / "odd.mrc"), odd)
    write_mtz(str(seeds.folder / "map.mtz"), full)
    for name in ("odd.mrc", "map.mtz"):
        seeds.files[name] = seeds.folder / name
    for name in ("full_map.mrc", "odd.mrc"):
        _put(seeds, name + ".gz", gzip.compress(seeds.bytes(name), 6, mtime=0))
        _put(seeds, name + ".bz2", bz2.compress(seeds.bytes(name)))


def _models(seeds: Seeds) -> None:
    """Three chains' worth of atoms, as mmCIF and PDB, and the numbers in them."""
    from cryoqa_plugin.io.models import read_model
    model = read_model(str(seeds.files["model.cif"]))
    structure = model.structure
    for chain in list(structure[0])[1:]:
        structure[0].remove_chain(chain.name)
    while len(structure[0][0]) > 20:
        del structure[0][0][-1]
    small = type(model)(structure)
    seeds.facts.update(atoms=small.n_atoms, xyz=small.xyz)
    _put(seeds, "small.pdb", structure.make_pdb_string())
    _put(seeds, "small.cif", structure.make_mmcif_document().as_string())
    _put(seeds, "seq.fasta", ">one|A\nMKVLAAGITWYSPQRNDEFHC\nGGSAK\n>two\nACGUACGUAC\n")


def _curves(seeds: Seeds) -> None:
    step = 1 / 115.2
    rows = [(i, i * step, 1 / (i * step) if i else 999.0, max(1 - 0.07 * i, 0.02)) for i in range(BOX // 2 + 1)]
    table = "\n".join(f"{i} {x:.6f} {r:.4f} {y:.6f} {max(y - 0.02, 0):.6f} {y:.6f} 0.05" for i, x, r, y in rows)
    _put(seeds, "postprocess.star", f"""# RELION postprocess; version 5.0.1
data_general
_rlnFinalResolution 12.4
_rlnUnfilteredMapHalf1 Refine3D/job019/run_half1_class001_unfil.mrc
_rlnUnfilteredMapHalf2 Refine3D/job019/run_half2_class001_unfil.mrc
_rlnMaskName MaskCreate/job020/mask.mrc

data_fsc
loop_
_rlnSpectralIndex #1
_rlnResolution #2
_rlnAngstromResolution #3
_rlnFourierShellCorrelationCorrected #4
_rlnFourierShellCorrelationUnmaskedMaps #5
_rlnFourierShellCorrelationMaskedMaps #6
_rlnCorrectedFourierShellCorrelationPhaseRandomizedMaskedMaps #7
{table}
""")
    _put(seeds, "fsc.txt", "# frequency FSC\n" + "\n".join(f"{x:.6f} {y:.6f}" for _, x, _, y in rows) + "\n")
    _put(seeds, "fsc.xml", "<?xml version='1.0' encoding='UTF-8'?><fsc title='half-maps' xaxis='Resolution (A-1)' yaxis='FSC'>" + "".join(
        f"<coordinate><x>{x:.6f}</x><y>{y:.6f}</y></coordinate>" for _, x, _, y in rows) + "</fsc>")
    _put(seeds, "mtf.star", "data_mtf\n\nloop_\n_rlnResolutionInversePixel #1\n_rlnMtfValue #2\n" + "\n".join(
        f"{0.05 * i:.3f} {1 - 0.08 * i:.4f}" for i in range(11)) + "\n")
    seeds.facts.update(fsc_x=np.array([r[1] for r in rows]), fsc_y=np.array([r[3] for r in rows]))


def _relion(seeds: Seeds) -> None:
    job = ("# version 40001\n\ndata_job\n\n_rlnJobTypeLabel  {}\n_rlnJobIsContinue 0\n\ndata_joboptions_values\n\nloop_\n"
           "_rlnJobOptionVariable #1\n_rlnJobOptionValue #2\n{}\n")
    _put(seeds, "refine.star", job.format("relion.refine3d", 'fn_img Extract/job018/particles.star\nfn_mask MaskCreate/job020/mask.mrc\n'
                                                             'sampling "7.5 degrees"\nother_args ""'))
    _put(seeds, "post.star", job.format("relion.postprocess", "fn_in Refine3D/job019/run_half1_class001_unfil.mrc\nfn_mask "
                                                              "MaskCreate/job020/mask.mrc\nangpix -1"))
    rows = "\n".join(f"{i} {i / 115.2:.6f} {115.2 / i if i else 999:.6f} {1 - 0.07 * i:.6f}" for i in range(BOX // 2 + 1))
    _put(seeds, "model.star", f"# version 30001\ndata_model_general\n_rlnOriginalImageSize {BOX}\n_rlnCurrentResolution 12.2\n"
                              "_rlnPixelSize 4.8\n\ndata_model_class_1\nloop_\n_rlnSpectralIndex #1\n_rlnResolution #2\n"
                              f"_rlnAngstromResolution #3\n_rlnGoldStandardFsc #4\n{rows}\n")
    optics = ("data_optics\n\nloop_\n_rlnOpticsGroupName #1\n_rlnOpticsGroup #2\n_rlnVoltage #3\n_rlnSphericalAberration #4\n"
              "_rlnAmplitudeContrast #5\n_rlnImagePixelSize #6\n_rlnImageSize #7\nlow 1 300 2.7 0.1 1.5 64\nhigh 2 200 2.7 0.1 1.5 64\n\n")
    lines = "\n".join(f"{i + 1:06d}@stack.mrcs {1 + i % 2} {3.5 * i:.2f} {40 + i:.2f} {-12.5 * i:.2f} {0.1 * i:.2f} -0.5 {9000 + i} "
                      f"{8000 + i} {i}.5 {1 + i % 2}" for i in range(10))
    _put(seeds, "particles.star", optics + "data_particles\n\nloop_\n_rlnImageName #1\n_rlnOpticsGroup #2\n_rlnAngleRot #3\n_rlnAngleTilt "
         "#4\n_rlnAnglePsi #5\n_rlnOriginXAngst #6\n_rlnOriginYAngst #7\n_rlnDefocusU #8\n_rlnDefocusV #9\n_rlnDefocusAngle #10\n"
         f"_rlnRandomSubset #11\n{lines}\n")


def _cs(prefix: str, text: str) -> bytes:
    import io
    names = [("uid", "<u8"), (f"{prefix}/path", f"S{len(text)}"), (f"{prefix}/shape", "<u4", (3,)), (f"{prefix}/psize_A", "<f4")]
    stream = io.BytesIO()
    np.save(stream, np.array([(7, text.encode(), (BOX,) * 3, 4.8)], dtype=names))
    return stream.getvalue()


def _cryosparc(seeds: Seeds) -> None:
    for name in CS_MAPS:
        _put(seeds, f"J42_010_volume_{name}.cs", _cs(name, f"J42/J42_010_volume_{name}.mrc"))
    _put(seeds, "J42_volume.csg", CSG.format("\n".join(CSG_ENTRY.format(n, n) for n in CS_MAPS)))
    about: Dict[str, Any] = {"uid": "J42", "project_uid": "P3", "job_type": "nonuniform_refine_new", "status": "completed", "version":
                             "v4.4.1", "output_result_groups": [{"latest_summary_stats": {"fsc_info_best": {"radwn_final_A": 12.21}}}]}
    _put(seeds, "job.json", json.dumps(about))
    head = "wave_number\tfsc_nomask\tfsc_sphericalmask\tfsc_loosemask\tfsc_tightmask\tfsc_noisesub_raw\tfsc_noisesub_true\tfsc_noisesub"
    rows = []
    for i in range(1, BOX // 2):
        t, n = 1 - 0.08 * i, 0.3 / i
        rows.append("\t".join(f"{v:.6f}" for v in (i, t - 0.3, t - 0.2, t - 0.1, t, n, (t - n) / (1 - n), (t - n) / (1 - n))))
    _put(seeds, "P3_J42_fsc_iteration_010.txt", "\n".join([head, *rows]) + "\n")
    import io
    names = [("uid", "<u8"), ("blob/path", "S20"), ("blob/idx", "<u4"), ("blob/shape", "<u4", (2,)), ("blob/psize_A", "<f4"),
             ("ctf/df1_A", "<f4"), ("ctf/df2_A", "<f4"), ("ctf/df_angle_rad", "<f4"), ("ctf/accel_kv", "<f4"),
             ("alignments3D/shift", "<f4", (2,)), ("alignments3D/pose", "<f4", (3,)), ("alignments3D/split", "<u4")]
    data = np.zeros(8, dtype=names)
    rng = np.random.default_rng(3)
    data["blob/path"], data["blob/idx"], data["blob/shape"], data["blob/psize_A"] = b"J1/stack.mrc", range(8), 64, 1.5
    data["ctf/df1_A"], data["ctf/df2_A"], data["ctf/accel_kv"] = 9000, 8000, 300
    data["alignments3D/pose"], data["alignments3D/split"] = rng.normal(size=(8, 3)), np.arange(8) % 2
    stream = io.BytesIO()
    np.save(stream, data)
    _put(seeds, "J42_particles.cs", stream.getvalue())


def _texts(seeds: Seeds) -> None:
    _put(seeds, "header.xml", XML_HEADER)
    _put(seeds, "limits.toml", LIMITS)
    _put(seeds, "list.csv", "name,half1,half2,mask,model,contour,resolution,voxel_size\none,half1.mrc,half2.mrc,mask.mrc,model.cif,0.02,"
                            "12.5,\ntwo,half1.mrc,half2.mrc,,,,,4.8\n")
    _put(seeds, "list.tsv", "name\tmap\tcontour\tresolution\none\tfull_map.mrc\t0.02\t12.5\ntwo\todd.mrc\t\t\n")
    _put(seeds, "c4.sym", "C4\n")
    _put(seeds, "biomt.pdb", "".join(
        f"REMARK 350   BIOMT{r}   {n}  {row}\n" for n, rows in ((1, ("1.000000  0.000000  0.000000        0.00000",
                                                                     "0.000000  1.000000  0.000000        0.00000",
                                                                     "0.000000  0.000000  1.000000        0.00000")),
                                                                (2, ("-1.000000  0.000000  0.000000       10.00000",
                                                                     "0.000000 -1.000000  0.000000       20.00000",
                                                                     "0.000000  0.000000  1.000000        0.00000")))
        for r, row in enumerate(rows, 1)))


def relion_project(seeds: Seeds, top: Path) -> Path:
    """A RELION project with a finished Refine3D, MaskCreate and PostProcess."""
    refine = top / "Refine3D" / "job019"
    for name, source in (("run_class001", "full_map"), ("run_half1_class001_unfil", "half1"), ("run_half2_class001_unfil", "half2")):
        seeds.copy(source + ".mrc", refine, name + ".mrc")
    seeds.copy("refine.star", refine, "job.star")
    seeds.copy("model.star", refine, "run_model.star")
    seeds.copy("mask.mrc", top / "MaskCreate" / "job020")
    post = top / "PostProcess" / "job021"
    seeds.copy("post.star", post, "job.star")
    seeds.copy("postprocess.star", post)
    seeds.copy("full_map.mrc", post, "postprocess.mrc")
    return top


def cryosparc_job(seeds: Seeds, top: Path) -> Path:
    """A finished job J42 of cryoSPARC 4."""
    folder = top / "J42"
    for name, source in zip(CS_MAPS, ("full_map", "half1", "half2", "mask")):
        seeds.copy(source + ".mrc", folder, f"J42_010_volume_{name}.mrc")
        seeds.copy(f"J42_010_volume_{name}.cs", folder)
    for name in ("J42_volume.csg", "job.json", "P3_J42_fsc_iteration_010.txt"):
        seeds.copy(name, folder)
    return folder
