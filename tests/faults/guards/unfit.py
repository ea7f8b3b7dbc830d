"""What guards against a Redis that is there and not fit to be used: it refuses, forgot everything, or will."""

from typing import Final

from tests.faults.guards.guard import Guard

REFUSES: Final = "Redis refuses"
EMPTIED: Final = "Redis was emptied"
FORGETS: Final = "no AOF, an evicting policy"
REPLACED: Final = "a new master, while the old one lives"

STORE: Final = "tests/persistence/store"
FIRM_CLUSTER: Final = "tests/broker/test_cluster_replicas.py"
GUARDS: Final = (
    Guard(
        REPLACED,
        "the pipe that reads goes where the notices come from",
        "persistence/ways.py",
        'if self._bulk.server not in ("", pipe.server):',
        "if False:",
        f"{STORE}/test_master_elsewhere.py::test_the_pipe_that_reads_mail_goes_where_the_mail_is",
    ),
    Guard(
        REPLACED,
        "what it asked of an old master is asked again",
        "persistence/ways.py",
        "            on_back(lambda tag: True)\n",
        "            await trio.lowlevel.checkpoint()\n",
        f"{STORE}/test_master_elsewhere.py::test_mail_that_an_old_master_did_not_have_is_found_when_that_is_left",
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
        REFUSES,
        "a refused job leaves no large payload",
        "persistence/submitting.py",
        "self._beside.discard(self._id)",
        "pass",
        f"{STORE}/test_large_payloads_refused.py::test_at_the_memory_limit_it_is_refused_as_any_and_nothing_is_left",
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
        "that a failover forgets what was only synced is said, too",
        "persistence/weaknesses.py",
        '    if trusts_its_disk and facts.get(b"connected_slaves", b"0") != b"0":\n',
        "    if False:\n",
        "tests/broker/test_weak_store.py::test_a_failover_forgets_what_was_only_synced",
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
        FORGETS,
        "only a job whose payload is truly gone fails",
        "persistence/scripts/void.lua",
        " or has_payload(id) then",
        " then",
        f"{STORE}/test_large_payloads_refused.py::test_a_payload_that_a_server_did_not_know_of_yet_is_asked_for_again",
    ),
)
