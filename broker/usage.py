"""What ``--help`` and ``--version`` print."""

from textwrap import wrap
from typing import Final

from broker.flag import Flag
from broker.flags import ACTIONS, SECTIONS
from broker.gearmand_flags import IGNORED, TRANSLATED
from broker.version import VERSION

_WIDTH: Final = 80
_COLUMN: Final = 30

_HEAD: Final = """\
usage: trio-gearman [flags]          (or: gearmand, or: python -m broker)

A job server that speaks the Gearman protocol and keeps its jobs in Redis."""

_FOOT: Final = (
    "Flags are written --long=value, --long value or -x value. Each that takes effect on a broker is also "
    "an environment variable, --store-timeout for instance TRIO_GEARMAN_STORE_TIMEOUT, and may stand in "
    "the config file. The command line wins over the environment, the environment over the file. "
    "GEARMAND_PORT replaces the default port; GEARMAND_SERVER_PEM, GEARMAND_SERVER_KEY and "
    "GEARMAND_CA_CERTIFICATE replace --ssl-certificate, --ssl-key and --ssl-ca-file."
)


def usage() -> str:
    """The help text, without a line end behind the last line."""
    sections = [*SECTIONS.items(), ("As in gearmand", TRANSLATED), ("Instead of a broker", ACTIONS)]
    tables = ["\n".join((f"{title}:", *map(_row, rows))) for title, rows in sections]
    names = ", ".join(name for flag in IGNORED for name in flag.names)
    tables.insert(-1, "\n".join(("Taken from gearmand's command lines, without effect:", *_indented(names))))
    foot = "\n".join(wrap(_FOOT, _WIDTH))
    return "\n\n".join((_HEAD, *tables, foot))


def version() -> str:
    """The line with name and version, without its line end."""
    return f"trio-gearman {VERSION}"


def _indented(text: str) -> list[str]:
    lead = "  "
    return wrap(text, _WIDTH, initial_indent=lead, subsequent_indent=lead, break_on_hyphens=False)


def _row(flag: Flag) -> str:
    names = ", ".join(flag.names) if len(flag.names) > 1 else "    " + flag.name
    typed = f"  {names} {flag.metavar}".rstrip()
    about = f"{flag.about} (default {flag.default})" if flag.default else flag.about
    first, *more = wrap(about, _WIDTH - _COLUMN)
    lead = typed.ljust(_COLUMN) if len(typed) < _COLUMN else f"{typed}\n{' ' * _COLUMN}"
    return "\n".join((lead + first, *(" " * _COLUMN + line for line in more)))
