"""What whoever runs Redis, or this broker, can do about what it said: for the lines that tell of it."""

from collections.abc import Mapping
from typing import Final

from persistence.errors import NoRoomError, StoreError, StoreRefusedError, StoreUnavailableError, TooFewReplicasError

_BY_WORD: Final[Mapping[str, str]] = {
    "BUSY": "a script of somebody else holds it up: SCRIPT KILL ends that",
    "CLUSTERDOWN": "mend its cluster: CLUSTER INFO tells what is missing",
    "LOADING": "it is reading its data: wait",
    "MASTERDOWN": "bring its primary back, or name another server by --redis",
    "MISCONF": "it cannot write to its disk: make room there, and read its log",
    "NOAUTH": "put the password into the URL that --redis names",
    "NOPERM": "let its user have the commands, and the keys and channels under --redis-prefix (ACL SETUSER)",
    "NOREPLICAS": "bring its replicas back, or lower its min-replicas-to-write",
    "OOM": "give it more memory (maxmemory), or more workers that empty the queues",
    "READONLY": "it is a replica: name its primary by --redis",
    "WRONGPASS": "put the right user and password into the URL that --redis names",
}


def remedy(error: StoreError) -> str:
    """What to do about it; empty when the error says that itself, or when nobody knows."""
    if isinstance(error, StoreRefusedError):
        return _BY_WORD.get(error.word, "")
    if isinstance(error, TooFewReplicasError):
        return "bring its replicas back, or ask for fewer by --durability"
    if isinstance(error, NoRoomError):
        return ""
    if isinstance(error, StoreUnavailableError):
        if error.because is not None:
            return remedy(error.because)
        return "see that it runs there, and that --redis names it"
    return ""


def with_remedy(error: StoreError) -> str:
    """The error in one line, with what to do about it."""
    line, todo = " ".join(str(error).split()), remedy(error)
    return f"{line}; {todo}" if todo else line
