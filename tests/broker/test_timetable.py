"""Minutes of the calendar: what matches, what comes next, and what clocks that are put forward and back do to it."""

from datetime import UTC, datetime, tzinfo
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.timetable import Timetable, TimetableError, read_timetable
from protocol import SubmitJobSched

DAY: Final = 86_400
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LORD_HOWE, SAO_PAULO = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/Sao_Paulo")

Fields: TypeAlias = tuple[bytes, bytes, bytes, bytes, bytes]

NEXT: dict[str, tuple[Timetable, str, str]] = {
    "any minute is the one that begins next": (Timetable(), "2026-03-10T11:22:33", "2026-03-10T11:23"),
    "a minute that has just begun has begun": (Timetable(), "2026-03-10T11:22:00", "2026-03-10T11:23"),
    "a minute of any hour": (Timetable(minute=5), "2026-03-10T11:22:33", "2026-03-10T12:05"),
    "every minute of an hour": (Timetable(hour=12), "2026-03-10T12:59:01", "2026-03-11T12:00"),
    "a time of day, today": (Timetable(30, 12), "2026-03-10T12:29:59", "2026-03-10T12:30"),
    "a time of day, tomorrow": (Timetable(30, 12), "2026-03-10T12:30:00", "2026-03-11T12:30"),
    "over the end of a year": (Timetable(0, 0), "2026-12-31T23:59:59", "2027-01-01T00:00"),
    "a day that this month lacks": (Timetable(0, 0, 31), "2026-03-31T00:00:00", "2026-05-31T00:00"),
    "a month": (Timetable(month=2), "2026-03-10T11:22:33", "2027-02-01T00:00"),
    "a date of leap years": (Timetable(0, 0, 29, 2), "2026-03-10T11:22:33", "2028-02-29T00:00"),
    "Monday is 0": (Timetable(0, 9, weekday=0), "2026-03-10T11:22:33", "2026-03-16T09:00"),
    "Sunday is 6": (Timetable(0, 9, weekday=6), "2026-03-10T11:22:33", "2026-03-15T09:00"),
    "a Friday the 13th: all fields must match": (
        Timetable(0, 0, 13, weekday=4),
        "2026-03-14T00:00:00",
        "2026-11-13T00:00",
    ),
    "the rarest there is": (Timetable(0, 0, 29, 2, 0), "2072-03-01T00:00:00", "2112-02-29T00:00"),
}
CLOCKS_CHANGE: dict[str, tuple[tzinfo, Timetable, str, str]] = {
    "a zone counts": (BERLIN, Timetable(30, 12), "2026-07-01T00:00:00", "2026-07-01T10:30"),
    "a time that clocks leap over counts as the leap": (
        BERLIN,
        Timetable(30, 2),
        "2026-03-29T00:00:00",
        "2026-03-29T01:00",
    ),
    "also where its whole hour is meant": (BERLIN, Timetable(hour=2), "2026-03-29T00:00:00", "2026-03-29T01:00"),
    "a date whose time is leapt over does not wait a year": (
        NEW_YORK,
        Timetable(15, 2, 8, 3),
        "2026-01-01T00:00:00",
        "2026-03-08T07:00",
    ),
    "in any hour a leapt minute is simply not there": (
        BERLIN,
        Timetable(30),
        "2026-03-29T00:31:00",
        "2026-03-29T01:30",
    ),
    "a time that clocks show twice is taken the first time": (
        BERLIN,
        Timetable(30, 2),
        "2026-10-24T23:00:00",
        "2026-10-25T00:30",
    ),
    "and the second, for who asks in between": (
        BERLIN,
        Timetable(30, 2),
        "2026-10-25T00:40:00",
        "2026-10-25T01:30",
    ),
    "any minute comes in its order while clocks go back": (
        BERLIN,
        Timetable(hour=2),
        "2026-10-25T00:59:00",
        "2026-10-25T01:00",
    ),
    "half an hour is leapt over": (LORD_HOWE, Timetable(15, 2), "2026-10-03T12:00:00", "2026-10-03T15:30"),
    "half an hour comes twice": (LORD_HOWE, Timetable(45, 1), "2026-04-04T14:50:00", "2026-04-04T15:15"),
    "clocks go back over midnight": (SAO_PAULO, Timetable(), "2018-02-18T01:59:59", "2018-02-18T02:00"),
    "a midnight that is leapt over": (SAO_PAULO, Timetable(0, 0), "2018-11-04T02:00:00", "2018-11-04T03:00"),
}
READ: dict[str, tuple[Fields, Timetable]] = {
    "numbers": ((b"59", b"23", b"31", b"12", b"6"), Timetable(59, 23, 31, 12, 6)),
    "the lowest": ((b"0", b"0", b"1", b"1", b"0"), Timetable(0, 0, 1, 1, 0)),
    "stars and nothing are any": ((b"*", b"", b"*", b"", b"*"), Timetable()),
    "leading noughts": ((b"05", b"00", b"01", b"002", b"0"), Timetable(5, 0, 1, 2, 0)),
    "a date of leap years": ((b"", b"", b"29", b"2", b""), Timetable(day=29, month=2)),
}
REFUSED: dict[str, tuple[Fields, str]] = {
    "a minute too many": (
        (b"60", b"", b"", b"", b""),
        "minute '60' is wrong: give a number from 0 to 59, or * for any",
    ),
    "an hour too many": ((b"0", b"24", b"", b"", b""), "hour '24' is wrong: give a number from 0 to 23, or * for any"),
    "day 0": ((b"", b"", b"0", b"", b""), "day '0' is wrong: give a number from 1 to 31, or * for any"),
    "month 13": ((b"", b"", b"", b"13", b""), "month '13' is wrong: give a number from 1 to 12, or * for any"),
    "weekday 7": (
        (b"", b"", b"", b"", b"7"),
        "weekday '7' is wrong: give a number from 0 to 6 (0 is Monday), or * for any",
    ),
    "less than nothing": ((b"-1", b"", b"", b"", b""), "minute '-1' is wrong"),
    "a step": ((b"*/5", b"", b"", b"", b""), "minute '*/5' is wrong"),
    "a word": ((b"", b"", b"", b"", b"mon"), "weekday 'mon' is wrong"),
    "blanks": ((b" 5", b"", b"", b"", b""), "minute ' 5' is wrong"),
    "bytes": ((b"\xff\n", b"", b"", b"", b""), "minute '\\xff\\n' is wrong"),
    "a long word": ((b"9" * 8000, b"", b"", b"", b""), f"minute '{'9' * 20}'... is wrong"),
    "a day that its month never has": (
        (b"", b"", b"31", b"4", b""),
        "day 31 of month 4 never comes: give a day from 1 to 30, or * for any",
    ),
    "the 30th of February": ((b"", b"", b"30", b"2", b""), "day 30 of month 2 never comes: give a day from 1 to 29"),
}


