"""The project whose forms and results bench/viewer_pictures.py shows: the demonstration data, what is made of them, and finished runs."""
import os

import numpy as np

EDGE = 96                                                    # voxels of the demonstration data, 115.2 Å in all
TURN, SHIFT = (20.0, 30.0, 40.0), (4.0, -3.0, 2.0)           # Euler angles in degrees, and Å, of the map that is brought back
MOVED = 3.0                                                  # degrees by which a part is turned in one of the focused maps

# What runs: protocol, then its pointers by parameter with the outputs of the import they point to.
_VOLUME = {"inputVolume": "outputVolume", "inputMask": "outputMask"}
RUNS = {
    "fsc": ("CryoqaProtFsc", _VOLUME), "local_fsc": ("CryoqaProtLocalFsc", _VOLUME),
    "directional_fsc": ("CryoqaProtDirectionalFsc", _VOLUME),
    "q_score": ("CryoqaProtQScore", dict(inputVolume="outputVolume", inputModel="outputPdb")),
    "confidence": ("CryoqaProtConfidence", _VOLUME), "audit": ("CryoqaProtAudit", _VOLUME),
    "map_symmetry": ("CryoqaProtMapSymmetry", _VOLUME),
    "combine_maps": ("CryoqaProtCombineMaps", dict(inputFocusedMaps=["focused1", "focused2"], inputFocusedMasks=["mask1", "mask2"])),
    "deposit": ("CryoqaProtDeposit", dict(inputPrimaryMap="outputVolume", **_VOLUME)),
    "map_align": ("CryoqaProtMapAlign", dict(inputVolume="turned", inputTargetMap="outputVolume")),
    "map_box": ("CryoqaProtMapBox", _VOLUME),
    "compare_maps": ("CryoqaProtCompareMaps", dict(_VOLUME, inputOthers=["focused1"])),
}


def make_project(folder, wanted=tuple(RUNS), edge=EDGE):
    """A project with demonstration data in ``folder``: (project, finished runs by capability)."""
    from pwem.protocols import ProtImportVolumes
    from pyworkflow.project import Manager

    from cryoqa_plugin import protocols, runner
    from cryoqa_plugin.demo import write_demo_data
    paths = write_demo_data(str(folder / "demo"), box=edge)
    project = Manager().createProject("pictures")
    os.chdir(project.getPath())
    source = project.newProtocol(ProtImportVolumes)
    project.saveProtocol(source)
    source.setObjLabel("import volumes")
    source._defineOutputs(**_inputs(folder, paths))
    project.saveProtocol(source)
    runs = {}
    for name in wanted:
        cls, pointers = RUNS[name]
        run = project.newProtocol(getattr(protocols, cls))
        for parameter, given in pointers.items():
            _point(getattr(run, parameter), source, given)
        project.saveProtocol(run)
        run.setObjLabel(name.replace("_", " "))
        run.makePathsAndClean()
        files = run._files()
        runner.execute(name, files.sources, run._values(), run._getExtraPath(), voxel_sizes=files.voxel_sizes, origins=files.origins)
        run.createOutputStep()
        project.saveProtocol(run)
        runs[name] = run
    return project, runs


def _point(parameter, source, given):
    from pyworkflow.object import Pointer
    for output in given if isinstance(given, list) else []:
        parameter.append(Pointer(source, extended=output))
    if not isinstance(given, list):
        parameter.set(source)
        parameter.setExtended(given)


def _inputs(folder, paths):
    """Outputs of the import: the demonstration data, the map turned, and two focused maps of which one has a part that moved."""
    from pwem.objects import AtomStruct, Transform, Volume, VolumeMask

    from cryoqa_plugin.io.maps import read_header, read_map, write_map
    read = {kind: read_map(paths[kind]) for kind in ("full_map", "half1", "half2", "mask")}

    def written(name, map_):
        write_map(str(folder / f"{name}.mrc"), map_)
        return str(folder / f"{name}.mrc")

    def volume(path, halves=(), made=None):
        made = made or Volume()
        made.setFileName(path)
        made.setSamplingRate(read_header(path).voxel_size[0])
        origin = Transform()
        origin.setShifts(0.0, 0.0, 0.0)
        made.setOrigin(origin)
        if halves:
            made.setHalfMaps(list(halves))
        return made

    turned = [written(f"turned_{kind}", _turned(read[kind], TURN, SHIFT)) for kind in ("full_map", "half1", "half2")]
    out = {"outputVolume": volume(paths["full_map"], (paths["half1"], paths["half2"])),
           "outputMask": volume(paths["mask"], made=VolumeMask()), "turned": volume(turned[0], turned[1:])}
    for number in (1, 2):
        halves = [written(f"focused{number}_half{i}", _focused(read[f"half{i}"], number, i)) for i in (1, 2)]
        one, two = (read_map(path) for path in halves)
        whole = written(f"focused{number}", one.with_data((one.data + two.data) / np.float32(2)))
        out[f"focused{number}"] = volume(whole, halves)
        out[f"mask{number}"] = volume(written(f"mask{number}", _side(read["mask"], number)), made=VolumeMask())
    out["outputPdb"] = AtomStruct(filename=paths["model"])
    return out


def _turned(map_, angles, shift):
    """A map turned about the middle of its box, and moved by ``shift`` in Å."""
    from scipy.ndimage import affine_transform
    from scipy.spatial.transform import Rotation
    matrix = Rotation.from_euler("zyz", angles, degrees=True).as_matrix()[::-1, ::-1]
    middle = np.array(map_.shape) / 2
    moved = np.array(shift)[::-1] / np.array(map_.voxel_size)[::-1]
    data = affine_transform(map_.data, matrix.T, middle - matrix.T @ (middle + moved), order=3)
    return map_.with_data(data.astype(np.float32))


def _ramp(shape, number):
    """From 0 to 1 along x, steep in the middle of the box; of the second focused map from 1 to 0."""
    along = 1 / (1 + np.exp(-(np.arange(shape[2]) - shape[2] / 2) / (0.06 * shape[2])))
    return np.broadcast_to(along if number == 1 else 1 - along, shape).astype(np.float32)


def _side(mask, number):
    """The part of the mask that a focused map shows: two thirds of the box."""
    x = np.arange(mask.shape[2]) / mask.shape[2]
    return mask.with_data(mask.data * (x > 0.3 if number == 1 else x < 0.7).astype(np.float32))


def _focused(half, number, which):
    """A half-map with more noise on one side; in that of the second a part of the overlap is turned."""
    rng = np.random.default_rng(10 * number + which)
    data = half.data
    if number == 2:
        z = np.arange(half.shape[0])[:, None, None] / half.shape[0]
        part = np.broadcast_to(1 / (1 + np.exp(-(z - 0.6) / 0.02)), half.shape)
        data = (1 - part) * data + part * _turned(half, (MOVED, 0.0, 0.0), (0.0, 0.0, 0.0)).data
    noise = rng.standard_normal(half.shape) * 1.5 * data.std() * (1 - _ramp(half.shape, number))
    return half.with_data((data + noise).astype(np.float32))
