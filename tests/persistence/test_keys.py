"""Where things are in Redis."""

import re

import pytest
from redis.crc import key_slot

from persistence.keys import (
    FUNCTION_KEYS,
    INCARNATION_KEYS,
    JOB_KEYS,
    PART_KEYS,
    QUEUE_KEYS,
    ROOT_KEYS,
    Keys,
    digest_of,
    spelled,
)

NAMES = [b"resize", b"", b"\xff\0", b"{x}", b"a:b", b"x" * 8000]


def test_a_digest_is_eighty_bits_in_sixteen_characters() -> None:
    digests = [digest_of(name) for name in NAMES]
    assert len(set(digests)) == len(NAMES)
    assert all(re.fullmatch(rb"[a-z2-7]{16}", digest) for digest in digests)
    assert digest_of(b"resize") == b"ixzk22dcvsqbf7sv"  # it stands in handles, so it must never change


@pytest.mark.parametrize("prefix", [b"gearman", b"a:b", b"shop 1"])
def test_all_keys_of_a_function_are_in_one_slot_of_a_cluster(prefix: bytes) -> None:
    keys = Keys(prefix)
    tag = keys.tag(digest_of(b"resize"))
    spellings = [
        tag,
        keys.function(tag),
        keys.jobs(tag),
        keys.mailbox(tag, b"\xff{}\0"),
        keys.payload(tag, b"\xff{}\0"),
    ]
    assert len({key_slot(key) for key in spellings}) == 1
    assert keys.digest(tag) == digest_of(b"resize")
    assert len({key_slot(key) for key in (keys.root, keys.beats, keys.brokers, keys.functions, keys.schema)}) == 1


def test_two_prefixes_share_no_key() -> None:
    one, two = Keys(b"a"), Keys(b"a:b")
    digest = digest_of(b"f")
    assert one.tag(digest) != two.tag(digest)
    assert not two.schema.startswith(one.root)


@pytest.mark.parametrize("prefix", [b"", b"{", b"a}b"])
def test_a_prefix_that_is_empty_or_has_a_brace_is_refused(prefix: bytes) -> None:
    with pytest.raises(ValueError, match="brace"):
        Keys(prefix)


def test_the_scripts_spell_as_we_do() -> None:
    keys = Keys(b"p")
    assert spelled("jobs_key") == 'local jobs_key = KEYS[1] .. ":jobs"'
    assert keys.jobs(b"{p:d}") == b"{p:d}" + b":jobs"
    assert spelled("mailbox_key(x)").endswith('KEYS[1] .. ":mailbox:" .. incarnation end')
    assert keys.mailbox(b"{p:d}", b"i") == b"{p:d}:mailbox:i"
    assert spelled("payload_key(x)").endswith('KEYS[1] .. ":payload:" .. id end')
    assert keys.payload(b"{p:d}", b"i") == b"{p:d}:payload:i"
    assert spelled("runs_key_of(tag)") == 'local function runs_key_of(tag) return tag .. ":runs" end'
    assert (
        spelled("imported_key(part)") == 'local function imported_key(part) return KEYS[1] .. ":imported:" .. part end'
    )
    assert spelled("queue_key(0)").startswith('local QUEUES = { ":high", ":normal", ":low" }')


def test_no_name_means_two_keys() -> None:
    names = [*FUNCTION_KEYS, *INCARNATION_KEYS, *JOB_KEYS, *PART_KEYS, *ROOT_KEYS, *QUEUE_KEYS]
    assert len(set(names)) == len(names)
