"""docs/command-line.md, made from the tables of flags: `python -m tests.command_line.page` writes it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from broker.flag import Flag
from broker.flags import ACTIONS, SECTIONS
from broker.gearmand_flags import IGNORED, REFUSED, TRANSLATED

__all__ = ["PAGE", "write_page"]

PAGE: Final = Path(__file__).parents[2] / "docs" / "command-line.md"

HEAD: Final = """\
# The command line

<!-- Made by `python -m tests.command_line.page` from broker/flags.py and broker/gearmand_flags.py. Change those. -->

A broker is started by `trio-gearman`, by `python -m broker`, or, in the place of a gearmand that was here before, by
`gearmand`. The flags are gearmand's where gearmand has them, so a unit file needs one path changed; and, unless it names
a Redis, a place for the jobs: `StateDirectory=trio-gearman`, for which `--data-dir` then stands. By the name `gearmand` two
defaults are gearmand's, too: it listens on every address and logs to `/var/log/gearmand.log`.

    gearmand -d -P /run/gearman/gearmand.pid -l /var/log/gearman-job-server/gearmand.log -q redis --redis-server=cache

Flags are written `--long=value`, `--long value`, `-x value` or `-xvalue`. There are no abbreviations. A flag given twice, an unknown
one and a stray word end the start with status 1 and a line for each mistake that says what would be right.

| Source of a setting, the strongest first | |
|---|---|
| `GEARMAND_SERVER_PEM`, `GEARMAND_SERVER_KEY`, `GEARMAND_CA_CERTIFICATE` | gearmand's, for three files of TLS |
| the command line | |
| `TRIO_GEARMAN_...` | a variable for each flag that has an effect: `--store-timeout` is `TRIO_GEARMAN_STORE_TIMEOUT`; switches are 1 or 0; an empty one counts as not set |
| the config file | the words of a command line, separated by spaces or line ends; `#` begins a comment. `--config-file`, else `/etc/gearmand.conf` if it is there |
| `GEARMAND_PORT` | gearmand's; the port, if nothing above names one |
| the default | |

Exit status: 0 after a stop that was asked for, and from `--help`, `--version` and a `--check-args` that finds nothing wrong; 1
after a start that failed, with one line on stderr for each reason, and 1 with a traceback after a defect. A port that is taken ends the start at once.
"""

TAIL: Final = """
## Signals

| Signal | Effect |
|---|---|
| TERM, INT, QUIT | stop at once: what runs is given back and runs again elsewhere, answers on their way are delivered, status 0. With `--grace`, what runs may end first |
| USR1 | stop gracefully: no new connections; those that are there go on, but get no new jobs; the end comes when nothing runs any more, or after `--grace`. Queued jobs stay in the store |
| TERM, INT or QUIT during that | end the wait; once more, end without a goodbye |
| HUP | open the log file again, for logrotate |
| USR2, PIPE | ignored |

With `--processes`, the pid file names the supervisor, which passes all of these on. Sent to one of its processes, they are for that
one alone: TERM ends it, and another takes its place ([decisions/0043-several-processes.md](decisions/0043-several-processes.md)).

[decisions/0030-how-a-broker-ends.md](decisions/0030-how-a-broker-ends.md) has the reasons, and
[decisions/0031-gearmands-command-line.md](decisions/0031-gearmands-command-line.md) those for what became of gearmand's flags.

## Under systemd

[examples/systemd/trio-gearman.service](../examples/systemd/trio-gearman.service) runs a broker in the foreground, as a user of its own, with
its data in `/var/lib/trio-gearman`, and is told when it listens (`Type=notify`), when its store is away (`systemctl status`), and that its
event loop turns (`WatchdogSec=`). A store that is away stops no pings, for a new process would not heal that. A unit of gearmand's with `Type=forking`, `PIDFile=` and `--daemon` works as well:
`--daemon` returns when the broker listens, and the pid file is there by then.
"""


def write_page() -> str:
    """The text of the page."""
    return "".join(_page())


def _page() -> Iterator[str]:
    yield HEAD
    for title, flags in SECTIONS.items():
        yield from _table(title, flags)
    yield from _table("As in gearmand", TRANSLATED)
    yield "\nRefused, because somebody would miss what it does: "
    yield ", ".join(f"`{name}`" for flag in REFUSED for name in flag.names)
    yield ".\n\n## Taken from gearmand's command lines, without effect\n\n"
    yield "Each is named in the log, once, with the reason.\n\n| Flag | Why |\n|---|---|\n"
    yield from (f"| {_names(flag)} | {flag.about} |\n" for flag in IGNORED)
    yield from _table("Instead of a broker", ACTIONS)
    yield TAIL


def _table(title: str, flags: Iterable[Flag]) -> Iterator[str]:
    yield f"\n## {title}\n\n| Flag | Default | Meaning |\n|---|---|---|\n"
    for flag in flags:
        default = f"`{flag.default}`" if flag.default else ""
        yield f"| {_names(flag)} | {default} | {flag.about} |\n"


def _names(flag: Flag) -> str:
    return ", ".join(f"`{name}`" for name in flag.names) + (f" {flag.metavar}" if flag.metavar else "")


if __name__ == "__main__":
    PAGE.write_text(write_page())
