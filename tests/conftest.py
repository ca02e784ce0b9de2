"""What all tests share: the environment that Scipion needs, the folder with real data, simulated and tiny half-maps.

The environment is set before anything imports pyworkflow, which reads it once.
"""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
OWN_CASES = {                                                # simulated cases that the simulator does not know by name
    "f2_128": ["--model=5ni1.pdb", "--box=128", "--d143=2.7", "--b-gradient=80", "--seed=102"],
    "f3_144": ["--model=3o21.pdb", "--chains=B", "--box=144", "--d143=3.6", "--anisotropy=-5,0,30", "--seed=103"],
    "f4_160": ["--model=7pbl.pdb", "--box=160", "--d143=4.2", "--voxel=1.3", "--seed=104"],
    "g1_120": ["--model=3c91_T20S.pdb", "--chains=H,I", "--box=120", "--d143=3.3", "--seed=201"],
    "g2_144": ["--model=7pbl.pdb", "--chains=A", "--box=144", "--voxel=0.9", "--d143=2.5", "--b-gradient=60", "--seed=202"],
    "g3_160": ["--model=7ez0_TRibozyme_RNA.pdb", "--box=160", "--voxel=1.2", "--d143=4.0", "--seed=203"],
    "u26_108": ["--model=3o21.pdb", "--chains=A", "--box=108", "--d143=2.6", "--seed=102"],
    "u34_108": ["--model=3o21.pdb", "--chains=A", "--box=108", "--d143=3.4", "--seed=103"],
    "u45_108": ["--model=3o21.pdb", "--chains=A", "--box=108", "--d143=4.5", "--seed=102"],
    "g4_100": ["--model=7a4m.cif", "--box=100", "--voxel=0.8", "--d143=2.0", "--seed=204"]}
_SCRATCH = tempfile.TemporaryDirectory(prefix="cryoqa_tests_")


def _prepare_environment():
    scratch = Path(_SCRATCH.name)
    hosts = scratch / "hosts.conf"
    submit = scratch / "submit"                              # a queue of two lines: run in the background, print a number
    submit.write_text("#!/bin/bash\nbash \"$1\" > /dev/null 2>&1 &\necho 4711\n")
    submit.chmod(0o755)
    hosts.write_text(f"""[localhost]
PARALLEL_COMMAND = mpirun -np %_(JOB_NODES)d %_(COMMAND)s
NAME = fake
SUBMIT_COMMAND = {submit} %_(JOB_SCRIPT)s
SUBMIT_TEMPLATE = #!/bin/bash
    %_(JOB_COMMAND)s
CHECK_COMMAND = echo job %_(JOB_ID)s
CANCEL_COMMAND = true
JOB_DONE_REGEX = gone
QUEUES = {{"main": [["JOB_TIME", "1", "Hours", "Hours it may take"]]}}
QUEUES_DEFAULT = {{"main": {{}}}}
""")
    for name in ("home", "user_data", "tests"):
        (scratch / name).mkdir()
    os.environ.update(SCIPION_DOMAIN="pwem", SCIPION_HOSTS=str(hosts), SCIPION_PYTHON=sys.executable, SCIPION_NOTIFY="False",
                      SCIPION_USER_DATA=str(scratch / "user_data"), SCIPION_HOME=str(scratch / "home"),
                      SCIPION_TESTS=str(scratch / "tests"), SCIPION_TEST_NOSYNC="True", SCIPION_PRIORITY_PACKAGE_LIST="pwem",
                      SCIPION_LOGS=str(scratch / "logs"), MPLBACKEND="Agg")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")       # its threads spin: two workers of pytest-xdist would fight for the cores
    paths = [str(ROOT)] if str(ROOT) not in sys.path else []
    if not _installed():
        info = scratch / "fake" / "scipion_em_cryoqa-0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: scipion-em-cryoqa\nVersion: 0\n")
        (info / "entry_points.txt").write_text("[pyworkflow.plugin]\ncryoqa_plugin = cryoqa_plugin\n")
        paths += [str(scratch / "fake"), str(ROOT)]
    sys.path[:0] = paths
    sys.path.insert(0, str(Path(__file__).parent))
    if paths:                                                # the subprocesses of Scipion need them too
        os.environ["PYTHONPATH"] = os.pathsep.join(paths + os.environ.get("PYTHONPATH", "").split(os.pathsep)).rstrip(os.pathsep)


