"""Where settings come from, and which source wins: flags over environment over config file over default.

Two exceptions, gearmand's: ``GEARMAND_PORT`` replaces the default, so a config file wins over it, and its variables
for TLS win over everything. Started by the name ``gearmand``, two defaults are gearmand's. Every wrong value is told
in one line of its own, all of them at once: where it stands, what it is, and what would be right.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from broker.command_line import CommandLine
from broker.config_file import DEFAULT, read_config_file
from broker.environment import read_environment
from broker.flags import BY_FIELD
from broker.given import Given
from broker.heritage import BY_NAME_DEFAULTS, settle
from broker.settings import Settings


class SettingsError(Exception):
    """Settings are wrong: print `problems`, a line each, and end with status 1."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Reading:
    """Settings as they were read."""

    settings: Settings
    notes: tuple[str, ...] = ()
    """Lines for the log, about what was given and has no effect."""
    name: str = "trio-gearman"
    """By which name the broker was started, and is known to the system's log."""


def read_settings(
    line: CommandLine, variables: Mapping[str, str], *, as_gearmand: bool = False, default_config: Path = DEFAULT
) -> Reading:
    """Make settings of a parsed command line, the environment, and the config file that one of them names.

    Args:
        line: what was typed.
        variables: the environment.
        as_gearmand: whether it was typed behind the name ``gearmand``, whose defaults are then kept.
        default_config: the config file to read if none is named; it need not be there.

    Raises:
        SettingsError: with a line for every problem in any of the sources.
    """
    environment = read_environment(variables)
    config = _config((*environment.given, *line.given), default_config)
    defaults = BY_NAME_DEFAULTS if as_gearmand else ()
    heritage = settle(
        _choose(defaults, environment.fallback, config.given, environment.given, line.given, environment.override)
    )
    chosen = heritage.chosen
    stray = [problem for problem in config.problems if problem in config.strays]
    problems = [*line.problems, *(each for each in config.problems if each not in config.strays), *heritage.problems]
    try:
        settings = Settings.model_validate({field: _value(given) for field, given in chosen.items()})
    except ValidationError as error:
        raise SettingsError((*problems, *_problems(error, chosen))) from error
    if problems:
        raise SettingsError(problems)
    notes = (*environment.notes, *(f"{each}; it was ignored" for each in stray), *heritage.notes)
    return Reading(settings, notes, "gearmand") if as_gearmand else Reading(settings, notes)


def _config(given: Iterable[Given], default: Path) -> CommandLine:
    """What the config file says; the last to name one wins."""
    paths = [each.value for each in given if each.field == "config_file"]
    return read_config_file(Path(paths[-1])) if paths else read_config_file(default, needed=False)


def _choose(*sources: tuple[Given, ...]) -> dict[str, list[Given]]:
    """What counts for each field, from sources in rising order: the last one that gives it wins."""
    chosen: dict[str, list[Given]] = {}
    for source in sources:
        of_source: dict[str, list[Given]] = {}
        for given in source:
            of_source.setdefault(given.field, []).append(given)
        chosen.update(of_source)
    return chosen


def _value(given: list[Given]) -> str | list[str]:
    """What to give pydantic: the text, or all texts of a flag that may be repeated."""
    return [each.value for each in given] if BY_FIELD[given[0].field].many else given[0].value


def _problems(error: ValidationError, chosen: Mapping[str, list[Given]]) -> Iterator[str]:
    lines = [_problem(details, chosen) for details in error.errors(include_url=False)]
    yield from dict.fromkeys(lines)  # one word can break two rules, and needs only one line


def _problem(details: ErrorDetails, chosen: Mapping[str, list[Given]]) -> str:
    if not details["loc"]:
        return str(details["ctx"]["error"])  # two settings that do not go together: `Settings` says which
    field, wrong = str(details["loc"][0]), str(details["input"])
    flag, given = BY_FIELD[field], chosen[field]
    where = next((each.where for each in given if wrong in each.value), given[0].where)
    if flag.secret:
        what = details.get("ctx", {}).get("error", "this one is wrong")  # what is wrong may end in a question
        return f"{where}: give {flag.right}; {what}"
    return f"{where}: {wrong!r} is wrong; give {flag.right}"
