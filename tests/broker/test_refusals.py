"""What the log says of submits that the store refuses."""

import logging

import pytest

from broker.refusals import QUIET_SECONDS, Refusals
from persistence.errors import StoreRefusedError

FULL = StoreRefusedError("OOM", "command not allowed when used memory > 'maxmemory'.")


def test_at_the_edge_of_its_memory_the_log_is_not_filled(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    refusals = Refusals(lambda: now)
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            refusals.refused(FULL)
            refusals.accepted()
        assert len(caplog.messages) == 2
        now = QUIET_SECONDS
        refusals.refused(FULL)
        refusals.accepted()
    assert caplog.messages[3] == "jobs are stored again; 100 submits were refused"


def test_another_reason_is_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals(lambda: 0.0)
    with caplog.at_level(logging.WARNING):
        refusals.refused(FULL)
        refusals.refused(FULL)
        refusals.refused(StoreRefusedError("READONLY", "You can't write against a read only replica."))
    assert ["OOM" in caplog.messages[0], "READONLY" in caplog.messages[1]] == [True, True]
    assert len(caplog.messages) == 2
