"""What the machine says: who used its processors, how much memory a process takes, and what it is.

All of it by the kernel's account in /proc, so this is for Linux.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")


def _fields(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu_seconds(pid: int) -> float:
    """How much of a processor a process has used so far."""
    fields = _fields(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


def kernel_seconds(pid: int) -> float:
    """How much of that was within the kernel."""
    return int(_fields(pid)[12]) / TICKS


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents.setdefault(int(_fields(int(entry.name))[1]), []).append(int(entry.name))
            except (OSError, IndexError):
                continue  # it has ended
    found = [pid]
    for member in found:
        found += parents.get(member, [])
    return found


def family_cpu_seconds(pids: Iterable[int]) -> float:
    """How much of a processor these and all that descend from them have used."""
    return sum(cpu_seconds(member) for pid in pids for member in family(pid))


def memory_bytes(pid: int) -> int:
    """What a process and all that descend from it take of the memory now."""
    page = os.sysconf("SC_PAGE_SIZE")
    return sum(int(_fields(member)[21]) * page for member in family(pid))


def busy_seconds() -> float:
    """Seconds of processors used by anybody since the machine started."""
    user, nice, system, _, _, *others = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + sum(others)) / TICKS


def description() -> dict[str, str]:
    """The machine and the versions, for the head of a table."""
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    said = {
        "Processor": f"{os.cpu_count()} x {found[1] if found else platform.machine()}",
        "Kernel": platform.release(),
        "Python": f"{platform.python_version()}, trio {metadata.version('trio')}",
        "trio-gearman": _commit() or metadata.version("trio-gearman"),
    }
    for name, command in {
        "Redis": ["redis-server", "--version"],
        "gearmand": ["/usr/sbin/gearmand", "--version"],
    }.items():
        if shutil.which(command[0]):
            line = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            version = re.search(r"\d+\.\d+[.\d]*", line)
            said[name] = version[0] if version else line.strip()
    return said


def _commit() -> str:
    """The commit that is measured, where this is a clone."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    if not shutil.which(command[0]):
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def command_line() -> str:
    """The command that is running, without this machine's folders."""
    spec = sys.modules["__main__"].__spec__
    return " ".join(["python -m", spec.name if spec else Path(sys.argv[0]).name, *sys.argv[1:]])
