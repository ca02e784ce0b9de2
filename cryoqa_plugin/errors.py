"""The errors a user can meet.

One sentence each: what is wrong, the two values, the files, and what to do about it.
"""


class CryoqaError(Exception):
    """Base of every error that cryoqa raises on purpose; its text is shown to the user as it is."""


class InputError(CryoqaError, ValueError):
    """An input or a parameter is not what the method needs (wrong box, NaN, empty mask, ...)."""


class FormatError(CryoqaError):
    """A file cannot be read as what its name or place says it is."""


class MissingInputError(CryoqaError):
    """An input that the method needs was not given, or its file is not there."""
