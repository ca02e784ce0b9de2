"""The plugin class that Scipion asks for; with protocols/ and viewers/ the only code that needs Scipion."""
from __future__ import annotations

from typing import Any

import pwem
from pyworkflow.constants import SPA


class Plugin(pwem.Plugin):
    """cryoqa in Scipion: nothing to install, nothing to configure."""

    __module__ = "cryoqa_plugin"                             # pyworkflow takes name and path of the plugin from here
    _url = "https://github.com/scipion-em/scipion-em-cryoqa"
    _supportedVersions = ["0.1"]
    _processingField = [SPA]

    @classmethod
    def _defineVariables(cls) -> None:
        """No variables: everything is Python."""

    @classmethod
    def defineBinaries(cls, env: Any) -> None:
        """No binaries."""
