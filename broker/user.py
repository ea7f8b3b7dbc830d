"""``--user``: a broker that root starts becomes somebody else, for good, before it opens anything.

As in gearmand it happens first, so log, pid file and port must be within that user's reach. What is missing of the
data directory and the log file is made by root and handed over, because users may rarely make anything in /var. What
is there already belongs to whom it belongs.

Everything of ours is imported by then. What Python itself imports late are its codecs, and with a Python below /root
they would be out of reach: so they are looked up before.
"""

import codecs
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from broker.settings import Settings
from persistence import default_data_dir

CODECS: Final = ("ascii", "idna", "latin-1", "unicode-escape", "utf-8")
"""What this process reads and writes in; idna is for names of hosts."""
LOG_MODE: Final = 0o640


class UserError(Exception):
    """That user cannot be become: tell the line and end with status 1."""


def become_user(settings: Settings) -> Settings:
    """Become `settings.user`, if there is one; returns the settings as they read from then on.

    Raises:
        UserError: there is no such user, or we are not root.
    """
    if settings.user is None:
        return settings
    user = find_user(settings.user)
    if os.geteuid() == user.pw_uid:
        return settings
    if os.geteuid() != 0:
        raise UserError(
            f"--user: only root may become {settings.user}; start the broker as root, or as that user without the flag"
        )
    directory = settings.data_dir or default_data_dir()  # root's default: the user's own home need not exist
    _hand_over_directory(directory, user)
    if settings.log_file not in ("stderr", "none"):
        _hand_over_log(Path(settings.log_file), user)
    for codec in CODECS:
        codecs.lookup(codec)
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ.update(HOME=user.pw_dir, USER=user.pw_name, LOGNAME=user.pw_name)
    return settings.model_copy(update={"data_dir": directory})


@contextmanager
def acting_as(user: pwd.struct_passwd) -> Iterator[None]:
    """Reach for the length of the block what that user reaches, and no more; nothing is handed over.

    Who is not root goes on as who they are: they cannot become anybody, and a start says so.
    """
    if os.geteuid() != 0:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.initgroups(user.pw_name, user.pw_gid)
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def find_user(name: str) -> pwd.struct_passwd:
    """The user of that name. Raises UserError if there is none."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise UserError(
            f"--user: there is no user {name!r} on this machine; make one (useradd --system {name}), or name another"
        ) from None


# What cannot be made here is told by whoever needs it, with the reason.


def _hand_over_directory(path: Path, user: pwd.struct_passwd) -> None:
    with suppress(OSError):
        path.mkdir(mode=0o700, parents=True)
        os.chown(path, user.pw_uid, user.pw_gid)


def _hand_over_log(path: Path, user: pwd.struct_passwd) -> None:
    with suppress(OSError):
        # Exclusively, and following no link: in a directory that others may write, it must not be theirs.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, LOG_MODE)
        os.fchown(descriptor, user.pw_uid, user.pw_gid)
        os.close(descriptor)
