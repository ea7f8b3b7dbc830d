"""What becomes of the flags that are here for gearmand's sake: translated, told to be idle, or refused.

What a shop has in its unit files starts this broker, and where it meant something that we do not do, a line says so:
in the log when nothing is lost by it, at the terminal with exit status 1 when something is
(docs/decisions/0031-gearmands-command-line.md).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from broker.flags import BY_FIELD, INHERITED
from broker.gearmand_flags import IGNORED, REFUSED
from broker.given import Given

Chosen = Mapping[str, list[Given]]
"""What was given for each field, from the source that wins."""

OTHER_STORES: Final = frozenset({"libsqlite3", "mysql", "postgres", "libpq", "libmemcached", "libdrizzle"})
"""Queue types of gearmand whose servers hold jobs that somebody may want to bring along."""

_NAME: Final = "the name gearmand"
BY_NAME_DEFAULTS: Final = (Given("listen", "*", _NAME), Given("log_file", "/var/log/gearmand.log", _NAME))
"""What a start by the name gearmand says without saying it: workers on other machines must go on finding us, and
those who read the log."""

_IDLE: Final = {flag.field: flag for flag in IGNORED}
_REDIS: Final = ("redis_server", "redis_port", "redis_password")
_TLS: Final = ("ssl_certificate", "ssl_key", "ssl_ca_file", "ssl_verify_client")
_HOST: Final = re.compile(r"[\w.-]+|\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[\w.-]+)?\]?")
_LARGEST_PORT: Final = 65535


@dataclass(slots=True)
class Heritage:
    """What is left when gearmand's own flags are dealt with."""

    chosen: dict[str, list[Given]]
    """What was given for fields of the settings, some of it translated."""
    notes: list[str] = field(default_factory=list)
    """Lines for the log."""
    problems: list[str] = field(default_factory=list)
    """Lines about what keeps the broker from starting."""


def settle(chosen: Chosen) -> Heritage:
    """Deal with gearmand's own flags. Never raises."""
    heritage = Heritage({name: given for name, given in chosen.items() if name in BY_FIELD})
    old = {name: given[0] for name, given in chosen.items() if name in INHERITED}
    heritage.notes += _idle(old)
    heritage.notes += _changed(heritage.chosen)
    for flag in REFUSED:
        if flag.field in old:
            heritage.problems.append(
                f"{old[flag.field].where}: this broker speaks the Gearman protocol alone; leave it out, and give HTTP "
                "clients a Gearman client"
            )
    _choose_store(heritage, old)
    return heritage


def _idle(old: Mapping[str, Given]) -> Iterator[str]:
    for name, given in old.items():
        if name in _IDLE:
            yield f"{given.where} has no effect: {_IDLE[name].about}"


def _changed(own: Chosen) -> Iterator[str]:
    """Flags of ours that mean another thing than they did, or nothing as things stand."""
    if own.get("listen") == [BY_NAME_DEFAULTS[0]]:
        yield (
            "listening on every address of this machine, as gearmand does: whoever reaches the port may give jobs and "
            "take them; --listen=127.0.0.1 keeps it to this machine"
        )
    retries = own.get("job_retries")
    if retries and retries[0].value == "0":
        yield (
            f"{retries[0].where}: 0 is one run and no other, as in gearmand after 2.0.0; "
            "give -1 for what 0 meant before, runs without end"
        )
    if "ssl" not in own:
        for name in _TLS:
            if name in own and not own[name][0].where.startswith("GEARMAND_"):  # those may be meant for clients
                yield f"{own[name][0].where} has no effect without --ssl"


def _choose_store(heritage: Heritage, old: Mapping[str, Given]) -> None:
    kind, own = old.get("queue_type"), heritage.chosen.get("redis")
    named = [old[name] for name in _REDIS if name in old]
    type_ = kind.value.lower() if kind is not None else "builtin"
    if kind is not None and type_ in OTHER_STORES:
        heritage.problems.append(
            f"{kind.where}: this broker keeps its jobs in Redis or Valkey, not in {kind.value}; leave it out to use a "
            "store of its own, or give --redis URL. `python -m broker import --help` tells how to bring along the jobs "
            "that wait there"
        )
    elif kind is not None and type_ not in ("builtin", "redis"):
        heritage.problems.append(f"{kind.where}: {kind.value!r} is wrong; give {INHERITED['queue_type'].right}")
    elif type_ == "redis":
        _use_redis(heritage, own, named, old)
    else:
        heritage.notes += (f"{given.where} has no effect without --queue-type=redis" for given in named)
        if kind is not None and own:
            heritage.problems.append(
                f"{kind.where}: builtin is the broker's own store, and {own[0].where} names another; give one of them"
            )
        elif kind is not None:
            heritage.notes.append(
                f"{kind.where}: builtin is here the broker's own store in --data-dir, on disk and not in memory: "
                "jobs that waited at its end are there at its next start"
            )


def _use_redis(heritage: Heritage, own: list[Given] | None, named: list[Given], old: Mapping[str, Given]) -> None:
    if own and named:
        heritage.problems.append(f"{named[0].where}: {own[0].where} names the Redis already; give one of them")
    elif not own:
        wrong = list(_wrong_address(old))
        heritage.problems += wrong
        if not wrong:
            heritage.chosen["redis"] = [Given("redis", _url(old), (named or [old["queue_type"]])[0].where)]


def _wrong_address(old: Mapping[str, Given]) -> Iterator[str]:
    host, port = old.get("redis_server"), old.get("redis_port")
    if host is not None and not _HOST.fullmatch(host.value):
        yield f"{host.where}: {host.value!r} is wrong; give {INHERITED['redis_server'].right}"
    if port is not None and not (port.value.isdecimal() and 1 <= int(port.value) <= _LARGEST_PORT):
        yield f"{port.where}: {port.value!r} is wrong; give {INHERITED['redis_port'].right}"


def _url(old: Mapping[str, Given]) -> str:
    def value(name: str, default: str) -> str:
        return old[name].value if name in old else default

    host, password = value("redis_server", "127.0.0.1").strip("[]"), value("redis_password", "")
    login = f":{quote(password, safe='')}@" if password else ""
    return f"redis://{login}{f'[{host}]' if ':' in host else host}:{value('redis_port', '6379')}"
