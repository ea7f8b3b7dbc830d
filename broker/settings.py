"""The settings: what a broker can be told, checked before a socket opens.

One frozen record, whoever fills it: the command line, the environment and the config file through
`broker.sources`, or a program that embeds a broker and writes ``Settings(port=0)``. What each means to an
operator stands in `broker.flags`, a row for each field of the same name; here stand the types, the bounds and
where the bounds come from.

Plain pydantic, not pydantic-settings: that has sources for files and the environment too, but cannot say in
which line of which file a wrong value stood, and its import adds a tenth of a second to every start.
"""

import socket
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    TypeAdapter,
    model_validator,
)

from broker.durability import check_durability, check_function_durability, contradiction, parted
from broker.redis_address import redis_options
from broker.time_zone import find_zone

Level = Literal["FATAL", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"]
"""The weights of log lines, heaviest first, in gearmand's words."""

_SIZES: Final = TypeAdapter(ByteSize)


def _size(value: object) -> int:
    return int(_SIZES.validate_python(value))


def _addresses(value: object) -> object:
    """``"a, b"`` to its parts, so that one flag, one variable and one line can name several."""
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        return value
    return tuple(name.strip().removeprefix("[").removesuffix("]") for part in parts for name in part.split(","))


def _prefix(value: str) -> str:
    # Braces make a hash tag on Redis Cluster, and the tag is ours to set. Not a pattern: that would need the
    # Unicode tables of pydantic's regular expressions, whose making takes 25 ms of every start.
    if not value.isprintable() or any(letter in "{}" or letter.isspace() for letter in value):
        raise ValueError("it has a brace, a space or a control character")
    return value


def _redis_url(value: str) -> str:
    redis_options(value)  # for its ValueError: the broker reads the URL again when it connects
    return value


def _zone(value: str) -> str:
    find_zone(value)  # for its ValueError
    return value


def _probe(value: int) -> int:
    if value == 0:
        raise ValueError("0 is neither a number of probes nor a time between them")
    return value


def _processes(value: int) -> int:
    if value > 1 and not hasattr(socket, "SO_REUSEPORT"):
        raise ValueError("this system does not let processes share a port")
    return value


# The ceiling is Redis's: a value there ends at 512 MiB, and the pipe to it keeps 256 MiB of what is not yet sent.
Size = Annotated[int, BeforeValidator(_size), Field(ge=1024, le=256 * 1024 * 1024)]
"""Bytes; as text also with a unit: ``64MiB``."""
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A time above zero."""
# One host or address: a colon may only stand in an IPv6 address, which has two at least. So host:port is not one.
Address = Annotated[
    str, Field(pattern=r"^(\*|[A-Za-z0-9._-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9._-]+)?)$")
]
"""Where to listen: an IP address, a host name, or * for all there are."""
FunctionDurability = Annotated[str, AfterValidator(check_function_durability)]
"""A function's name and how many replicas must have its jobs: ``sendEmail=replica:1``."""
RedisURL = Annotated[str, AfterValidator(_redis_url)]
"""A URL that redis-py understands: ``redis://``, ``rediss://`` or ``unix://``."""
# Linux refuses more (include/net/tcp.h: MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL, MAX_TCP_KEEPCNT).
ProbeSeconds = Annotated[int, Field(ge=-1, le=32767), AfterValidator(_probe)]
"""Seconds of TCP keepalive; -1 leaves the system's value."""
ProbeCount = Annotated[int, Field(ge=-1, le=127), AfterValidator(_probe)]
"""Probes of TCP keepalive; -1 leaves the system's value."""


class Settings(BaseModel):
    """What a broker is told. Frozen; unknown names are refused; every default is the flag's default.

    Raises:
        pydantic.ValidationError: a value of the wrong type or out of bounds. It does not repeat the values, for a
            Redis URL may hold a password.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    port: Annotated[int, Field(ge=0, le=65535)] = 4730
    """TCP port; 0 takes a free one."""
    listen: Annotated[tuple[Address, ...], BeforeValidator(_addresses), Field(min_length=1)] = ("127.0.0.1",)
    """Addresses and host names. Only this machine by default, for the protocol knows no passwords."""
    backlog: Annotated[int, Field(ge=1, le=65535)] = 1024
    """Connections that may wait to be accepted, if the system allows so many (Linux: net.core.somaxconn)."""
    max_connections: Annotated[int | None, Field(ge=1)] = None
    """Connections served at once; None: as many as file descriptors allow."""
    file_descriptors: Annotated[int | None, Field(ge=64)] = None
    """Descriptors the process may open, set by ``python -m broker``; None leaves the limit as it is."""
    keepalive: bool = False
    """TCP keepalive on accepted connections, as the next three say."""
    keepalive_idle: ProbeSeconds = -1
    """Seconds of silence before the first probe."""
    keepalive_interval: ProbeSeconds = -1
    """Seconds between probes."""
    keepalive_count: ProbeCount = -1
    """Probes without an answer that end a connection."""
    max_packet: Size = 64 * 1024 * 1024
    """Bytes in the body of the largest packet."""
    outbox_limit: Size = 64 * 1024 * 1024
    """Bytes that may wait for one peer."""
    packet_timeout: Seconds = 30.0
    """Seconds from the first byte of a packet to its last, for a small one; a large one may take longer."""

    ssl: bool = False
    """Whether the port speaks TLS."""
    ssl_certificate: Path | None = None
    """PEM file of the certificate, and of what stands between it and its authority."""
    ssl_key: Path | None = None
    """PEM file of its private key; None: it is in the same file."""
    ssl_ca_file: Path | None = None
    """PEM file of the authorities that may vouch for clients."""
    ssl_verify_client: Literal["none", "optional", "required"] = "none"
    """Whether clients show a certificate."""

    redis: Annotated[RedisURL | None, Field(repr=False)] = None
    """URL of the Redis that keeps the jobs, perhaps with a password; None: the embedded store."""
    data_dir: Path | None = None
    """Directory of the embedded store; None: the platform's place for it."""
    redis_prefix: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_prefix)] = "gearman"
    """What all keys begin with."""
    store_timeout: Seconds = 5.0
    """Seconds a submit waits for the store before it is refused."""
    durability: Annotated[str, AfterValidator(check_durability)] = "auto"
    """What a background job has survived before its client hears of it: auto, memory, fsync or replica:N."""
    function_durability: Annotated[tuple[FunctionDurability, ...] | None, BeforeValidator(parted)] = None
    """The same for functions that differ, such as ``sendEmail=replica:1``."""
    vouch_fsync: bool = False
    """Whether a Redis that does not show how it is configured is believed to sync."""
    results_limit: Size = 32 * 1024 * 1024
    """Bytes of results that may wait for a store that is away."""
    strict_store: bool = False
    """Whether a store that may lose jobs is refused, instead of warned about."""
    presence_ttl: Seconds = 10.0
    """Seconds a silent broker is still taken for alive."""
    reservation_seconds: Seconds = 1.0
    """Seconds a job is kept for the worker that was woken for it."""

    job_retries: Annotated[int, Field(ge=-1, le=255)] = -1
    """Runs a job may have: -1 without end, 0 one, else that many."""
    # gearmand wakes all of them by default: N workers cost N wakes a job, of which N - 1 find nothing.
    worker_wakeup: Annotated[int, Field(ge=0, le=255)] = 1
    """Sleepers to wake for a job; 0: all that can do it."""
    round_robin: bool = False
    """Accepted for gearmand's sake and without effect: functions always take turns."""
    exceptions: bool = False
    """Whether every client gets exceptions without asking for them."""
    # gearmand ends with status 1 above 63 bytes. Letters beyond ASCII would be cut in the middle.
    job_handle_prefix: Annotated[str, Field(pattern=r"^[!-~]{1,63}$")] = "H:"
    """What handles begin with; the store cuts it where a handle would pass 63 bytes."""
    schedule_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """The time zone in which SUBMIT_JOB_SCHED names minutes."""

    processes: Annotated[int, Field(ge=1, le=256), AfterValidator(_processes)] = 1
    """Brokers side by side on one port, each a process that ``python -m broker`` starts."""
    daemon: bool = False
    """Whether ``python -m broker`` goes on in the background."""
    user: Annotated[str | None, Field(min_length=1)] = None
    """Whom ``python -m broker`` becomes when root has started it."""
    log_file: Annotated[str, Field(min_length=1)] = "stderr"
    """A path, ``stderr`` or ``none``."""
    # gearmand says ERROR. Here warnings tell what a store may lose, which its operator must see without asking.
    verbose: Level = "WARNING"
    """The least weight that is logged."""
    syslog: bool = False
    """Whether the log of ``python -m broker`` goes to the system's log, too."""
    pid_file: Path | None = None
    """File for the process id, written when listening."""
    grace: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    """Seconds that running jobs get to end at a stop; None: as long as they take at a graceful one, else none."""
    config_file: Path | None = None
    """The file these settings were read from, as well; nobody reads it again."""

    @model_validator(mode="after")
    def _durability_is_possible(self) -> Self:
        wrong = contradiction(self)
        if wrong is not None:
            raise ValueError(wrong)
        return self

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if self.ssl and self.ssl_certificate is None:
            raise ValueError("--ssl needs --ssl-certificate, the PEM file of the certificate to show to clients")
        if self.ssl and self.ssl_verify_client != "none" and self.ssl_ca_file is None:
            raise ValueError("--ssl-verify-client needs --ssl-ca-file, the PEM file of who may vouch for clients")
        return self
