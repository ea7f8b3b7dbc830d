"""How the embedded Valkey server is launched: detached from whoever launches it.

It has to outlive the broker that launched it, so it is nobody's child: it daemonizes itself (a second fork, a
session of its own), which also leaves no zombie behind. The lock that it inherits tells whether it lives.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import trio

from persistence.errors import EmbeddedStoreError
from persistence.own_limits import room_for_a_socket, with_room
from persistence.threads import threads_wanted
from persistence.unwrapping import unwrapped


async def launch(command: Sequence[str], alive: int) -> None:
    """Start the server, detached. Returns when it is on its own; it does not listen yet.

    Args:
        command: from `persistence.valkey_command`.
        alive: descriptor of a lock held alone, which the server inherits and keeps.

    Raises:
        EmbeddedStoreError: it cannot be run, or refuses its command line; one line says why.

    Cancelled, the server may run or not.
    """
    try:
        with threads_wanted(), unwrapped():
            done = await trio.run_process(
                command,
                stdin=subprocess.DEVNULL,
                capture_stdout=True,
                capture_stderr=True,
                check=False,
                pass_fds=(alive,),
                start_new_session=True,  # Ctrl-C at the terminal is not for it, not even before it daemonizes
                umask=0o077,
                cwd="/",
            )
    except OSError as error:
        raise EmbeddedStoreError(with_room(f"cannot run {command[0]}", error, room_for_a_socket(error))) from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").split("\n")
        words = "; ".join(line.strip() for line in said if line.strip())
        raise EmbeddedStoreError(f"{command[0]} ended with status {done.returncode}: {words}")
