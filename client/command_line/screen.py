"""What is drawn on a terminal: bars for jobs, a table for functions. The one module that meets rich."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from client.command_line.output import harmless
from client.command_line.samples import FunctionSample, JobSample

__all__ = ["MOST_OVER", "Screen"]

MOST_OVER: Final = 100
"""Bars of jobs that are over: more than fit on a screen. All are drawn anew ten times a second, seen or not: a hundred
took 16 % of a processor, three hundred 37 %."""


class Screen:
    """Ways to draw."""

    @staticmethod
    @contextmanager
    def one_bar(name: str) -> Iterator[Callable[[int, int], None]]:
        """A bar on standard error, gone at the end, so that the result stands alone."""
        console = Console(file=sys.stderr)
        with _cursor_given_back(console), _bars(console, transient=True) as bars:
            bar = bars.add_task(harmless(name), total=None, state="")
            yield lambda numerator, denominator: bars.update(bar, completed=numerator, total=denominator or None)

    @staticmethod
    @contextmanager
    def job_bars() -> Iterator[Callable[[Iterable[JobSample]], None]]:
        """A bar for each job; the function takes what changed. The last that are over stay."""
        console = Console()
        with _cursor_given_back(console), _bars(console, transient=False) as bars:
            known: dict[str, TaskID] = {}
            finished: dict[str, None] = {}

            def draw(samples: Iterable[JobSample]) -> None:
                for sample in samples:
                    if sample.handle not in known:
                        known[sample.handle] = bars.add_task(sample.handle, total=None, state="")
                    over = sample.state == "over"
                    bars.update(
                        known[sample.handle],
                        completed=sample.denominator if over else sample.numerator,
                        total=sample.denominator or (1 if over else None),
                        state=sample.state,
                    )
                    finished.pop(sample.handle, None)  # it may have been revived
                    if over:
                        finished[sample.handle] = None
                    if len(finished) > MOST_OVER:
                        oldest = next(iter(finished))
                        del finished[oldest]
                        bars.remove_task(known.pop(oldest))

            yield draw

    @staticmethod
    @contextmanager
    def table() -> Iterator[Callable[[Iterable[FunctionSample]], None]]:
        """A table that is drawn anew, in place."""
        console = Console()
        with _cursor_given_back(console), Live(console=console, auto_refresh=False) as live:
            yield lambda samples: live.update(_table(samples), refresh=True)


@contextmanager
def _cursor_given_back(console: Console) -> Iterator[None]:
    """Also when what is drawn is interrupted while it begins: then rich leaves the cursor hidden."""
    try:
        yield
    finally:
        console.show_cursor()


def _bars(console: Console, *, transient: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}"),
        TimeRemainingColumn(),
        console=console,
        transient=transient,
    )


def _table(samples: Iterable[FunctionSample]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in FunctionSample.HEADINGS:
        table.add_column(heading, justify="left" if heading == "FUNCTION" else "right")
    for sample in samples:
        cells = [Text(harmless(cell)) for cell in sample.row()]  # a name may look like markup
        table.add_row(*cells, style="bold" if sample.running else "dim" if not sample.queued else "")
    return table
