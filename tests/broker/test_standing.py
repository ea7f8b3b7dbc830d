"""Who stands back: who says much, until it has been calm for a while, and workers as long as anybody says much."""

from broker.standing import CALM_SECONDS, MUCH, STILL_MUCH, Standing

CLIENT, OTHER, WORKER = 1, 2, 3


def test_who_says_much_steps_back_once() -> None:
    standing = Standing()
    assert not standing.has_changed(CLIENT, MUCH - 1, 0.0)
    assert standing.has_changed(CLIENT, MUCH, 0.0)
    assert not standing.has_changed(CLIENT, MUCH, 0.0)
    assert standing.back == {CLIENT}


def test_a_flood_has_gaps_and_who_is_calm_comes_forward() -> None:
    standing = Standing()
    standing.has_changed(CLIENT, MUCH, 0.0)
    assert not standing.has_changed(CLIENT, 1, CALM_SECONDS / 2)
    assert standing.has_changed(CLIENT, 1, CALM_SECONDS)
    assert not standing.back


def test_a_flood_is_one_also_in_the_shorter_turns_at_the_back() -> None:
    standing = Standing()
    assert not standing.has_changed(CLIENT, STILL_MUCH, 0.0), "in front that is not much"
    standing.has_changed(CLIENT, MUCH, 0.0)
    assert not standing.has_changed(CLIENT, STILL_MUCH, CALM_SECONDS)
    assert not standing.has_changed(CLIENT, STILL_MUCH, 2 * CALM_SECONDS)
    assert standing.has_changed(CLIENT, STILL_MUCH - 1, 3 * CALM_SECONDS)


def test_a_worker_stands_back_while_others_say_much() -> None:
    standing = Standing()
    standing.works(WORKER)
    assert not standing.has_changed(WORKER, 1, 0.0)
    standing.has_changed(CLIENT, MUCH, 0.0)
    assert standing.has_changed(WORKER, 1, 0.0)
    assert not standing.has_changed(OTHER, 1, 0.0), "a client that says little stays where it is"
    assert standing.has_changed(WORKER, 1, CALM_SECONDS), "the flood has not ended, but it is over"
    assert standing.back == {CLIENT}


def test_a_worker_that_tells_often_how_far_it_is_is_no_flood() -> None:
    standing = Standing()
    standing.works(WORKER)
    assert not standing.has_changed(WORKER, MUCH, 0.0)
    assert not standing.has_changed(WORKER, MUCH, 0.0)
    assert not standing.back


def test_a_worker_that_works_no_more_is_a_client_again() -> None:
    standing = Standing()
    standing.works(WORKER)
    assert not standing.has_changed(WORKER, MUCH, 0.0)
    standing.works_no_more(WORKER)
    assert standing.has_changed(WORKER, MUCH, 0.0)
    assert standing.back == {WORKER}


def test_a_number_that_is_used_again_is_somebody_else() -> None:
    standing = Standing()
    standing.works(WORKER)
    for number in (CLIENT, WORKER):
        assert standing.has_changed(number, MUCH, 0.0)
    for number in (CLIENT, WORKER):
        standing.leave(number)
    assert not standing.back
    assert not standing.has_changed(CLIENT, 1, 0.0)
    assert not standing.has_changed(WORKER, 1, 0.0)
