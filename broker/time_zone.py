"""Time zones by their names in the IANA database, as the system has it."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def find_zone(name: str) -> tzinfo:
    """The zone with this name. Raises ValueError when there is none here; UTC is always there."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:  # OSError: it is a folder of zones, as Europe is
        raise ValueError(f"no time zone {name!r} is known to this system") from error
