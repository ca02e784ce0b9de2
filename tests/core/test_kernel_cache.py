"""Machine code that someone else could have written is not read, and what is damaged is made anew."""
from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from cryoqa_plugin.core import kernel_cache

pytestmark = pytest.mark.compiled
SOURCE = """
from cryoqa_plugin.core.jit import njit
FACTOR = {factor}

@njit
def inner(x):
    return {inner}

@njit
def kernel(x):
    return inner(x) * FACTOR
"""


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    """Every test chooses its folder anew, and none of them adds to the kernels of the package."""
    from cryoqa_plugin.core import jit
    monkeypatch.setattr(jit, "KERNELS", [])
    monkeypatch.setitem(sys.modules, "two", None)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    # Two states of a file within one second, of one length, are one to Python's own cache.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(kernel_cache, "_TO_TELL", [])
    kernel_cache.folder_of.cache_clear()
    yield
    kernel_cache.folder_of.cache_clear()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A module of two kernels in a folder of its own, and their machine code."""
    folder = tmp_path_factory.mktemp("made") / "source"
    folder.mkdir()
    (folder / "two.py").write_text(SOURCE.format(factor=3, inner="x + 1"))
    program = "import sys; sys.path.insert(0, sys.argv[1]); import two; two.kernel(2.0)"
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True,
                   env=dict({k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}, PYTHONDONTWRITEBYTECODE="1"))
    return folder


@pytest.fixture
def source(made, tmp_path):
    """The module with its machine code, for one test."""
    return Path(shutil.copytree(made, tmp_path / "source"))


def load(source):
    """The kernel, as a new process would import it."""
    spec = importlib.util.spec_from_file_location("two", str(source / "two.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["two"] = module                              # where what was kept looks for it
    spec.loader.exec_module(module)
    return module.kernel


def compiled(source, value=2.0, wanted=9.0):
    """Whether the kernel, whose answer is right, had to be compiled."""
    kernel = load(source)
    assert kernel(value) == wanted
    return sum(kernel.stats.cache_hits.values()) == 0


def files(folder, end):
    """The index (nbi) or the machine code (nbc) of the outer kernel."""
    return next(folder.rglob(f"two.kernel-*.{end}"))


def signed(text, function):
    """What an attacker writes: a sound checksum is no secret."""
    digest = hashlib.sha256(text)
    for part in kernel_cache.compiled_with(function):
        digest.update(part)
    return text + digest.digest()


def plant(folder, function, flag):
    """An index that runs code when it is unpickled, in place of the one that is there."""
    files(folder, "nbi").write_bytes(signed(pickle.dumps(Trap(flag)), function))


def test_machine_code_is_kept_beside_the_source_for_the_owner_alone(source):
    assert not compiled(source)
    index = files(source, "nbi")
    assert index.parent == source / "__pycache__" and index.stat().st_mode & 0o777 == 0o600
    assert load(source)._cache.index == str(index)


DAMAGE = {"empty": lambda t: b"", "cut": lambda t: t[:len(t) // 2], "one byte short": lambda t: t[:-1], "more": lambda t: t + b"x",
          "one bit": lambda t: t[:len(t) // 3] + bytes([t[len(t) // 3] ^ 4]) + t[len(t) // 3 + 1:],
          "random": lambda t: bytes((i * 197 + 31) % 256 for i in range(len(t))), "other": lambda t: pickle.dumps([1, 2])}


@pytest.mark.parametrize("end", ("nbi", "nbc"))
@pytest.mark.parametrize("how", list(DAMAGE))
def test_a_damaged_file_is_made_anew(source, how, end):
    path = files(source, end)
    path.write_bytes(DAMAGE[how](path.read_bytes()))
    assert compiled(source)
    assert not compiled(source), "the damaged file was not replaced"


@pytest.mark.parametrize("end", ("nbi", "nbc"))
@pytest.mark.parametrize("content", (7, ["x"], {"a": 1}, ("1", 2), None))
def test_a_sound_pickle_of_something_else_is_made_anew(source, end, content):
    kernel = load(source)
    text = pickle.dumps(content)
    files(source, end).write_bytes(signed(pickle.dumps(numba.__version__) + text if end == "nbi" else text, kernel.py_func))
    assert compiled(source) and not compiled(source)


def test_no_file_and_a_folder_or_pipe_in_its_place(source):
    path = files(source, "nbc")
    path.unlink()
    assert compiled(source) and not compiled(source)
    path.unlink()
    os.mkfifo(path)
    assert compiled(source) and not compiled(source)
    path.unlink()
    path.mkdir()
    assert compiled(source) and compiled(source)


def test_another_state_of_what_is_called_or_of_a_constant_is_made_anew(source):
    """Numba alone looks at the source file of the outer kernel only; here the stamp of the file is kept as it was."""
    kernel = load(source)
    before = list(kernel_cache.compiled_with(kernel.py_func))
    (source / "two.py").write_text(SOURCE.format(factor=4, inner="x + 1"))
    assert list(kernel_cache.compiled_with(load(source).py_func)) != before
    assert compiled(source, wanted=12.0)
    (source / "two.py").write_text(SOURCE.format(factor=3, inner="x - 1"))
    assert list(kernel_cache.compiled_with(load(source).py_func)) != before
    (source / "two.py").write_text(SOURCE.format(factor=3, inner="x + 1"))
    assert list(kernel_cache.compiled_with(load(source).py_func)) == before


def test_the_checksum_covers_the_kernels_of_other_files(tmp_path, source):
    (source / "outer.py").write_text("import sys\nfrom cryoqa_plugin.core.jit import njit\ninner = sys.modules['two'].inner\n\n\n"
                                     "@njit\ndef outer(x):\n    return inner(x)\n")
    program = ("import sys; sys.path.insert(0, sys.argv[1]); import two, outer; print(outer.outer(2.0), "
               "sum(outer.outer.stats.cache_hits.values()))")

    def run():
        return subprocess.run([sys.executable, "-c", program, str(source)], check=True, capture_output=True, text=True).stdout.split()

    assert run() == ["3.0", "0"] and run() == ["3.0", "1"]
    (source / "two.py").write_text(SOURCE.format(factor=3, inner="x + 5"))
    assert run() == ["7.0", "0"]


def test_a_folder_that_others_can_write_is_not_read(source, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    plant(source, load(source).py_func, tmp_path / "trapped")
    (source / "__pycache__").chmod(0o777)
    kernel_cache.folder_of.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert compiled(source) and not compiled(source)
    assert not (tmp_path / "trapped").exists()
    said = [r.message for r in caplog.records]
    assert len(said) == 1 and f"other users can write to {source / '__pycache__'}" in said[0]
    assert str(tmp_path / "home" / "cryoqa") in said[0]
    own = files(tmp_path / "home", "nbi").parent
    assert own.stat().st_mode & 0o777 == 0o700 and own.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_others_can_write_is_not_read(source, tmp_path):
    plant(source, load(source).py_func, tmp_path / "trapped")
    path = files(source, "nbi")
    path.chmod(0o666)
    assert compiled(source) and not (tmp_path / "trapped").exists()
    assert path.stat().st_mode & 0o777 == 0o600 and not compiled(source)


def test_the_trap_of_these_tests_works(source, tmp_path):
    """In a file of the user's own it does go off: the tests above would see it."""
    plant(source, load(source).py_func, tmp_path / "trapped")
    assert compiled(source) and (tmp_path / "trapped").exists()


