import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from broker.durability import durability_of
from broker.flag import Flag
from broker.flags import ACTIONS, BY_FIELD, BY_NAME, INHERITED
from broker.settings import Settings
from broker.usage import usage
from broker.version import VERSION
from persistence.durability import Durability

# field: (values that are right, as text; what they become), values that are wrong
BOUNDS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "port": ({"0": 0, "4730": 4730, "65535": 65535}, ["-1", "65536", "http", "4730/tcp", "1.5"]),
    "listen": (
        {
            "::1": ("::1",),
            "[::1], 127.0.0.1": ("::1", "127.0.0.1"),
            "fe80::1%eth0": ("fe80::1%eth0",),
            "a.example": ("a.example",),
            "*": ("*",),
        },
        ["a:4730", "127.0.0.1:4730", "a b", "a,,b", "*:4730", "**", "http://a/"],
    ),
    "backlog": ({"1": 1}, ["0", "65536"]),
    "max_connections": ({"1": 1}, ["0", "many"]),
    "file_descriptors": ({"1024": 1024}, ["63"]),
    "keepalive": ({"1": True, "yes": True, "0": False}, ["maybe", "2"]),
    "keepalive_idle": ({"-1": -1, "1": 1, "32767": 32767}, ["0", "-2", "32768"]),
    "keepalive_interval": ({"-1": -1, "60": 60}, ["0", "32768"]),
    "keepalive_count": ({"-1": -1, "127": 127}, ["0", "128"]),
    "max_packet": ({"1024": 1024, "64MiB": 2**26, "256 MiB": 2**28}, ["1023", "257MiB", "1e6", "-1", "big"]),
    "outbox_limit": ({"1KiB": 1024}, ["1", "1GiB"]),
    "packet_timeout": ({"0.5": 0.5, "30": 30.0}, ["0", "-1", "inf"]),
    "ssl_certificate": ({"/etc/ssl/x.pem": Path("/etc/ssl/x.pem")}, []),
    "ssl_key": ({"/etc/ssl/x.key": Path("/etc/ssl/x.key")}, []),
    "ssl_ca_file": ({"/etc/ssl/ca.pem": Path("/etc/ssl/ca.pem")}, []),
    "ssl_verify_client": ({"none": "none", "optional": "optional", "required": "required"}, ["REQUIRED", "yes"]),
    "redis_prefix": (
        {"g": "g", "a:b-c": "a:b-c", "x" * 64: "x" * 64},
        ["a b", "a{b", "b}", "a\nb", "x" * 65],
    ),
    "store_timeout": ({"0.5": 0.5, "5": 5.0}, ["0", "-1", "inf", "nan", "soon"]),
    "durability": (
        {"auto": "auto", "memory": "memory", "fsync": "fsync"},
        ["", "FSYNC", "replica", "replica:0", "replica:x", "replica:100", "replica:1 ", "aof"],
    ),
    "function_durability": (
        {},
        ["", "f", "f=fsync", "f=replica", "=replica:1", "f=replica:01", "f=replica:1,", "f=replica:1,g"],
    ),
    "vouch_fsync": ({"0": False}, ["2"]),
    "results_limit": ({"32MiB": 2**25}, ["0", "1GiB"]),
    "strict_store": ({"true": True}, ["strict"]),
    "presence_ttl": ({"10": 10.0}, ["0", "inf"]),
    "reservation_seconds": ({"1": 1.0}, ["0", "nan"]),
    "job_retries": ({"-1": -1, "0": 0, "255": 255}, ["-2", "256"]),
    "worker_wakeup": ({"0": 0, "255": 255}, ["-1", "256"]),
    "round_robin": ({"1": True}, ["2"]),
    "exceptions": ({"1": True}, ["2"]),
    "job_handle_prefix": ({"H:web1": "H:web1", "x" * 63: "x" * 63}, ["x" * 64, "H: ", "H\t", "Hé"]),
    "schedule_zone": (
        {"UTC": "UTC", "Europe/Berlin": "Europe/Berlin"},
        ["", "Europe", "CEST", "+02:00", "../etc/passwd", "/etc/localtime", "Europe/Berlin\0"],
    ),
    "processes": ({"1": 1, "256": 256}, ["0", "257", "auto"]),
    "daemon": ({"1": True}, ["2"]),
    "user": ({"gearman": "gearman"}, [""]),
    "syslog": ({"1": True}, ["local0"]),
    "log_file": ({"none": "none", "/var/log/x.log": "/var/log/x.log"}, [""]),
    "verbose": ({"FATAL": "FATAL", "DEBUG": "DEBUG"}, ["debug", "4", "TRACE"]),
    "grace": ({"0": 0.0, "2.5": 2.5}, ["-1", "inf"]),
    "data_dir": ({"/srv/x": Path("/srv/x")}, []),
    "pid_file": ({"/run/x.pid": Path("/run/x.pid")}, []),
    "config_file": ({"/etc/x.conf": Path("/etc/x.conf")}, []),
}
RIGHT = [(field, text, value) for field, (right, _) in BOUNDS.items() for text, value in right.items()]
WRONG = [(field, text) for field, (_, wrong) in BOUNDS.items() for text in wrong]


