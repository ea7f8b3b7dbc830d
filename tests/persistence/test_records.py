"""Handles, ids and records: written, read back, and not mistaken for anything else."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from persistence.keys import digest_of
from persistence.records import (
    MAX_HANDLE,
    MAX_NUMBER,
    Incarnation,
    handle_of,
    job_id,
    new_incarnation,
    pack_record,
    read_handle,
    spell,
)
from protocol import Priority
from tests.persistence.record import Record, number_of, unpack_record, without_payload

INCARNATIONS = st.binary(min_size=7, max_size=7).map(Incarnation)
NUMBERS = st.integers(1, MAX_NUMBER)
DIGEST = digest_of(b"resize")
NOBODY = Incarnation(b"\0" * 7)
OWN = b"ixzk22dcvsqbf7sv:aaaaaaaaaaaa:1"

FOREIGN = {
    "empty": b"",
    "gearmand's": b"H:lap:1",
    "a number of none": OWN[:-1],
    "number zero": OWN[:-1] + b"0",
    "a number with a zero before it": OWN[:-1] + b"01",
    "a number with a sign": OWN[:-1] + b"+1",
    "a number with an underscore": OWN + b"_0",
    "a number with a blank": OWN + b" ",
    "a number and a line end": OWN + b"\n",
    "a number too large": OWN + b"0" * 14,
    "a number beyond all ids": b"%b:%b:%d" % (DIGEST, b"a" * 12, MAX_NUMBER + 1),
    "digits of another script": OWN[:-1] + "١".encode(),
    "capitals": OWN.upper(),
    "an incarnation too short": b"ixzk22dcvsqbf7sv:aaaaaaaaaaa:1",
    "an incarnation spelled otherwise": b"ixzk22dcvsqbf7sv:aaaaaaaaaaab:1",
    "a digest too short": b"ixzk22dcvsqbf7s:aaaaaaaaaaaa:1",
    "a digest with a brace": b"ixzk22dcvsqbf7s}:aaaaaaaaaaaa:1",
    "longer than any handle": b"x" * 33 + OWN,
}


@pytest.mark.parametrize("handle", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_handle_that_is_not_ours_is_read_as_none(handle: bytes) -> None:
    assert read_handle(handle) is None


def test_a_handle_is_read_whatever_stands_before_it() -> None:
    job = job_id(NOBODY, 1)
    for prefix in (b"", b"H:", b"H:a:b:c:", b"\xff\0\n", b"x" * 32):
        assert read_handle(prefix + OWN) == (DIGEST, job)
    assert handle_of(b"H:", DIGEST, job) == b"H:" + OWN


@given(st.binary(max_size=100), INCARNATIONS, NUMBERS)
@example(b"H:" + b"x" * 200, NOBODY, MAX_NUMBER)
def test_a_handle_is_short_enough_for_libgearman_and_leads_back(
    prefix: bytes, incarnation: Incarnation, number: int
) -> None:
    job = job_id(incarnation, number)
    handle = handle_of(prefix, DIGEST, job)
    assert len(handle) <= MAX_HANDLE
    assert prefix.startswith(handle[: handle.rindex(DIGEST)])
    assert read_handle(handle) == (DIGEST, job)


@given(st.binary(max_size=80) | st.from_regex(rb"[A-Za-z0-9:]{0,63}", fullmatch=True))
def test_garbage_is_read_as_none_or_is_what_we_would_write(handle: bytes) -> None:
    found = read_handle(handle)
    if found is not None:
        assert handle.endswith(handle_of(b"", *found))


@given(INCARNATIONS, st.lists(NUMBERS, min_size=2, max_size=10))
@example(NOBODY, [2**22 - 1, 2**22, 2**30 - 1, 2**30, 2**38 - 1, 2**38, MAX_NUMBER, 1])
def test_ids_sort_as_they_were_made_and_keep_their_number(incarnation: Incarnation, numbers: list[int]) -> None:
    ids = [job_id(incarnation, number) for number in numbers]
    assert sorted(ids) == [job_id(incarnation, number) for number in sorted(numbers)]
    assert [number_of(job) for job in ids] == numbers


def test_an_id_has_ten_bytes_for_the_first_four_million_jobs() -> None:
    assert len(job_id(NOBODY, 2**22 - 1)) == 10
    assert len(job_id(NOBODY, MAX_NUMBER)) == 13


def test_a_broker_that_has_numbered_all_its_jobs_says_so() -> None:
    with pytest.raises(OverflowError, match="restart it"):
        job_id(NOBODY, MAX_NUMBER + 1)


def test_incarnations_differ_and_are_spelled_in_twelve_characters() -> None:
    names = {new_incarnation() for _ in range(1000)}
    assert len(names) == 1000
    assert {len(spell(name)) for name in names} == {12}


@given(
    unique=st.binary(max_size=255),
    reducer=st.binary(max_size=255),
    payload=st.binary(max_size=1000),
    priority=st.sampled_from(Priority),
    background=st.booleans(),
    beside=st.booleans(),
)
def test_a_record_is_read_as_it_was_written(
    unique: bytes, reducer: bytes, payload: bytes, priority: Priority, background: bool, beside: bool
) -> None:
    packed = pack_record(unique, reducer, payload, priority, background, beside=beside)
    assert unpack_record(packed) == Record(priority, background, beside, unique, reducer, payload)
    assert without_payload(packed) + payload == packed