def test_what_belongs_to_another_user_is_not_read(source, tmp_path, monkeypatch):
    plant(source, load(source).py_func, tmp_path / "trapped")
    monkeypatch.setattr(kernel_cache, "_trusted", lambda: (987654321,))
    assert "another user owns" in kernel_cache.open_to_others(str(source))
    assert compiled(source) and not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("how", ("writable", "below a writable one", "link into a writable one"))
def test_the_folder_of_the_environment_is_judged(source, tmp_path, monkeypatch, caplog, how):
    given = tmp_path / "given"
    given.mkdir()
    if how == "writable":
        given.chmod(0o777)
    elif how == "below a writable one":
        given.chmod(0o777)
        given = given / "cache"
        given.mkdir(mode=0o700)
    else:
        (given / "real").mkdir(mode=0o700)
        given.chmod(0o777)
        (tmp_path / "link").symlink_to(given / "real")
        given = tmp_path / "link"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(given))
    shutil.rmtree(source / "__pycache__")
    with caplog.at_level(logging.WARNING):
        assert compiled(source) and not compiled(source)
    assert len(caplog.records) == 1 and str(given) in caplog.text and "other users can write to" in caplog.text
    assert files(source, "nbi").parent == source / "__pycache__"


def test_a_private_folder_of_the_environment_is_used(source, tmp_path, monkeypatch, caplog):
    given = tmp_path / "new" / "cache"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(given))
    assert compiled(source) and not compiled(source) and not caplog.records
    assert files(given, "nbi").parent.stat().st_mode & 0o777 == 0o700


