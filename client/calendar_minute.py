"""A minute of the calendar, for jobs that are to run then."""

from dataclasses import dataclass
from typing import Final

__all__ = ["CalendarMinute"]

FIELDS: Final = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 6)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarMinute:
    """The next minute that matches all fields given; None is any. The job runs once.

    It is in the server's time zone, `--schedule-zone`, UTC unless told otherwise. gearmand knows no such jobs.

    Raises:
        ValueError: a field is out of its range.

    Example:
        night = CalendarMinute(hour=2, minute=30)
        sunday = CalendarMinute(weekday=6, hour=4, minute=0)
        assert night.fields == (b"30", b"2", b"", b"", b"")
    """

    minute: int | None = None
    """0 to 59."""
    hour: int | None = None
    """0 to 23."""
    day: int | None = None
    """Of the month, 1 to 31."""
    month: int | None = None
    """1 to 12."""
    weekday: int | None = None
    """0 (Monday) to 6, as in `datetime.date.weekday`."""

    def __post_init__(self) -> None:
        for name, (lowest, highest) in FIELDS.items():
            value: int | None = getattr(self, name)
            if value is not None and not lowest <= value <= highest:
                raise ValueError(f"the {name} of a calendar's minute is {lowest} to {highest}, not {value}")

    @property
    def fields(self) -> tuple[bytes, bytes, bytes, bytes, bytes]:
        """As SUBMIT_JOB_SCHED says them, in its order; empty is any."""
        return (_said(self.minute), _said(self.hour), _said(self.day), _said(self.month), _said(self.weekday))


def _said(value: int | None) -> bytes:
    return b"" if value is None else b"%d" % value
