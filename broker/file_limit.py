"""How many file descriptors the process may open (``--file-descriptors``): each connection takes one."""

import resource


class FileLimitError(Exception):
    """The system does not allow as many: tell the line and end with status 1."""


def set_file_limit(descriptors: int | None) -> None:
    """Set the process's limit of open files; None leaves it as it is.

    The hard limit is raised with the soft one where that is allowed (to root), and never lowered.

    Raises:
        FileLimitError: it is above what the system allows to this user.
    """
    if descriptors is None:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = hard == resource.RLIM_INFINITY or descriptors <= hard
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard if enough else descriptors))
    except (OSError, ValueError, OverflowError) as error:
        raise FileLimitError(
            f"--file-descriptors: {descriptors} is more than this user may have; "
            f"give at most {hard}, or raise the limit (ulimit -Hn, or LimitNOFILE= in a systemd unit)"
        ) from error
