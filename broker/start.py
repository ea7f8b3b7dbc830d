"""The last stage of ``python -m broker``: the one that brings trio, the store and everything else along.

Of a whole start that is the longest part, and the store of our own takes as long again: so it is launched first, where
nothing that is done later (going into the background, becoming somebody else) decides who launches it, and where.
"""

import gc
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module

from broker.early_signals import end_if_told_to, signals_of_a_start
from broker.settings import Settings
from broker.sources import Reading
from persistence.data_directory import default_data_dir
from persistence.head_start import head_start, nothing_to_wait_for


def start(reading: Reading) -> int:
    """Run a broker until a signal ends it; returns the exit status."""
    with signals_of_a_start(), _store_launched(reading.settings) as wait_until_on_its_own:
        run, open_broker = import_module("broker.process").run, import_module("broker.app").open_broker
        wait_until_on_its_own()
        end_if_told_to()
        # Nothing of all that is ever garbage: what was put off is not looked for, now or later.
        gc.freeze()
        gc.enable()
        status: int = run(reading, open_broker)
        return status


def _store_launched(settings: Settings) -> AbstractContextManager[Callable[[], object]]:
    if settings.redis is not None or settings.daemon or settings.user is not None:
        return nullcontext(nothing_to_wait_for)
    return head_start(settings.data_dir or default_data_dir())
