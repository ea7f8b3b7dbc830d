"""Finds the master that sentinels watch over, by redis-py, in a thread: at every connect, and never for a job."""

from dataclasses import dataclass, field
from typing import Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from persistence.errors import StoreError, StoreUnavailableError, UnknownMasterError
from persistence.options import TlsOptions
from persistence.threads import asked_in_thread

LONGEST_ANSWER_SECONDS: Final = 1.0
"""How long one sentinel may take, before the next one is asked."""

Address = tuple[str, int]


@dataclass(slots=True)
class SentinelLocator:
    """See `persistence.options.Locator`.

    Attributes:
        name: what the sentinels call the master.
        sentinels: where they are.
        username: as whom we ask them; they have users of their own.
        password: None and no username: nobody is logged in.
        tls: None: no TLS.
        patience_seconds: how long all of them together may take.
    """

    name: str
    sentinels: tuple[Address, ...]
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: TlsOptions | None = None
    patience_seconds: float = 5.0
    _first: int = field(default=0, compare=False, repr=False)

    @property
    def words(self) -> str:
        """What is to be found, for people."""
        places = ", ".join(_spelled(place) for place in self.sentinels)
        return f"{self.name} (the master by the sentinel{'s' * (len(self.sentinels) > 1)} {places})"

    async def locate(self) -> Address:
        """Where the master is now. Cancelled, a thread ends by itself.

        Raises:
            UnknownMasterError: they know none of this name.
            StoreUnavailableError: no sentinel answered, or the master is down and none has taken its place yet.
        """
        return await asked_in_thread("cannot ask the sentinels", self._ask_in_turn)

    def _ask_in_turn(self) -> Address:
        """The one that knew it last time first: those that are away cost time."""
        silent: list[str] = []
        errors: list[StoreError] = []
        for step in range(len(self.sentinels)):
            number = (self._first + step) % len(self.sentinels)
            try:
                found = self._ask(self.sentinels[number])
            except (redis.RedisError, OSError) as error:
                silent.append(f"{_spelled(self.sentinels[number])}: {_reason(error)}")
                continue
            if not isinstance(found, StoreError):
                self._first = number
                return found
            errors.append(found)
        if errors:
            # One that knows the master knows more than one that never heard of it.
            raise min(errors, key=lambda error: isinstance(error, UnknownMasterError))
        raise StoreUnavailableError(f"no sentinel answers ({'; '.join(silent)})")

    def _ask(self, place: Address) -> Address | StoreError:
        seconds = min(LONGEST_ANSWER_SECONDS, self.patience_seconds / (len(self.sentinels) + 1))
        asked: dict[str, object] = {
            "socket_timeout": seconds,
            "socket_connect_timeout": seconds,
            "username": self.username,
            "password": self.password,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,  # one that asks for a password refuses the greeting of 3 in a whole paragraph
        }
        with Sentinel([place], sentinel_kwargs=asked | _tls(self.tls)) as manager:
            (sentinel,) = manager.sentinels
            masters = sentinel.sentinel_masters()
            state = masters.get(self.name)
            if state is None:
                known = ", ".join(sorted(masters)) or "none"
                return UnknownMasterError(
                    f"the sentinel at {_spelled(place)} knows no master {self.name!r} (it knows: {known}): "
                    f"give --redis its name, as in redis+sentinel://{_spelled(place)}/mymaster/0"
                )
            there = (str(state["ip"]), int(state["port"]))
            if not manager.check_master_state(state, self.name):
                return StoreUnavailableError(
                    f"the sentinels say that the master {self.name} at {_spelled(there)} is down, and have not put "
                    "another in its place yet"
                )
            return there


def _tls(tls: TlsOptions | None) -> dict[str, object]:
    if tls is None:
        return {}
    return {
        "ssl": True,
        "ssl_ca_certs": tls.ca_certs and str(tls.ca_certs),
        "ssl_ca_path": tls.ca_path and str(tls.ca_path),
        "ssl_certfile": tls.certfile and str(tls.certfile),
        "ssl_keyfile": tls.keyfile and str(tls.keyfile),
        "ssl_password": tls.password,
        "ssl_cert_reqs": tls.cert_reqs,
        "ssl_check_hostname": tls.check_hostname,
    }


def _spelled(place: Address) -> str:
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: Exception) -> str:
    """What went wrong, in one line; redis-py puts the address in front of what the system said."""
    text = " ".join(str(error).split()).rstrip(".").rpartition(". ")[2] or type(error).__name__
    if isinstance(error, redis.AuthenticationError):
        return f"{text}: sentinel_username and sentinel_password in the URL's options are for it"
    return text
