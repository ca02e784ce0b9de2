"""The one door to Numba: every kernel is compiled by the ``njit`` of this module.

Kernels are serial, cached on disk and release the interpreter lock; :func:`cryoqa_plugin.core.threads.over_slabs`
runs them side by side over fixed slabs, so that answers do not depend on the number of threads. ``fastmath`` is never
used: it would let the compiler assume that there is no NaN.
"""
from __future__ import annotations

import os
import tempfile

import numba


def _ensure_cache_folder() -> None:
    """Numba fails at import time when neither the package nor the home folder can be written: use a scratch folder."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    beside = os.path.dirname(os.path.abspath(__file__))
    home = os.path.expanduser("~")
    if not (os.access(beside, os.W_OK) or os.access(home, os.W_OK)):
        numba.config.CACHE_DIR = os.path.join(tempfile.gettempdir(), f"cryoqa_numba_{os.getuid()}")


_ensure_cache_folder()

njit = numba.njit(cache=True, nogil=True)