def _installed():
    from importlib.metadata import PackageNotFoundError, distribution
    try:
        folder = str(distribution("scipion-em-cryoqa")._path)
    except PackageNotFoundError:
        return False
    return "egg-info" not in folder


_prepare_environment()


def pytest_configure(config):
    for line in ("realdata: needs the shared folder with real maps, models and other programs' outputs",
                 "heavy: takes more than a few seconds; run with -m heavy or CRYOQA_HEAVY=1",
                 "compiled: too slow without compiled kernels (NUMBA_DISABLE_JIT)",
                 "scipion: runs protocols in a pyworkflow project", "gui: opens windows; needs Xvfb"):
        config.addinivalue_line("markers", line)


def pytest_collection_modifyitems(config, items):
    """Heavy tests run only when they are asked for."""
    if "heavy" in (config.option.markexpr or "") or os.environ.get("CRYOQA_HEAVY"):
        return
    left = [item for item in items if "heavy" not in item.keywords]
    config.hook.pytest_deselected(items=[item for item in items if "heavy" in item.keywords])
    items[:] = left


@pytest.fixture(scope="session")
def shared():
    """The folder with real data and the simulator: CRYOQA_SHARED, else ``shared`` beside the checkout."""
    folder = Path(os.environ.get("CRYOQA_SHARED") or ROOT.parent / "shared")
    if not (folder / "tools" / "simulate.py").is_file():
        pytest.skip("the shared folder is not there; name it by CRYOQA_SHARED")
    return folder


@pytest.fixture(scope="session")
def sim_case(shared):
    """Function from the name of a simulated case to its folder; made when first asked for, kept in the temporary folder."""
    top = Path(os.environ.get("CRYOQA_SIM") or Path(tempfile.gettempdir()) / "cryoqa_sim")

    def get(name):
        folder = top / name
        if (folder / f"{name}_truth.json").is_file():        # the simulator writes it last
            return folder
        top.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{name}_", dir=str(top)))
        how = ["custom", str(work), f"--name={name}", *OWN_CASES[name]] if name in OWN_CASES else [name, str(work)]
        subprocess.run([sys.executable, str(shared / "tools" / "simulate.py"), *how], check=True, stdout=subprocess.DEVNULL)
        try:
            work.rename(folder)
        except OSError:                                      # another process was quicker, or is still writing there
            return folder if (folder / f"{name}_truth.json").is_file() else work
        return folder

    return get


@pytest.fixture(scope="session")
def scipion_env():
    """The folder that Scipion's projects go to in the tests; skips where Scipion is not installed."""
    pytest.importorskip("pyworkflow")
    pytest.importorskip("pwem")
    return Path(os.environ["SCIPION_USER_DATA"])


@pytest.fixture(scope="session")
def tiny_halves(tmp_path_factory):
    """Two 32^3 half-maps of a random, low-passed ball with white noise.

    A dict: ``half1``, ``half2``, ``truth``, ``mask`` are Maps; ``paths`` holds the files of half1, half2, full_map and mask.
    """
    from cryoqa_plugin.io.maps import Map, write_map
    rng = np.random.default_rng(7)
    box, voxel, origin = 32, (1.5, 1.5, 1.5), (3.0, 4.5, 6.0)
    z, y, x = np.mgrid[:box, :box, :box] - box // 2
    radius = np.sqrt(x * x + y * y + z * z)
    ball = np.clip((12 - radius) / 3, 0, 1)
    ft = np.fft.rfftn(rng.standard_normal((box,) * 3))
    k = np.fft.fftfreq(box)
    s2 = k[:, None, None] ** 2 + k[None, :, None] ** 2 + np.fft.rfftfreq(box)[None, None, :] ** 2
    truth = (np.fft.irfftn(ft * np.exp(-60 * s2), (box,) * 3) * 8 + 0.5) * ball
    out = {"truth": Map(truth.astype(np.float32), voxel, origin), "mask": Map(ball.astype(np.float32), voxel, origin)}
    for name in ("half1", "half2"):
        noisy = truth + 0.3 * truth.std() * rng.standard_normal(truth.shape)
        out[name] = Map(noisy.astype(np.float32), voxel, origin)
    out["full_map"] = out["half1"].with_data((out["half1"].data + out["half2"].data) / 2)
    folder = tmp_path_factory.mktemp("tiny")
    out["paths"] = {n: str(folder / f"{n}.mrc") for n in ("half1", "half2", "full_map", "mask")}
    for name, path in out["paths"].items():
        write_map(path, out[name])
    return out