@pytest.mark.parametrize(("field", "text", "value"), RIGHT)
def test_a_right_value_is_taken_from_its_text(field: str, text: str, value: object) -> None:
    assert getattr(Settings.model_validate({field: text}), field) == value


@pytest.mark.parametrize(("field", "text"), WRONG)
def test_a_wrong_value_is_refused(field: str, text: str) -> None:
    with pytest.raises(ValidationError, match=field):
        Settings.model_validate({field: text})


def test_every_field_is_in_the_table_of_bounds() -> None:
    assert BOUNDS.keys() | {"redis", "ssl"} == Settings.model_fields.keys()


def test_every_field_has_a_flag_and_every_flag_a_field() -> None:
    assert BY_FIELD.keys() == Settings.model_fields.keys()


@pytest.mark.parametrize("flag", BY_FIELD.values(), ids=lambda flag: flag.name)
def test_the_default_in_the_help_is_the_default_of_the_field(flag: Flag) -> None:
    given = {flag.field: flag.default} if flag.default else {}
    assert getattr(Settings.model_validate(given), flag.field) == getattr(Settings(), flag.field)
    has_none = getattr(Settings(), flag.field) is None or not flag.metavar
    assert has_none == (not flag.default)


def test_no_name_belongs_to_two_flags() -> None:
    assert len(BY_NAME) == sum(len(flag.names) for flag in (*BY_FIELD.values(), *INHERITED.values(), *ACTIONS))


def test_the_help_shows_every_flag_on_lines_that_fit_a_terminal() -> None:
    lines = usage().splitlines()
    for name in BY_NAME.keys() - {"-r", "--protocol"}:  # these are refused
        assert any(name in line.replace(",", " ").split() for line in lines), name
    assert max(map(len, lines)) <= 80


def test_a_flag_of_gearmand_alone_fills_no_setting() -> None:
    assert not INHERITED.keys() & Settings.model_fields.keys()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"ssl": True}, "--ssl needs --ssl-certificate"),
        ({"ssl": True, "ssl_certificate": "x", "ssl_verify_client": "optional"}, "--ssl-verify-client needs --ssl-ca"),
    ],
)
def test_settings_for_tls_that_are_not_whole_are_refused(fields: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Settings.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"durability": "replica:1"}, "--durability asks for replicas, and the broker's own store has none"),
        ({"function_durability": "f=replica:1"}, "--function-durability asks for replicas, and the broker's own store"),
        ({"vouch_fsync": True, "durability": "fsync"}, "--vouch-fsync vouches for a Redis"),
        ({"vouch_fsync": True, "redis": "redis://h"}, "--vouch-fsync vouches for a Redis"),
    ],
)
def test_durability_that_nobody_can_give_is_refused(fields: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Settings.model_validate(fields)


DURABILITIES: dict[str, tuple[dict[str, object], Durability]] = {
    "our own store syncs": ({}, Durability(fsync=True)),
    "of another nothing is known": ({"redis": "redis://h"}, Durability()),
    "memory": ({"redis": "redis://h", "durability": "memory"}, Durability()),
    "vouched for": (
        {"redis": "redis://h", "durability": "fsync", "vouch_fsync": True},
        Durability(fsync=True, vouched=True),
    ),
    "replicas": ({"redis": "redis://h", "durability": "replica:2"}, Durability(replicas=2)),
    "of functions": (
        {
            "redis": "redis://h",
            "durability": "replica:1",
            "function_durability": ["a=replica:12,b,1,=replica:0", "é=x=replica:3"],
        },
        Durability(
            replicas=1, replicas_by_function={b"a": 12, b"b,1,": 0, "é=x".encode(): 3}
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "durability"), DURABILITIES.values(), ids=DURABILITIES.keys())
def test_what_a_durability_means_to_the_store(fields: dict[str, object], durability: Durability) -> None:
    assert durability_of(Settings.model_validate(fields)) == durability


def test_settings_are_frozen_and_take_no_unknown_name() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1
    with pytest.raises(ValidationError):
        Settings.model_validate({"prot": 4730})


def test_no_password_is_repeated_by_a_repr_or_an_error() -> None:
    url = "redis://:swordfish@127.0.0.1:6379/0"
    assert "swordfish" not in repr(Settings(redis=url))
    with pytest.raises(ValidationError) as caught:
        Settings(redis=url.replace("redis:", "gopher:"))
    assert "swordfish" not in str(caught.value)


def test_the_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == VERSION
