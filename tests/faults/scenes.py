"""One scene for each verb of the store: who says what until its script is called, and what each of them then hears."""

import math
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from persistence.scripts import CLAIM, DUE, ENQUEUE, FENCE, FINISH, PROGRESS, REQUEUE, Script
from protocol import (
    GrabJobAll,
    JobAssignUniq,
    JobCreated,
    Noop,
    SubmitJob,
    SubmitJobEpoch,
    WorkComplete,
    WorkStatus,
)
from tests.broker.peers import Peer
from tests.faults.ledger import Ledger

FUNCTION: Final = b"f"
PAYLOAD: Final = b"job \0 and \r\n its bytes"
UNIQUE: Final = b"u"


class Stage:
    """Two peers of the broker that the fault is about, and what they are asked to do."""

    def __init__(self, client: Peer, worker: Peer, ledger: Ledger) -> None:
        self.client = client
        self.worker = worker
        self.ledger = ledger
        self.unique = b""
        self.due_at = math.inf

    async def say_submit(self) -> None:
        await self.client.say(SubmitJob(FUNCTION, self.unique, PAYLOAD, background=True))

    async def say_submit_with_a_unique(self) -> None:
        self.unique = UNIQUE
        await self.say_submit()

    async def hear_created(self) -> None:
        self.ledger.accepted(PAYLOAD, (await self.client.expect(JobCreated)).handle)

    async def submit(self) -> None:
        await self.say_submit_with_a_unique()
        await self.hear_created()

    async def say_grab(self) -> None:
        await self.worker.can_do(FUNCTION)
        await self.worker.say(GrabJobAll())

    async def hear_assigned(self) -> None:
        job = await self.worker.hear()
        if isinstance(job, JobAssignUniq):
            self.ledger.handed_out(job)

    async def hold(self) -> None:
        await self.submit()
        await self.say_grab()
        await self.hear_assigned()

    async def say_late(self) -> None:
        # More than a second ahead, so that no earlier call of the alarm is just under way then.
        self.due_at = int(time.time()) + 2
        await self.client.say(SubmitJobEpoch(FUNCTION, self.unique, run_at=int(self.due_at), payload=PAYLOAD))

    @property
    def handle(self) -> bytes:
        return self.ledger.acknowledged[PAYLOAD]


Act = Callable[[Stage], Awaitable[None]]


async def nothing(stage: Stage) -> None:
    """Nothing is said."""


class Scene(NamedTuple):
    """How a verb comes about."""

    script: Script
    before: Act
    """What must have happened."""
    act: Act
    """What makes the broker call the script."""
    hear: Act | None = None
    """What is heard of it, if anything is."""
    ends_held: bool = False
    """Whether the worker still holds the job then, if its broker lives."""
    tells_progress: bool = False
    at_its_time: bool = False
    """Whether the call is meant that comes when the job is due."""
    from_start: bool = False
    """Whether it is what a broker does at its start, about the one before it, which is killed for that."""


async def _sleep(stage: Stage) -> None:
    await stage.worker.can_do(FUNCTION)
    await stage.worker.fall_asleep()


async def _woken(stage: Stage) -> None:
    await stage.hear_created()
    assert await stage.worker.hear() == Noop()


async def _late(stage: Stage) -> None:
    await stage.say_late()
    await stage.hear_created()


async def _progress(stage: Stage) -> None:
    await stage.worker.say(WorkStatus(stage.handle, b"1", b"2"))


async def _finish(stage: Stage) -> None:
    await stage.worker.say(WorkComplete(stage.handle, b"done"))


async def _leave(stage: Stage) -> None:
    await stage.worker.leave()


SCENES: Final = {
    "submit": Scene(ENQUEUE, nothing, Stage.say_submit, Stage.hear_created),
    "submit with a unique": Scene(ENQUEUE, nothing, Stage.say_submit_with_a_unique, Stage.hear_created),
    "hand-off": Scene(ENQUEUE, _sleep, Stage.say_submit, _woken),
    "claim": Scene(CLAIM, Stage.submit, Stage.say_grab, Stage.hear_assigned, ends_held=True),
    "progress": Scene(PROGRESS, Stage.hold, _progress, ends_held=True, tells_progress=True),
    "finish": Scene(FINISH, Stage.hold, _finish),
    "requeue": Scene(REQUEUE, Stage.hold, _leave),
    "due": Scene(DUE, nothing, _late, at_its_time=True),
    "fence": Scene(FENCE, Stage.hold, nothing, from_start=True),
}
