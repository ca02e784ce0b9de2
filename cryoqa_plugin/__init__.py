"""cryoqa: can this cryo-EM map be trusted, and how is the best made of it.

``import cryoqa_plugin`` is cheap: neither Scipion nor matplotlib nor tkinter is loaded. Open the inputs once, ask by methods:

>>> import cryoqa_plugin                                                           # doctest: +SKIP
>>> study = cryoqa_plugin.open(half1="half1.mrc", half2="half2.mrc")               # doctest: +SKIP
>>> study.fsc().resolution                                                         # doctest: +SKIP
>>> answer = cryoqa_plugin.run("mtriage", half1="half1.mrc", half2="half2.mrc")    # doctest: +SKIP
"""
import os as _os

__version__ = "0.1.0"
_logo = "cryoqa_logo.png"
_references = ["Penczek2010", "Rosenthal2003", "Afonine2018"]

# A checkout that setup.py has not mapped: let cryoqa_plugin.protocols and .viewers be found beside the package.
_root = _os.path.dirname(_os.path.dirname(_os.path.abspath(__file__)))
if (_os.path.isfile(_os.path.join(_root, "setup.py")) and _os.path.isdir(_os.path.join(_root, "protocols"))
        and not _os.path.isdir(_os.path.join(__path__[0], "protocols"))):
    __path__.append(_root)                       # append: __path__[0] must stay the plugin folder


def __getattr__(name):
    """``Plugin`` (needs Scipion), ``open``, ``load`` and ``run`` are imported when they are first asked for."""
    if name == "Plugin":
        from .scipion import Plugin as found
    elif name in ("open", "load", "run"):
        from . import api
        found = getattr(api, name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__():
    return sorted({*globals(), "open", "load", "run", "Plugin"})
