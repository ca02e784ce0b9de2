"""The protocols that Scipion finds: that of each row of the registry, and the validation report."""
from cryoqa_plugin.registry import CAPABILITIES, resolve

from .protocol_validate import CryoqaProtValidate

_FOUND = [resolve(row.protocol) for row in CAPABILITIES] + [CryoqaProtValidate]
__all__ = [cls.__name__ for cls in _FOUND]
globals().update(zip(__all__, _FOUND))
