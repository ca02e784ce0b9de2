"""``scipion tests`` finds our tests, and those of other plugins still, in the checkout and when it is installed."""
from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("pwem", reason="Scipion (scipion-em) is not installed")

import pyworkflow  # noqa: E402

from sources import ROOT  # noqa: E402

pytestmark = pytest.mark.scipion
NAME = "cryoqa_plugin.tests.test_smoke"


def _scipion_tests(*arguments, path):
    """What ``scipion tests`` runs, with ``path`` before all else."""
    script = os.path.join(os.path.dirname(pyworkflow.__file__), "apps", "pw_run_tests.py")
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([path, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]))
    return subprocess.run([sys.executable, script, *arguments], env=environment, cwd=path, capture_output=True, text=True)


def test_the_tests_of_all_plugins_are_listed():
    done = _scipion_tests(path=str(ROOT))
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"{NAME}.TestCryoqaSmoke" in done.stdout and "pwem.tests." in done.stdout
    assert not [line for line in (done.stderr + done.stdout).split("\n") if "Error loading" in line and "cryoqa" in line]
    found = _scipion_tests("--grep", "cryoqa", path=str(ROOT))
    assert NAME in found.stdout and "pwem.tests" not in found.stdout


@pytest.mark.heavy
def test_the_installed_package_lists_and_passes_them(tmp_path):
    """The files that setup.py installs, in a folder of their own: no test of ours that needs pytest is among them."""
    package = tmp_path / "site"
    subprocess.run([sys.executable, "setup.py", "-q", "build", "-b", str(tmp_path / "build"), "build_py", "-d", str(package), "egg_info",
                    "-e", str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    installed = {p.relative_to(package).as_posix() for p in package.rglob("*.py")}
    assert {n for n in installed if "/tests/" in n} == {"cryoqa_plugin/tests/__init__.py", "cryoqa_plugin/tests/test_smoke.py"}
    assert {"cryoqa_plugin/protocols/base.py", "cryoqa_plugin/viewers/__init__.py"} <= installed
    listed = _scipion_tests(path=str(package))
    assert listed.returncode == 0 and NAME in listed.stdout and "pwem.tests." in listed.stdout, listed.stderr[-2000:]
    done = _scipion_tests(NAME, path=str(package))
    assert done.returncode == 0 and "3 tests" in done.stdout + done.stderr, (done.stdout + done.stderr)[-3000:]
