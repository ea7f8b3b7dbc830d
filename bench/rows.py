"""The rows of the table: which figure of which scenario is held against what, and how far it should come.

A row compares with another server round by round, or, where the figure is a ratio or a size already, with nothing. The
`bar` is what a change may not fall below; the `hope` is the aim, and what stays short of it is explained in the README.
"""

from dataclasses import dataclass
from typing import Final

from bench.backlog import GROWTH, OVERHEAD
from bench.contestants import ALWAYS, BROKER, EVERYSEC, GEARMAND_MEMORY, GEARMAND_REDIS, TWO_PROCESSES
from bench.fairness import BESIDE_DEEP, BESIDE_FLOOD, DONE
from bench.many_idle import KEPT


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    scenario: str
    figure: str
    bar: float
    hope: float
    against: str = ""
    """The other server; empty: the figure itself is judged."""
    durability: str = EVERYSEC
    contestant: str = BROKER
    processors: int = 0
    """So many must the machine have for the bar to be meant: load and Redis need some of their own."""

    @property
    def less_is_better(self) -> bool:
        """Times, costs and sizes; rates and shares grow."""
        return self.hope < self.bar

    def reaches(self, value: float, aim: float) -> bool:
        """Whether a value is as good as an aim."""
        return value <= aim if self.less_is_better else value >= aim

    @property
    def heading(self) -> str:
        """What it is called where its bound is explained."""
        against = f" against {self.against}" if self.against else ""
        return f"{self.scenario}, {self.durability}: {self.figure}{against}"


ROWS: Final = (
    Row("bg_steady", "jobs/s", 1.2, 2, GEARMAND_REDIS),
    Row("bg_steady", "jobs/s", 4, 8, GEARMAND_REDIS, ALWAYS),
    Row("bg_steady", "created p99 ms", 1 / 10, 1 / 30, GEARMAND_REDIS),
    Row("bg_pipelined", "jobs/s", 1.7, 3, GEARMAND_REDIS),
    Row("bg_pipelined", "jobs/s", 6, 12, GEARMAND_REDIS, ALWAYS),
    Row("bg_pipelined", "submits/s", 0.8, 1.2, GEARMAND_MEMORY),
    Row("bg_rate", "created p99 ms", 1, 0.5, GEARMAND_REDIS),
    Row("bg_rate", "assigned p99 ms", 1, 0.5, GEARMAND_REDIS),
    Row("bg_rate", "CPU us/job", 1 / 3, 1 / 10, GEARMAND_REDIS),
    Row("fg_roundtrip", "completed p50 ms", 3, 1.5, GEARMAND_MEMORY),
    Row("fg_fan", "jobs/s", 0.35, 0.7, GEARMAND_MEMORY),
    Row("fg_progress", "jobs/s", 0.35, 0.7, GEARMAND_MEMORY),
    Row("many_idle", KEPT, 0.9, 1),
    Row("herd", "server us/job", 1 / 10, 1 / 50, GEARMAND_MEMORY),
    Row("scaling", "growth", 1.2, 1),
    Row("backlog", OVERHEAD, 250, 150),
    Row("backlog", GROWTH, 10, 1),
    Row("large_bg", "MB/s", 0.5, 1, GEARMAND_REDIS),
    Row("large_fg", "MB/s", 0.3, 1, GEARMAND_MEMORY),
    Row("processes", "jobs/s", 1.3, 1.7, BROKER, contestant=TWO_PROCESSES, processors=4),
    Row("visitors", "created p99 ms", 1, 0.5, GEARMAND_REDIS),
    Row("fairness", BESIDE_FLOOD, 3, 1),
    Row("fairness", BESIDE_DEEP, 3, 1),
    Row("fairness", DONE, 1, 2, GEARMAND_REDIS),
)
