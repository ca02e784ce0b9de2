"""Limits of the user's own for the checks: a TOML file with one table a capability."""
from __future__ import annotations

from typing import Any, Dict, Optional

from .. import limits
from ..checks import override
from ..errors import InputError
from .reading import reader


def read_limits(path: Optional[str]) -> Optional[Dict[str, Dict[str, Any]]]:
    """Limits of a TOML file, or None when no file is given.

    Parameters
    ----------
    path
        A file with tables such as ``[fsc]`` and lines ``metric = value`` below them.

    Returns
    -------
    dict or None
        Capability -> metric -> limit.

    Raises
    ------
    MissingInputError, InputError
        There is no such file, it is no plain file, a name is of no check, or a value is of another sort than the usual limit.
    FormatError
        It is no TOML.
    """
    return _read(path) if path else None


@reader("limits file", "give a TOML file with one table a capability")
def _read(path: str) -> Dict[str, Dict[str, Any]]:
    try:
        import tomllib
    except ImportError:
        import tomli as tomllib
    with open(path, "rb") as stream:
        found: Dict[str, Dict[str, Any]] = tomllib.load(stream)
    try:
        override(limits.CHECKS, found)
    except InputError as error:                              # which knows no file
        raise InputError(f"{path}: {error}") from None
    return found