def test_a_file_of_the_working_folder_chooses_nothing(source, tmp_path, monkeypatch):
    """Numba takes its settings from .numba_config.yaml of the folder it is started in."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "brought"))
    assert not compiled(source) and not (tmp_path / "brought").exists()


def test_a_sticky_folder_above_is_fine_and_a_home_ends_the_search(tmp_path, monkeypatch):
    shared = tmp_path / "shared"
    inner = shared / "mine"
    inner.mkdir(parents=True, mode=0o700)
    shared.chmod(0o1777)
    assert kernel_cache.open_to_others(str(inner)) == ""
    shared.chmod(0o777)
    assert f"{shared}, in which {inner} lies" in kernel_cache.open_to_others(str(inner))
    monkeypatch.setenv("HOME", str(inner))
    (inner / "cache").mkdir()
    assert kernel_cache.open_to_others(str(inner / "cache")) == ""


def test_a_group_without_other_members_is_no_danger(tmp_path, monkeypatch):
    folder = tmp_path / "group"
    folder.mkdir()
    folder.chmod(0o775)
    monkeypatch.setattr(kernel_cache, "_alone_in", lambda group: True)
    assert kernel_cache.open_to_others(str(folder)) == ""
    monkeypatch.setattr(kernel_cache, "_alone_in", lambda group: False)
    assert kernel_cache.open_to_others(str(folder)) == f"other users can write to {folder}"


def test_nowhere_to_write_makes_a_folder_for_the_run(tmp_path):
    """It goes with the process that made it, and not with one that was started from it."""
    program = ("import os\nfrom cryoqa_plugin.core import kernel_cache as k\nk._unfit = lambda *a: 'none'\n"
               "f = k.folder_of('/nowhere')\nassert os.stat(os.environ['NUMBA_CACHE_DIR']).st_mode & 0o777 == 0o700\n"
               "if os.fork() == 0:\n    raise SystemExit(0)\nos.wait()\nassert os.path.isdir(f)\nprint(f)\nprint(k._TO_TELL[0])\n")
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True,
                          env=dict(os.environ, TMPDIR=str(tmp_path)))
    folder, said = done.stdout.splitlines()
    assert folder.startswith(str(tmp_path)) and not os.path.exists(folder) and not list(tmp_path.iterdir())
    assert "made again in every run" in said


def test_machine_code_that_cannot_be_kept_stops_nothing(source, monkeypatch, caplog):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(kernel_cache.tempfile, "mkstemp", full)
    shutil.rmtree(source / "__pycache__")
    with caplog.at_level(logging.INFO, logger="cryoqa_plugin"):    # which the command line sets for itself
        assert compiled(source)
    assert "No space left" in caplog.text and not list(source.rglob("*.nb?"))
