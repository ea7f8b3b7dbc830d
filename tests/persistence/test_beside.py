"""What a broker keeps of the large payloads that were handed in to it."""

from persistence.beside import Kept
from persistence.durability import Durability
from persistence.functions import Functions
from persistence.keys import Keys
from persistence.records import Incarnation, job_id

KNOWN = Functions(Keys(b"p"), Durability())
RESIZE, SEND = KNOWN.meet(b"resize"), KNOWN.meet(b"send")
JOBS = [job_id(Incarnation(b"1234567"), number) for number in range(1, 6)]


def test_what_was_put_is_taken_once() -> None:
    kept = Kept(10)
    kept.put(RESIZE, JOBS[0], b"abc")
    assert (kept.size, kept.take(RESIZE, JOBS[0]), kept.take(RESIZE, JOBS[0]), kept.size) == (3, b"abc", None, 0)


def test_an_id_is_one_of_its_function() -> None:
    kept = Kept(10)
    kept.put(RESIZE, JOBS[0], b"abc")
    kept.put(SEND, JOBS[0], b"def")
    assert (kept.take(SEND, JOBS[0]), kept.take(RESIZE, JOBS[0])) == (b"def", b"abc")


def test_the_oldest_goes_when_they_are_too_long_together() -> None:
    kept = Kept(10)
    for job in JOBS:
        kept.put(RESIZE, job, b"abc")
        assert kept.size <= 10
    assert [kept.take(RESIZE, job) for job in JOBS] == [None, None, b"abc", b"abc", b"abc"]
    assert kept.size == 0


def test_one_that_is_put_again_counts_once() -> None:
    kept = Kept(10)
    for _ in range(5):
        kept.put(RESIZE, JOBS[0], b"abc")
    assert kept.size == 3


def test_one_that_is_longer_than_all_may_be_pushes_nobody_out() -> None:
    kept = Kept(10)
    kept.put(RESIZE, JOBS[0], b"abc")
    kept.put(RESIZE, JOBS[1], b"x" * 11)
    assert (kept.take(RESIZE, JOBS[1]), kept.take(RESIZE, JOBS[0])) == (None, b"abc")
