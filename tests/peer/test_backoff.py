"""The pauses between attempts."""

from peer import Backoff
from peer.backoff import FIRST_SECONDS, LONGEST_SECONDS


def test_pauses_are_jittered_grow_and_have_an_end() -> None:
    rounds = [[backoff.next_pause() for _ in range(12)] for backoff in (Backoff() for _ in range(200))]
    for number in range(12):
        pauses = [pauses[number] for pauses in rounds]
        ceiling = min(FIRST_SECONDS * 2**number, LONGEST_SECONDS)
        assert all(0 <= pause <= ceiling for pause in pauses)
        assert len(set(pauses)) > 100, "no jitter"


def test_after_a_success_they_are_short_again() -> None:
    backoff = Backoff()
    for _ in range(10):
        backoff.next_pause()
    backoff.reset()
    assert backoff.next_pause() <= FIRST_SECONDS
