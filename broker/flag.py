"""One flag: what the table of flags is made of.

Rows hold defaults as text, though the settings have them too, because ``--help`` must not wait for pydantic.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag."""

    names: tuple[str, ...]
    """As they are typed, dashes included; the long one last."""
    about: str
    """What it does, for ``--help``: no capital, no full stop; units are named."""
    metavar: str = ""
    """What its value is called in ``--help``. Empty: a switch, which takes no value."""
    right: str = "1 or 0"
    """Which values are right: the end of "give ...". (A switch has a value only in the environment.)"""
    default: str = ""
    """Its default as somebody would type it. Empty: none."""
    many: bool = False
    """May be given several times; the values add up."""
    secret: bool = False
    """Its value may hold a password, so no message repeats it."""

    @property
    def name(self) -> str:
        """The long name, as typed: ``--store-timeout``."""
        return self.names[-1]

    @property
    def field(self) -> str:
        """The field of the settings that it fills: ``store_timeout``."""
        return self.name.removeprefix("--").replace("-", "_")
