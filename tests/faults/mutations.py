"""The guards against faults, each taken out once: `python -m tests.faults.mutations` shows that a test then fails.

It works on a copy of the tree, takes one guard out, runs the one test, puts the guard back, and prints the table that
docs/reliability.md shows. The status is 1 when a test did not notice. Words as arguments: only guards with one of these
in their row.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
LEFT_OUT: Final = shutil.ignore_patterns(".*", "__pycache__", "dist", "node_modules")
TESTS_FAILED: Final = 1
"""The exit status of pytest; others mean that it did not come so far."""
LONGEST_SECONDS: Final = 240


class Guard(NamedTuple):
    """Some lines, and how to take out what they guard against."""

    fault: str
    """As in the design: a row of its table of faults."""
    what: str
    file: str
    """Under the root of the tree."""
    old: str
    """Stands there once."""
    new: str
    test: str
    """What fails without it, as pytest is told."""

    def row(self) -> str:
        """The row of the table."""
        return f"| {self.fault} | {self.what} | `{self.file}` | `{self.test}` |"


BROKER: Final = "kill -9 of a broker, or a stop for longer than its presence"
WORKER: Final = "kill -9 of a worker"
HANGS: Final = "a worker hangs; half-open TCP"
AWAY: Final = "Redis restarts, is paused, is unreachable"
REFUSES: Final = "Redis refuses"
EMPTIED: Final = "Redis was emptied"
FORGETS: Final = "no AOF, an evicting policy"
BYTES: Final = "malformed, too long, too slow"
DEAF: Final = "a client that does not read"
MANY: Final = "many connections, many jobs"
STRANGERS: Final = "text commands from strangers"

STORE: Final = "tests/persistence/store"
FIRM_CLUSTER: Final = "tests/broker/test_cluster_replicas.py"
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
        "on a cluster, who is lost together with its presence is found by its name",
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
    Guard(
        AWAY,
        "submits are sent again on the next connection",
        "persistence/submitting.py",
        "post(build(), settled, again=build, deadline=deadline,",
        "post(build(), settled, deadline=deadline,",
        "tests/faults/test_crash_matrix.py::test_no_point_of_a_verb_loses_a_job[redis-submit]",
    ),
    Guard(
        AWAY,
        "submits do not wait for ever",
        "persistence/submitting.py",
        "post(build(), settled, again=build, deadline=deadline,",
        "post(build(), settled, again=build,",
        "tests/broker/test_faults_store.py::test_a_submit_is_refused_when_the_store_stays_away",
    ),
    Guard(
        AWAY,
        "a submit that is repeated is stored once",
        "persistence/scripts/enqueue.lua",
        "local repeated = number <= highest and not within(gaps, number)\n",
        "local repeated = false\n",
        f"{STORE}/test_repeats.py::test_a_repeated_submit_whose_job_is_over_stores_nothing",
    ),
    Guard(
        AWAY,
        "what an old connection still delivers is refused",
        "persistence/scripts/includes/guard.lua",
        "  if tonumber(generation) < known then",
        "  if false then",
        f"{STORE}/test_outages.py::test_a_claim_sent_on_an_old_connection_is_refused",
    ),
    Guard(
        AWAY,
        "a claim whose answer was lost is given back",
        "persistence/rejoining.py",
        "        if lost:\n",
        "        if False:\n",
        f"{STORE}/test_outages.py::test_a_claim_whose_answer_was_lost_is_given_back",
    ),
    Guard(
        AWAY,
        "a run whose end is on its way is not given back",
        "persistence/rejoining.py",
        "            if self._ending.is_owed(function, *run):\n",
        "            if False:\n",
        f"{STORE}/test_outages.py::test_a_run_that_ended_is_not_given_back_while_its_result_is_asked_for",
    ),
    Guard(
        AWAY,
        "who waits hears of a job that was over before its submit was answered",
        "broker/submitting.py",
        "                broker.store.mailbox.read(self._function, then_gone=[job])\n",
        "                pass\n",
        "tests/faults/test_who_waits.py -k over_before",
    ),
    Guard(
        AWAY,
        "workers that ask get NO_JOB",
        "broker/grabbing.py",
        "            _look_again_later(broker, line)\n            session.say(NO_JOB)\n",
        "            raise job\n",
        "tests/broker/test_faults_store.py::test_a_store_that_stands_still_is_like_one_that_is_away",
    ),
    Guard(
        AWAY,
        "workers are woken when it is back",
        "broker/hearing.py",
        "            if self._broker.store.reaches(line.function):\n",
        "            if False:\n",
        "tests/broker/test_faults_store.py::test_workers_get_no_job_and_no_error_and_are_woken_when_it_is_back",
    ),
    Guard(
        AWAY,
        "a silent Redis is called anew",
        "persistence/connection.py",
        "        if self.exchange.in_flight and now - self.heard_at > silence_seconds:\n",
        "        if False:\n",
        "tests/persistence/test_pipe_deadlines.py::test_a_server_that_owes_answers_and_is_silent_is_called_anew",
    ),
    Guard(
        AWAY,
        "its outage makes nobody look dead",
        "persistence/sightings.py",
        "        blind = now - self._looked_at > self._ttl_seconds / 2 or now - answered_at > self._ttl_seconds / 2\n",
        "        blind = False\n",
        "tests/persistence/test_sightings.py",
    ),
    Guard(
        AWAY,
        "mail is read when it is back",
        "persistence/rejoining.py",
        "                self._mailbox.read(function, then_gone=gone)\n",
        "                pass\n",
        "tests/faults/test_who_waits.py",
    ),
    Guard(
        REFUSES,
        "what must happen is tried until it has happened",
        "persistence/link.py",
        "                self._debts.put(debt)\n                self._owing.set()\n",
        "                pass\n",
        f"{STORE}/test_refusals.py::test_what_a_replica_refuses_happens_when_it_is_a_master_again_and_in_order",
    ),
    Guard(
        REFUSES,
        "at OOM claims go on",
        "persistence/scripts/claim.lua",
        "#!lua flags=allow-oom\n",
        "#!lua\n",
        "tests/faults/test_under_load.py -k OOM",
    ),
    Guard(
        REFUSES,
        "at OOM ends go on",
        "persistence/scripts/finish.lua",
        "#!lua flags=allow-oom\n",
        "#!lua\n",
        "tests/faults/test_under_load.py -k OOM",
    ),
    Guard(
        REFUSES,
        "at OOM brokers stay present",
        "persistence/scripts/renew.lua",
        "#!lua flags=allow-oom\n",
        "#!lua\n",
        f"{STORE}/test_refusals.py::test_at_the_memory_limit_submits_are_refused_and_everything_else_goes_on",
    ),
    Guard(
        REFUSES,
        "once connected, no refusal ends a broker",
        "persistence/reconnecting.py",
        "        if not self._ever_connected:\n            if _is_final(error):\n",
        "        if True:\n            if _is_final(error):\n",
        "tests/faults/test_under_load.py -k NOAUTH",
    ),
    Guard(
        REFUSES,
        "who submits is told what Redis said",
        "persistence/pipe.py",
        '            self._give_up(late, "Redis did not answer in time", self.away_because)\n',
        '            self._give_up(late, "Redis did not answer in time")\n',
        "tests/faults/test_under_load.py -k LOADING",
    ),
    Guard(
        REFUSES,
        "the log says each refusal once",
        "persistence/link.py",
        "isinstance(error, StoreRefusedError) and error.word not in self._complaints:\n",
        "isinstance(error, StoreRefusedError):\n",
        "tests/faults/test_under_load.py -k READONLY",
    ),
    Guard(
        REFUSES,
        "nor does it tell of every submit",
        "broker/refusals.py",
        "QUIET_SECONDS: Final = 10.0\n",
        "QUIET_SECONDS: Final = 0.0\n",
        "tests/broker/test_refusals.py",
    ),
    Guard(
        EMPTIED,
        "a presence that counts from one again tells",
        "persistence/keeper.py",
        "        if beats == 1 and known > 0:\n",
        "        if False:\n",
        "tests/faults/test_under_load.py -k emptied",
    ),
    Guard(
        EMPTIED,
        "handles are never given out again",
        "persistence/records.py",
        "    return Incarnation(secrets.token_bytes(INCARNATION_BYTES))\n",
        "    return Incarnation(bytes(INCARNATION_BYTES))\n",
        "tests/broker/test_what_gearmand_loses.py::test_no_handle_is_given_out_twice_over_kills_and_an_emptied_store",
    ),
    Guard(
        FORGETS,
        "what can be lost is said at the start",
        "broker/stores.py",
        "    for line in found:\n",
        "    for line in ():\n",
        "tests/broker/test_weak_store.py::test_what_a_store_may_lose_is_a_warning_at_start",
    ),
    Guard(
        FORGETS,
        "`--strict-store` refuses to start",
        "broker/stores.py",
        "    if found and settings.strict_store:\n",
        "    if False:\n",
        "tests/broker/test_weak_store.py::test_a_strict_broker_does_not_start_on_it",
    ),
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
        "            if self._listening.cancelled_caught and overdue and not self._heard_all:\n",
        "            if False:\n",
        "tests/broker/test_faults_bytes.py::test_a_packet_that_is_begun_and_not_ended_ends_the_connection",
    ),
    Guard(
        BYTES,
        "a fault ends one connection and no other",
        "broker/session.py",
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
        "broker/listening.py",
        "        self._limiter = None if most is None else ",
        "        self._limiter = None if True else ",
        "tests/broker/test_sessions.py::test_more_connections_than_allowed_wait_for_their_turn",
    ),
    Guard(
        MANY,
        "accepting pauses without descriptors",
        "broker/listening.py",
        "                    await trio.sleep(PAUSE_SECONDS)\n",
        "                    await trio.lowlevel.checkpoint()\n",
        "tests/broker/test_accepting.py::test_without_descriptors_accepting_pauses_and_goes_on_when_there_are_some",
    ),
    Guard(
        MANY,
        "what went out of the middle of a queue is stepped over in bounded steps",
        "persistence/scripts/includes/claim.lua",
        "  until #jobs == count or steps >= GHOST_STEPS\n",
        "  until #jobs == count\n",
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
        AWAY,
        "what no replica has confirmed is asked for again at the node that has the slot then",
        "persistence/cluster/slot_holding.py",
        "        await self._of(slot).repeat(ask)\n",
        "        await trio.lowlevel.checkpoint()\n",
        f"{FIRM_CLUSTER}::test_a_job_that_the_promoted_replica_never_got_is_stored_there_before_it_is_accepted",
    ),
    Guard(
        AWAY,
        "a repeat that writes nothing is not confirmed by replicas that have less",
        "persistence/cluster/slot_holding.py",
        "        await ask(*PROBE.call(slot.key + PROBED))\n",
        '        await ask(b"PING")\n',
        f"{FIRM_CLUSTER}::test_a_lost_connection_confirms_nothing",
    ),
    Guard(
        AWAY,
        "a slot on its way is not confirmed by the replicas of the node that it leaves",
        "persistence/cluster/slot_holding.py",
        "    return None if slot.held or slot.node is None else slot.node.firm\n",
        "    return None if slot.node is None else slot.node.firm\n",
        f"{FIRM_CLUSTER}::test_a_job_that_moves_is_confirmed_by_the_replicas_of_the_node_that_has_it_then",
    ),
    Guard(
        FORGETS,
        "a primary with too few replicas is refused at the start",
        "persistence/cluster/node_maker.py",
        "            if self.demanding:\n                await check_replicas",
        "            if False:\n                await check_replicas",
        f"{FIRM_CLUSTER}::test_a_primary_with_too_few_replicas_is_refused_at_start",
    ),
    Guard(
        FORGETS,
        "a server that is told to sync no longer is told of",
        "persistence/inspector.py",
        "            if address not in self._wanting:\n",
        "            if False:\n",
        "tests/persistence/test_inspector.py::test_it_is_told_once_and_when_it_is_over",
    ),
    Guard(
        STRANGERS,
        "`shutdown` is for this machine alone",
        "broker/text/stopping.py",
        "    elif not is_loopback(session.transport.peer):\n",
        "    elif False:\n",
        "tests/broker/test_text_stopping.py::test_who_comes_from_elsewhere_is_told_no_and_the_broker_goes_on",
    ),
    Guard(
        AWAY,
        "no job is stored without its large payload",
        "persistence/scripts/enqueue.lua",
        'if beside and not holder and not has_payload(id) then return "bare" end\n',
        "",
        f"{STORE}/test_large_payloads.py::test_a_payload_that_is_not_there_is_handed_in_again_and_not_without_end",
    ),
    Guard(
        AWAY,
        "a repeat lets no large payload expire",
        "persistence/beside.py",
        'self.payload, b"NX", b"EX",',
        'self.payload, b"EX",',
        f"{STORE}/test_large_payloads.py::test_a_lost_answer_is_asked_for_again_and_the_job_keeps_it",
    ),
    Guard(
        AWAY,
        "what a job has stays",
        "persistence/scripts/includes/beside.lua",
        'redis.call("PERSIST", payload_key(id))',
        "",
        f"{STORE}/test_large_payloads.py::test_a_record_holds_all_but_a_large_payload",
    ),
    Guard(
        AWAY,
        "a repeat takes no large payload from a job",
        "persistence/scripts/includes/beside.lua",
        'if redis.call("PTTL", payload_key(id)) >= 0 then',
        "if true then",
        f"{STORE}/test_large_payloads.py::test_a_dead_job_keeps_it_also_from_a_repeat",
    ),
    Guard(
        BROKER,
        "a large payload whose job did not come expires",
        "persistence/beside.py",
        ', b"EX", EXPIRES_SECONDS]',
        "]",
        f"{STORE}/test_large_payloads.py::test_who_dies_between_it_and_its_job_leaves_what_expires",
    ),
    Guard(
        REFUSES,
        "a refused job leaves no large payload",
        "persistence/submitting.py",
        "self._beside.discard(self._id)",
        "pass",
        f"{STORE}/test_large_payloads.py::test_at_the_memory_limit_it_is_refused_as_any_and_nothing_is_left",
    ),
    Guard(
        FORGETS,
        "only a job whose payload is truly gone fails",
        "persistence/scripts/void.lua",
        " or has_payload(id) then",
        " then",
        f"{STORE}/test_large_payloads.py::test_a_payload_that_a_server_did_not_know_of_yet_is_asked_for_again",
    ),
)


def page() -> str:
    """The table as the docs show it."""
    head = "| fault | guard | where | the test that fails without it |\n|---|---|---|---|\n"
    return head + "".join(f"{guard.row()}\n" for guard in GUARDS)


def is_noticed(guard: Guard, tree: Path) -> bool:
    """Whether the test fails in this copy of the tree without the guard, and does not fail with it."""
    if fails(guard.test, tree):
        raise RuntimeError(f"{guard.test} fails as it is")
    file = tree / guard.file
    whole = file.read_text("utf-8")
    assert whole.count(guard.old) == 1, f"{guard.file} has {guard.old!r} {whole.count(guard.old)} times"
    file.write_text(whole.replace(guard.old, guard.new), "utf-8")
    try:
        return fails(guard.test, tree)
    finally:
        file.write_text(whole, "utf-8")


def fails(test: str, tree: Path) -> bool:
    """Whether a test fails in this tree, or does not end."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *test.split()]
    try:
        ran = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    if ran.returncode not in (0, TESTS_FAILED):
        raise RuntimeError(ran.stdout + ran.stderr)
    return ran.returncode == TESTS_FAILED


def main(words: list[str]) -> int:
    """The command."""
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="tg-mutations-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        for guard in GUARDS:
            if words and not any(word in guard.row() for word in words):
                continue
            noticed = is_noticed(guard, tree)
            unnoticed += not noticed
            print(guard.row() if noticed else f"NOT NOTICED: {guard.row()}", flush=True)
    return min(unnoticed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
