"""What guards against peers: what they send, what they do not read, how many they are."""

from typing import Final

from tests.faults.guards.guard import Guard

BYTES: Final = "malformed, too long, too slow"
DEAF: Final = "a client that does not read"
MANY: Final = "many connections, many jobs"
STRANGERS: Final = "text commands from strangers"

STORE: Final = "tests/persistence/store"
GUARDS: Final = (
    Guard(
        BYTES,
        "the size is refused from the header",
        "protocol/connection.py",
        "        if length > self._max_body:\n",
        "        if False:\n",
        "tests/broker/test_faults_bytes.py::test_the_size_of_a_packet_is_refused_from_its_header",
    ),
    Guard(
        BYTES,
        "a packet that was begun must be ended in time",
        "broker/session.py",
        "            if self._clock.ran_out() and not self._heard_all:\n",
        "            if False:\n",
        "tests/broker/test_faults_bytes.py::test_a_packet_that_is_begun_and_not_ended_ends_the_connection",
    ),
    Guard(
        BYTES,
        "a fault ends one connection and no other",
        "broker/fault_barrier.py",
        '        self._session.drop("its request met a defect of ours")\n        return True\n',
        "        return False\n",
        "tests/broker/test_faults_bytes.py::test_a_defect_of_ours_ends_one_connection_and_no_other",
    ),
    Guard(
        DEAF,
        "the outbox is bounded",
        "broker/writer.py",
        "        if self.outgoing.size + self._rest_bytes > self._limit_bytes:\n",
        "        if False:\n",
        "tests/broker/test_faults_reading.py::"
        "test_a_client_that_does_not_read_its_results_is_dropped_and_its_job_goes_on",
    ),
    Guard(
        DEAF,
        "who is far ahead of the store is not read from",
        "broker/session.py",
        "        return len(promises) > MAX_PROMISED or self._unanswered_bytes > MAX_UNANSWERED_BYTES\n",
        "        return False\n",
        "tests/broker/test_faults_store.py::test_a_client_that_goes_on_submitting_is_held_back_and_nothing_is_lost",
    ),
    Guard(
        DEAF,
        "nor is who has half of what may wait for it behind an answer of the store",
        "broker/session.py",
        "        if self._writer.outgoing.size > self._bounds.outbox_limit // 2:\n",
        "        if False:\n",
        "tests/broker/test_faults_behind.py::test_whose_answers_wait_for_the_store_is_not_read_from_and_gets_them_all",
    ),
    Guard(
        DEAF,
        "who closes while a task is about to write ends alone",
        "broker/transport.py",
        "            if self._socket.fileno() < 0:\n",
        "            if False:\n",
        "tests/broker/test_transport.py::test_who_is_to_send_on_what_is_closed_by_then_is_told_so",
    ),
    Guard(
        DEAF,
        "a full mailbox takes no more",
        "persistence/scripts/includes/mail.lua",
        "    if held > 0 and (bytes > TOO_FULL_BYTES or now - since >= FULL_SECONDS) then\n",
        "    if false then\n",
        f"{STORE}/test_waiting.py::test_a_mailbox_that_is_full_for_too_long_takes_no_more",
    ),
    Guard(
        MANY,
        "`--max-connections`",
        "broker/places.py",
        "        self._limiter = None if most is None else ",
        "        self._limiter = None if True else ",
        "tests/broker/test_sessions.py::test_more_connections_than_allowed_wait_for_their_turn",
    ),
    Guard(
        MANY,
        "accepting pauses without descriptors",
        "broker/listening.py",
        "            await trio.sleep(PAUSE_SECONDS)\n",
        "            await trio.lowlevel.checkpoint()\n",
        "tests/broker/test_accepting.py::test_without_descriptors_accepting_pauses_and_goes_on_when_there_are_some",
    ),
    Guard(
        MANY,
        "who comes in a crowd finds a place to wait in",
        "broker/app.py",
        "                listen(sockets, settings.backlog)  # not before: who is let in is served\n",
        "                listen(sockets, 32)\n",
        "tests/broker/test_accepting.py::test_a_crowd_that_comes_at_once_is_let_in_at_once_and_several_in_a_turn",
    ),
    Guard(
        MANY,
        "what went out of the middle of a queue is stepped over in bounded steps",
        "persistence/scripts/includes/claim.lua",
        "  until taken == count or steps >= GHOST_STEPS\n",
        "  until taken == count\n",
        f"{STORE}/test_sweep.py::test_claims_step_over_ghosts_some_at_a_time",
    ),
    Guard(
        STRANGERS,
        "only this machine is listened to, unless told otherwise",
        "broker/settings.py",
        'Field(min_length=1)] = ("127.0.0.1",)\n',
        'Field(min_length=1)] = ("*",)\n',
        "tests/broker/test_accepting.py::test_unless_told_otherwise_only_this_machine_can_connect",
    ),
    Guard(
        STRANGERS,
        "`shutdown` is for this machine alone",
        "broker/text/stopping.py",
        "    elif not is_loopback(session.transport.peer):\n",
        "    elif False:\n",
        "tests/broker/test_text_stopping.py::test_who_comes_from_elsewhere_is_told_no_and_the_broker_goes_on",
    ),
)
