"""Packaging: the top-level protocols/ and viewers/ are installed as parts of cryoqa_plugin; tests/ is not.

What 'scipion tests' runs is in cryoqa_plugin/tests: that folder must be a package whose modules need nothing but Scipion, or
pyworkflow finds the tests of no plugin at all.
"""
import os
import re

from setuptools import find_packages, setup

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = "cryoqa_plugin"
SIBLINGS = ("protocols", "viewers")


def read(*parts):
    """Text of a file of the project."""
    with open(os.path.join(HERE, *parts), encoding="utf-8") as stream:
        return stream.read()


packages = find_packages(HERE, include=[PACKAGE, PACKAGE + ".*"])
package_dir = {PACKAGE: PACKAGE}
for sibling in SIBLINGS:
    name = PACKAGE + "." + sibling
    package_dir[name] = sibling
    packages += [name] + [name + "." + p for p in find_packages(os.path.join(HERE, sibling))]

setup(
    name="scipion-em-cryoqa",
    version=re.search(r'^__version__ = "(.+)"', read(PACKAGE, "__init__.py"), re.M).group(1),
    description="Can this cryo-EM map be trusted? Validation and improvement of maps, in Scipion, at the command line and in Python.",
    long_description=read("README.rst"),
    long_description_content_type="text/x-rst",
    license="GPL-3.0-or-later",
    packages=packages,
    package_dir=package_dir,
    package_data={PACKAGE: ["protocols.conf", "*.png", "*.pyi", "py.typed", "templates/*.json.template", "report/templates/*",
                              "study/*.json"]},
    python_requires=">=3.8,<3.13",
    install_requires=["scipion-pyworkflow", "scipion-em", "numpy", "scipy", "mrcfile>=1.3.0", "emtable", "numba", "gemmi", "jinja2",
                      "reportlab", "tqdm", "matplotlib", 'tomli; python_version < "3.11"'],
    extras_require={"test": ["pytest", "pytest-xdist", "pypdf", "distributed"], "batch": ["distributed"], "denoise": ["torch>=2.0"],
                    "docs": ["sphinx", "furo"]},
    entry_points={"pyworkflow.plugin": ["cryoqa_plugin = cryoqa_plugin"],
                  "console_scripts": ["cryoqa = cryoqa_plugin.cli:main"]},
    classifiers=["Programming Language :: Python :: 3", "Topic :: Scientific/Engineering :: Bio-Informatics",
                 "License :: OSI Approved :: GNU General Public License v3 or later (GPLv3+)"],
    zip_safe=False,
)
