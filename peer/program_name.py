"""What a command calls itself: as it was called."""

import sys
from pathlib import PurePath

__all__ = ["program_name"]


def program_name(module: str, installed: str) -> str:
    """The name to put before what a command has to say.

    Args:
        module: the package that ``python -m`` runs.
        installed: what the same command is installed as.

    Returns:
        `installed` if that was called, else ``python -m`` and the module.
    """
    return installed if PurePath(sys.argv[0]).name == installed else f"python -m {module}"
