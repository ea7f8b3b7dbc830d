"""A process that claims an identity, to be killed: `python -m tests.persistence.identity_holder DIRECTORY NEW`.

It says `PATH PREVIOUS`, in hexadecimal or `none`, then `written` once NEW is stored, and ends with its standard input.
"""

import sys
from pathlib import Path

import trio

from persistence.identity import claim_identity


async def main(directory: Path, incarnation: bytes) -> None:
    """Holds an identity until it is told to go."""
    with claim_identity(directory) as identity:
        previous = "none" if identity.previous is None else identity.previous.hex()
        say(f"{identity.path.name} {previous}")
        await identity.write(incarnation)
        say("written")
        await trio.lowlevel.wait_readable(0)


def say(line: str) -> None:
    """One line for the test that waits for it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), sys.argv[2].encode())
