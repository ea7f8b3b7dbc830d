"""gearmand's names of jobs in Redis, read backwards."""

import pytest

from persistence.gearmand.redis_key import Reading, UnreadableKeyError, read_key

UUID = b"0b5f7d52-cae7-11f1-9d2a-525400123456"

CERTAIN = {
    "one hyphen": (b"mail-u1", b"mail", b"u1"),
    "no unique": (b"mail-", b"mail", b""),
    "no function": (b"-u1", b"", b"u1"),
    "libgearman's unique": (b"mail-" + UUID, b"mail", UUID),
    "a piece of a UUID is in no function": (b"a-" + UUID.upper(), b"a", UUID.upper()),
    "the longest unique": (b"mail-" + b"u" * 63, b"mail", b"u" * 63),
    "a unique that is too long makes the hyphen part of it impossible": (
        b"send-" + b"m" * 63 + b"-u", b"send-" + b"m" * 63, b"u",
    ),
    "any bytes": (b"\xff\n{}-\x01 *", b"\xff\n{}", b"\x01 *"),
}  # fmt: skip

NOT_CERTAIN = {
    "two hyphens": (b"send-mail-u", "'send' or 'send-mail'"),
    "a unique that ends in a UUID": (b"invoice-order-" + UUID, "'invoice' or 'invoice-order'"),
    "the unique -": (b"mail--", "'mail' or 'mail-'"),
    "bytes": (b"\xff-a-u", r"'\\xff' or '\\xff-a'"),
}


@pytest.mark.parametrize(("rest", "function", "unique"), CERTAIN.values(), ids=CERTAIN)
def test_a_name_of_one_meaning(rest: bytes, function: bytes, unique: bytes) -> None:
    assert read_key(rest, ()) == Reading(function, unique)
    assert read_key(rest, {function, b"other"}) == Reading(function, unique)
    with pytest.raises(UnreadableKeyError, match="none of those given"):
        read_key(rest, {b"other"})


@pytest.mark.parametrize(("rest", "names"), NOT_CERTAIN.values(), ids=NOT_CERTAIN)
def test_a_name_of_several_meanings_is_refused_with_all_of_them(rest: bytes, names: str) -> None:
    with pytest.raises(UnreadableKeyError) as caught:
        read_key(rest, ())
    assert str(caught.value) == f"its function may be {names}: name every function of the queue with --function NAME"


def test_the_functions_decide_unless_two_of_them_fit() -> None:
    assert read_key(b"send-mail-u", {b"send-mail", b"mail"}) == Reading(b"send-mail", b"u")
    assert read_key(b"send-mail-u", {b"send"}) == Reading(b"send", b"mail-u")
    with pytest.raises(UnreadableKeyError, match="'send' or 'send-mail', and both were given"):
        read_key(b"send-mail-u", {b"send", b"send-mail"})


def test_a_unique_of_64_bytes_was_cut_and_padded_in_front() -> None:
    assert read_key(b"mail- " + b"U" * 63, ()) == Reading(b"mail", b"U" * 63, cut=True)
    assert read_key(b"mail- " + b"U" * 62, ()) == Reading(b"mail", b" " + b"U" * 62)


@pytest.mark.parametrize("rest", [b"", b"mail", b"mail-" + b"u" * 65])
def test_what_is_no_name_of_a_job(rest: bytes) -> None:
    with pytest.raises(UnreadableKeyError, match="is not PREFIX-FUNCTION-UNIQUE"):
        read_key(rest, ())
