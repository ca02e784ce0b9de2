"""Views of a run that are no windows of their own: its report in the browser, and the form of another viewer."""
from __future__ import annotations

import os
import webbrowser
from pathlib import Path
from typing import Any, Callable

from pyworkflow.viewer import ProtocolViewer, View

from cryoqa_plugin.errors import CryoqaError
from cryoqa_plugin.report.assemble import write_report


class ReportView(View):
    """The HTML report of a folder of results, in the browser; drawn when it is not there or is older than they.

    ``say`` makes a view of a sentence.
    """

    def __init__(self, folder: str, say: Callable[[str], View]) -> None:
        self._folder, self._say = folder, say

    def path(self) -> str:
        """Path of the report."""
        path = os.path.join(self._folder, "report.html")
        if not os.path.isfile(path) or os.path.getmtime(path) < self._finished():
            write_report(self._folder)
        return os.path.abspath(path)

    def _finished(self) -> float:
        """When the results were written: a report of an earlier run is not theirs."""
        found = [os.path.join(self._folder, name) for name in ("result.json", "validation.json")]
        return max([os.path.getmtime(path) for path in found if os.path.isfile(path)], default=0.0)

    def show(self) -> None:
        """Open the report, or say where it is when there is no browser."""
        try:
            path = self.path()
        except CryoqaError as error:
            self._say(str(error)).show()
            return
        if not webbrowser.open(Path(path).as_uri()):
            self._say(f"No browser was found. The report is {path}").show()


class FormOf(View):
    """The form of another viewer of the same run."""

    def __init__(self, viewer: ProtocolViewer, protocol: Any, parent: Any) -> None:
        self.viewer, self.protocol, self.parent = viewer, protocol, parent

    def show(self) -> None:
        """Open the form."""
        self.viewer.visualize(self.protocol, windows=self.parent)
