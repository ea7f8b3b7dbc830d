"""What ``--help`` and ``--version`` print."""

from textwrap import wrap
from typing import Final

from broker.flags import ACTIONS, SECTIONS, Flag
from broker.version import VERSION

_WIDTH: Final = 80
_COLUMN: Final = 30

_HEAD: Final = """\
usage: trio-gearman [flags]          (or: python -m broker [flags])

A job server that speaks the Gearman protocol and keeps its jobs in Redis."""

_FOOT: Final = (
    "Flags are written --long=value, --long value or -x value. Each that takes effect on a broker is also "
    "an environment variable, --store-timeout for instance TRIO_GEARMAN_STORE_TIMEOUT, and may stand in "
    "the config file. The command line wins over the environment, the environment over the file. "
    "GEARMAND_PORT replaces the default port."
)


def usage() -> str:
    """The help text, without a line end behind the last line."""
    sections = [*SECTIONS.items(), ("Instead of a broker", ACTIONS)]
    tables = ["\n".join((f"{title}:", *map(_row, rows))) for title, rows in sections]
    foot = "\n".join(wrap(_FOOT, _WIDTH))
    return "\n\n".join((_HEAD, *tables, foot))


def version() -> str:
    """The line with name and version, without its line end."""
    return f"trio-gearman {VERSION}"


def _row(flag: Flag) -> str:
    names = ", ".join(flag.names) if len(flag.names) > 1 else "    " + flag.name
    typed = f"  {names} {flag.metavar}".rstrip()
    about = f"{flag.about} (default {flag.default})" if flag.default else flag.about
    first, *more = wrap(about, _WIDTH - _COLUMN)
    lead = typed.ljust(_COLUMN) if len(typed) < _COLUMN else f"{typed}\n{' ' * _COLUMN}"
    return "\n".join((lead + first, *(" " * _COLUMN + line for line in more)))
