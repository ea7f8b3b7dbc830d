"""A broker as a process of its own: background, user, limits, log, and the exit status.

Knows nothing of what the broker does; `broker.start` hands it the real one. Exit status: 0 after a stop that
was asked for, 1 after a start that failed (as gearmand), and 1 with a traceback after a defect.
"""

import logging
from collections.abc import Callable
from typing import Final

from broker.alone import run_alone
from broker.daemon import detached
from broker.file_limit import FileLimitError, set_file_limit
from broker.logs import FATAL, Log
from broker.running import OpenBroker
from broker.service_manager import watchdog_seconds
from broker.sources import Reading
from broker.supervisor import run_supervised
from broker.syslog import SyslogHandler
from broker.terminal import complain
from broker.user import UserError, become_user

__all__ = ["OpenBroker", "run"]

_log: Final = logging.getLogger(__name__)


def run(reading: Reading, open_broker: OpenBroker) -> int:
    """Run a broker until a signal ends it; returns the exit status. What it raises is a defect.

    With `settings.daemon` there are two processes inside this call, and it returns twice: in the one that was started
    as soon as the broker listens, and in the other at the broker's end.
    """
    watchdog = watchdog_seconds()
    if reading.settings.daemon:
        return detached(lambda up: _run(reading, open_broker, up, watchdog))
    return _run(reading, open_broker, lambda: None, watchdog)


def _run(reading: Reading, open_broker: OpenBroker, up: Callable[[], None], watchdog: float | None) -> int:
    try:
        set_file_limit(reading.settings.file_descriptors)  # before we are somebody who may not
        settings = become_user(reading.settings)
    except (FileLimitError, UserError) as error:
        complain(str(error))
        return 1
    several = settings.processes > 1
    more = [SyslogHandler(reading.name)] if settings.syslog else []
    with Log(settings.log_file, settings.verbose, *more, numbered=several) as log:
        if settings.daemon and log.is_on_stderr and not settings.syslog:
            complain("--daemon: stderr ends when the broker listens, and the log with it; give --log-file or --syslog")
        for note in reading.notes:
            _log.warning("%s", note)
        lines = (run_supervised if several else run_alone)(settings, open_broker, log, up, watchdog)
        for line in lines:
            complain(line)
            if log.is_file:
                _log.log(FATAL, "%s", line)
    return 1 if lines else 0
