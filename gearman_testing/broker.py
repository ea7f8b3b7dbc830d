"""The broker of a test, as the test sees it. Plain code that blocks for a moment: usable from any kind of test."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast, overload

from gearman_testing.records import PriorityName, RecordedJob, Told

if TYPE_CHECKING:
    from peer import Function

__all__ = ["TestBroker"]

Ask: TypeAlias = Callable[[Mapping[str, object]], object]

PayloadT = TypeVar("PayloadT")
ResultT = TypeVar("ResultT")


class TestBroker:
    """A real broker with an empty queue, for one test. It records what is submitted, and misbehaves on demand.

    Attributes:
        host: where it listens.
        port: the same.
        address: both, as clients and workers are given it.
    """

    __test__ = False  # pytest: this is no test

    def __init__(self, ask: Ask, port: int) -> None:
        self.host: str = "127.0.0.1"
        self.port: int = port
        self.address: str = f"{self.host}:{port}"
        self._ask = ask

    @property
    def submitted(self) -> tuple[RecordedJob, ...]:
        """What was submitted so far, in order; what was refused is not among it."""
        told = cast(list[Told], self._ask({"do": "recall", "port": self.port}))
        return tuple(RecordedJob.heard(one) for one in told)

    @overload
    def assert_submitted(
        self,
        function: str | bytes,
        payload: str | bytes | None = None,
        *,
        unique: str | bytes | None = None,
        priority: PriorityName | None = None,
    ) -> RecordedJob: ...

    @overload
    def assert_submitted(
        self,
        function: "Function[PayloadT, ResultT]",
        payload: PayloadT | None = None,
        *,
        unique: str | bytes | None = None,
        priority: PriorityName | None = None,
    ) -> RecordedJob: ...

    def assert_submitted(
        self,
        function: "str | bytes | Function[PayloadT, ResultT]",
        payload: str | bytes | PayloadT | None = None,
        *,
        unique: str | bytes | None = None,
        priority: PriorityName | None = None,
    ) -> RecordedJob:
        """The first job that is as described; AssertionError, with all that was submitted, if there is none.

        What is None may be anything. Of a `Function`, the payload is compared as it is sent.
        """
        if isinstance(function, str | bytes):
            name, data = _bytes(function), None if payload is None else _bytes(cast(str | bytes, payload))
        else:
            name, data = function.name, None if payload is None else function.encode_payload(cast(PayloadT, payload))
        wanted = {"function": name, "payload": data, "priority": priority}
        wanted["unique"] = None if unique is None else _bytes(unique)
        submitted = self.submitted
        for job in submitted:
            if all(value is None or getattr(job, field) == value for field, value in wanted.items()):
                return job
        described = ", ".join(f"{field}={value!r}" for field, value in wanted.items() if value is not None)
        listed = "".join(f"\n  {job}" for job in submitted) or " nothing"
        raise AssertionError(f"no job with {described} was submitted, but:{listed}")

    def refuse(self) -> None:
        """Every submit is answered with ERROR ``QUEUE_ERROR``, as when a queue is full or the store is away."""
        self._behave("refuses")

    def hang_up(self) -> None:
        """Every connection is closed, those that are there and those that come."""
        self._behave("hangs up")

    def answer_late(self, seconds: float) -> None:
        """Whatever the broker says arrives so much later."""
        self._behave("is late", seconds)

    def fall_silent(self) -> None:
        """A black hole: connections are accepted and read, and nothing comes back or has any effect."""
        self._behave("is silent")

    def recover(self) -> None:
        """All is well again; what was swallowed by silence stays lost."""
        self._behave("is well")

    def _behave(self, manner: str, seconds: float = 0.0) -> None:
        self._ask({"do": "behave", "port": self.port, "manner": manner, "seconds": seconds})


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
