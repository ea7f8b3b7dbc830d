"""What a start that failed, and a log line about Redis, say: what was wrong, and what to do."""

import pytest

from broker.faults import advice
from persistence.errors import StoreRefusedError, StoreUnavailableError, StoreVersionError
from persistence.reconnecting import PASSING
from persistence.remedies import remedy

OUR_BUSINESS = {"TRYAGAIN"}
"""What is tried again until it is over: nobody need do anything."""


@pytest.mark.parametrize("word", sorted(PASSING | {"NOAUTH", "WRONGPASS", "NOPERM"}))
def test_for_every_refusal_of_redis_there_is_something_to_do(word: str) -> None:
    assert bool(remedy(StoreRefusedError(word, "command not allowed"))) == (word not in OUR_BUSINESS)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            StoreUnavailableError("cannot connect to Redis at 127.0.0.1:1: Connection refused"),
            "cannot connect to Redis at 127.0.0.1:1: Connection refused; "
            "see that it runs there, and that --redis names it",
        ),
        (
            StoreRefusedError("NOAUTH", "Redis asks for a password\nand none is given"),
            "NOAUTH Redis asks for a password and none is given; put the password into the URL that --redis names",
        ),
        (StoreRefusedError("WHATEVER", "it says"), "WHATEVER it says"),
        (StoreVersionError("Redis 6 is too old: 7 is needed"), "Redis 6 is too old: 7 is needed"),
    ],
)
def test_a_start_that_fails_at_the_store_says_what_to_do_in_one_line(error: Exception, line: str) -> None:
    assert advice(error) == line
