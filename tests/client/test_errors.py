"""The errors of a client, as values."""

import copy
import pickle

import pytest

from client import (
    CannotConnectError,
    ClientError,
    ConnectionLostError,
    JobFailedError,
    JobRaisedError,
    RefusedError,
    TimedOutError,
    UnreadableResultError,
)

ERRORS = [
    CannotConnectError("nobody is there"),
    TimedOutError("no answer", b"H:a:1"),
    ConnectionLostError("it hung up", b"H:a:1"),
    RefusedError(b"QUEUE_ERROR", b"too many"),
    JobFailedError(b"H:a:1"),
    JobRaisedError(b"H:a:1", b"KeyError: 'x'\n\nTraceback"),
    UnreadableResultError(b"H:a:1", b"three", "not a number"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_in_another_process_and_as_a_copy(error: ClientError) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
