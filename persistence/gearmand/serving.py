"""Who works on a queue while we want to read it, as far as this machine lets us see: Linux's /proc.

What cannot be seen (another machine, another user's processes, another system) is not there for us: this is a net
under people who forget to stop gearmand, and no lock.
"""

import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")


def who_has_open(path: Path) -> str:
    """The processes besides us that have a file open, in words: ``process 7 (gearmand)``."""
    wanted = os.path.realpath(path)
    return ", ".join(
        _words(process) for process in _processes() if any(target == wanted for target in _open_files(process))
    )


def which_gearmand_calls_from(addresses: frozenset[tuple[str, int]]) -> str:
    """The processes called gearmand that have a TCP connection from one of these addresses, in words."""
    return ", ".join(
        _words(process)
        for process in _processes()
        if _name(process) == "gearmand" and addresses & frozenset(_local_addresses(process))
    )


def _processes() -> Iterator[Path]:
    """Every process but our own."""
    if PROC.is_dir():
        for process in PROC.iterdir():
            if process.name.isdecimal() and int(process.name) != os.getpid():
                yield process


def _open_files(process: Path) -> Iterator[str]:
    try:
        for descriptor in (process / "fd").iterdir():
            yield str(descriptor.readlink())
    except OSError:  # it ended, or is not ours to look into
        return


def _local_addresses(process: Path) -> Iterator[tuple[str, int]]:
    """The near ends of its TCP connections, spelled as Redis does."""
    own = {target[8:-1] for target in _open_files(process) if target.startswith("socket:[")}
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        try:
            lines = (process / "net" / table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for words in map(str.split, lines):
            if words[9] in own:
                address, _, port = words[1].partition(":")
                yield socket.inet_ntop(family, _in_network_order(bytes.fromhex(address))), int(port, 16)


def _in_network_order(address: bytes) -> bytes:
    """The kernel prints an address in words of four bytes, each in this machine's order."""
    if sys.byteorder == "big":
        return address
    return b"".join(address[at : at + 4][::-1] for at in range(0, len(address), 4))


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _words(process: Path) -> str:
    return f"process {process.name} ({re.sub('[^ -~]', '?', _name(process)) or 'unknown'})"
