"""Waiting for a job that nobody waits for: the protocol has no packet for it, so we ask until it is over."""

import time

from client.arguments import checked_handle
from client.blocking.asking import Asking
from client.blocking.deadline import Deadline
from client.errors import CannotConnectError, ConnectionLostError, RefusedError, TimedOutError
from client.pauses import STORE_IS_AWAY, Pauses
from protocol import GetStatus, StatusRes

__all__ = ["wait_until_over"]


def wait_until_over(asking: Asking, handle: bytes | str, deadline: Deadline, question_seconds: float) -> None:
    """Returns when the server does not know the job any more.

    A question that was lost, or refused while the store was away, is asked again, for that is safe.

    Args:
        asking: the way to the server.
        handle: the job's.
        deadline: for all of it.
        question_seconds: so long at most one question waits for its answer.

    Raises:
        TimedOutError: the job was not over in time.
    """
    pauses = Pauses()
    while not deadline.over:
        try:
            question = deadline.within(question_seconds)
            if not asking.ask(GetStatus(checked_handle(handle)), StatusRes, question).known:
                return
        except (ConnectionLostError, CannotConnectError, TimedOutError):
            pass  # the pauses grow, whatever the reason
        except RefusedError as error:
            if error.code != STORE_IS_AWAY:
                raise
        pause = pauses.next_seconds()
        time.sleep(max(0, min(pause, deadline.seconds_left)))
    raise deadline.passed(f"job {handle!r} is not over")