def at(moment: str) -> int:
    """Unix seconds of a moment in UTC."""
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(("timetable", "after", "then"), NEXT.values(), ids=NEXT)
def test_the_next_minute_that_matches(timetable: Timetable, after: str, then: str) -> None:
    assert timetable.next_minute(at(after), UTC) == at(then)


@pytest.mark.parametrize(("zone", "timetable", "after", "then"), CLOCKS_CHANGE.values(), ids=CLOCKS_CHANGE)
def test_clocks_that_are_put_forward_and_back(zone: tzinfo, timetable: Timetable, after: str, then: str) -> None:
    assert timetable.next_minute(at(after), zone) == at(then)


@given(
    st.builds(
        Timetable,
        minute=st.none() | st.sampled_from([0, 1, 29, 30, 59]),
        hour=st.none(),
        day=st.none(),
        month=st.none(),
        weekday=st.none() | st.integers(0, 6),
    ),
    st.sampled_from([UTC, BERLIN, NEW_YORK, LORD_HOWE, SAO_PAULO, ZoneInfo("Asia/Kathmandu")]),
    st.sampled_from(["2026-03-08", "2026-03-29", "2026-10-25", "2026-04-04", "2026-10-03", "2018-02-18", "2018-11-04"]),
    st.integers(-DAY // 2, DAY * 3 // 2),
)
@settings(max_examples=300, deadline=None)
def test_it_is_the_minute_that_one_finds_who_looks_at_the_clock_every_minute(
    timetable: Timetable, zone: tzinfo, day: str, offset: int
) -> None:
    after = at(day) + offset
    minute = after - after % 60 + 60
    while not matches(timetable, datetime.fromtimestamp(minute, zone)):
        minute += 60
    assert timetable.next_minute(after, zone) == minute


def matches(timetable: Timetable, shown: datetime) -> bool:
    """Whether clocks that show this show a minute of the timetable."""
    return timetable.minute in (None, shown.minute) and timetable.weekday in (None, shown.weekday())


def submit_at(fields: Fields) -> SubmitJobSched:
    return SubmitJobSched(b"f", b"u", *fields, b"x")


@pytest.mark.parametrize(("fields", "timetable"), READ.values(), ids=READ)
def test_what_a_client_may_write(fields: Fields, timetable: Timetable) -> None:
    assert read_timetable(submit_at(fields)) == timetable


@pytest.mark.parametrize(("fields", "said"), REFUSED.values(), ids=REFUSED)
def test_what_it_may_not_and_what_would_be_right(fields: Fields, said: str) -> None:
    with pytest.raises(TimetableError) as caught:
        read_timetable(submit_at(fields))
    assert str(caught.value).startswith(said)
