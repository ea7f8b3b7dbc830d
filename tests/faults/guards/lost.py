"""What guards against the loss of a broker or a worker, and against one that hangs."""

from typing import Final

from tests.faults.guards.guard import Guard

BROKER: Final = "kill -9 of a broker, or a stop for longer than its presence"
STOP: Final = "a broker is told to stop"
WORKER: Final = "kill -9 of a worker"
HANGS: Final = "a worker hangs; half-open TCP"

STORE: Final = "tests/persistence/store"
GUARDS: Final = (
    Guard(
        BROKER,
        "the next in its place returns its jobs at once",
        "persistence/store.py",
        "            if previous is not None:\n",
        "            if False:\n",
        f"{STORE}/test_lost_brokers.py::test_the_next_in_its_place_returns_the_jobs_of_a_dead_broker_before_it_starts",
    ),
    Guard(
        BROKER,
        "who stood still for a whole TTL is lost",
        "persistence/sightings.py",
        "now - sight.moved_at >= self._ttl_seconds]",
        "now - sight.moved_at >= 1000 * self._ttl_seconds]",
        f"{STORE}/test_lost_brokers.py::test_the_jobs_of_a_lost_broker_are_returned_to_the_head",
    ),
    Guard(
        BROKER,
        "who has no presence any more is found by its name",
        "persistence/strays.py",
        "return self._seen & before",
        "return frozenset()",
        "tests/persistence/cluster/test_lost_brokers_on_a_cluster.py -k names_it_left",
    ),
    Guard(
        BROKER,
        "who was taken for lost is not obeyed",
        "persistence/scripts/includes/guard.lua",
        'then return "fenced", entry end',
        "then return nil, entry end",
        f"{STORE}/test_repeats.py::test_who_was_taken_for_lost_is_not_obeyed",
    ),
    Guard(
        BROKER,
        "it goes on under a new name",
        "persistence/link.py",
        '        if reply != b"fenced" or lost != self.incarnation:\n',
        "        if True:\n",
        f"{STORE}/test_lost_brokers.py::test_a_broker_taken_for_lost_goes_on_under_a_new_name",
    ),
    Guard(
        BROKER,
        "what was reserved under the old name is dropped",
        "broker/hearing.py",
        "        for line in self._broker.roster.lines.values():\n            line.empty_reserved()\n",
        "        pass\n",
        "tests/broker/test_waking.py::test_a_reserved_job_is_not_handed_out_by_a_broker_that_was_taken_for_lost",
    ),
    Guard(
        BROKER,
        "a large payload whose job did not come expires",
        "persistence/beside.py",
        ', b"EX", EXPIRES_SECONDS]',
        "]",
        f"{STORE}/test_large_payloads_cut.py::test_who_dies_between_it_and_its_job_leaves_what_expires",
    ),
    Guard(
        STOP,
        "what workers have said is heard before their jobs are given back",
        "broker/app.py",
        "            await broker.switchboard.hear_all()\n",
        "            pass\n",
        "tests/broker/test_ended_before_a_stop.py",
    ),
    Guard(
        WORKER,
        "its jobs go back when its connection ends",
        "broker/listening.py",
        "    lose(broker, list(session.runs.values()), Manner.HOUSE if broker.leaving else Manner.SUSPECT)\n",
        "",
        "tests/broker/test_working.py::test_a_worker_that_leaves_gives_its_job_to_another_at_the_tail",
    ),
    Guard(
        WORKER,
        "attempts are counted, in Redis",
        "persistence/scripts/includes/requeue.lua",
        "    run.charged = math.min(run.charged + 1, 65535)\n",
        "",
        "tests/broker/test_what_gearmand_loses.py::test_attempts_are_counted_on_over_a_kill",
    ),
    Guard(
        HANGS,
        "a run whose time is up is taken away",
        "broker/duties.py",
        "        lose(broker, late, Manner.SUSPECT)\n",
        "",
        "tests/broker/test_working.py::"
        "test_a_run_that_takes_too_long_is_given_to_another_and_its_worker_is_told_nothing",
    ),
    Guard(
        HANGS,
        "silent peers are probed",
        "broker/listening.py",
        "    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)\n",
        "",
        "tests/broker/test_accepting.py::test_a_dead_peer_is_noticed_as_the_operator_wants_it",
    ),
    Guard(
        HANGS,
        "a Redis that is gone without a word is noticed by who only listens",
        "persistence/pipe.py",
        '                self.post(("PING",), _ignore)\n',
        "                pass\n",
        "tests/persistence/test_pipe_deadlines.py::test_a_server_that_goes_silent_while_nothing_is_asked_is_noticed",
    ),
)
