"""What a server has in mind, as far as its peers can tell."""

from dataclasses import dataclass, field

__all__ = ["Connection", "Function", "Job"]


@dataclass(eq=False, slots=True)
class Connection:
    """One peer."""

    name: str
    functions: list[str] = field(default_factory=list)
    """What it can do, what it is given first before the others; gearmand notes what is said twice twice."""
    runs: list["Job"] = field(default_factory=list)
    """The longest ago first."""
    had: dict[str, int] = field(default_factory=dict)
    """All it ever ran, by name: the attempt."""
    sleeps: bool = False
    woken: bool = False
    """Whether it was sent a NOOP since it last slept or asked."""
    exceptions: bool = False


@dataclass(eq=False, slots=True)
class Job:
    """One job. Its name stands for its handle."""

    name: str
    function: str
    unique: str
    payload: str
    priority: int
    background: bool
    later: bool
    reducer: str
    clients: list[Connection] = field(default_factory=list)
    """One entry for each submit that waits."""
    runner: Connection | None = None
    attempt: int = 0
    retries: int = 0
    ignored: bool = False
    """gearmand throws it away when a worker next looks."""
    progress: tuple[str, str] = ("0", "0")


@dataclass(eq=False, slots=True)
class Function:
    """One function and its queues, the best priority first."""

    queues: tuple[list[Job], list[Job], list[Job]] = field(default_factory=lambda: ([], [], []))

    def first(self) -> Job | None:
        """The next that could run."""
        return next((job for queue in self.queues for job in queue if not job.later), None)
