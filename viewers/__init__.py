"""The viewers that Scipion finds; they need neither ChimeraX nor Java."""
from .viewer_fsc import CryoqaFscViewer
from .viewer_protocols import CryoqaProtocolViewer
from .viewer_scores import CryoqaScoresViewer
from .viewer_volume import CryoqaVolumeViewer

__all__ = ["CryoqaFscViewer", "CryoqaProtocolViewer", "CryoqaScoresViewer", "CryoqaVolumeViewer"]
