"""What one call of ``cryoqa_plugin.run`` answers: the result document, and by name all that the typed result holds."""
from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from .io.outputs import placed, save
from .naming import did_you_mean
from .results import Result, declared


class Answer(Dict[str, Any]):
    """The result document as a dict, with the values, curves, tables and maps of the result as attributes.

    >>> answer = cryoqa_plugin.run("local_fsc", half1=one, half2=two, voxel_size=1.2)     # doctest: +SKIP
    >>> answer.median, answer.resolution_map.data.shape                                   # doctest: +SKIP
    (3.1, (96, 96, 96))

    Parameters
    ----------
    result
        The typed result, which holds the maps whether or not they were written.
    document
        Its document.
    folder
        Where it was written, None for an answer in memory: paths in the document are whole, and None for maps in memory.
    """

    def __init__(self, result: Result, document: Mapping[str, Any], folder: Optional[str] = None) -> None:
        made = dict(document) if folder is None else placed(document, folder)
        if folder is None:
            known = declared(type(result), "map")
            made["maps"] = {n: dict(path=None, **known[n]) for n in result.maps}
        super().__init__(made)
        self.result = result.with_document(document)
        self.folder = folder

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "result" not in self.__dict__:
            raise AttributeError(name)
        if not hasattr(self.result, name):
            raise AttributeError(f"The answer of '{self.get('capability')}' has no '{name}'.{did_you_mean(name, dir(self.result))}")
        return getattr(self.result, name)

    def __dir__(self) -> List[str]:
        return sorted({*super().__dir__(), *(n for n in dir(self.result) if not n.startswith("_"))})

    def __repr__(self) -> str:
        return repr(self.result)

    def _repr_html_(self) -> str:
        return self.result._repr_html_()

    def _ipython_key_completions_(self) -> List[str]:
        return list(self)

    def save(self, folder: str) -> str:
        """Write ``result.json`` and what goes beside it into a folder; returns the path of ``result.json``."""
        return save(self.result, folder)
