"""The environment: ``TRIO_GEARMAN_<FIELD>`` for every setting, and gearmand's own four variables.

An unknown ``TRIO_GEARMAN_...`` is a note in the log and no error, and a port that is a URL is skipped:
Kubernetes gives every container of a namespace ``GEARMAND_PORT=tcp://10.0.0.7:4730`` and a dozen more as soon
as a *service* is called ``gearmand`` (or ``trio-gearman``, or ``trio-gearman-redis``), and a broker that refused
them could not start beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from broker.flags import BY_FIELD
from broker.gearmand_flags import TRANSLATED
from broker.given import Given

PREFIX: Final = "TRIO_GEARMAN_"
GEARMANDS_TLS: Final = {
    "GEARMAND_CA_CERTIFICATE": "ssl_ca_file",
    "GEARMAND_SERVER_PEM": "ssl_certificate",
    "GEARMAND_SERVER_KEY": "ssl_key",
}
"""gearmand's variables that win over its flags."""
_SERVICE_LINK: Final = ("tcp://", "udp://", "sctp://")
_SERVICE_LINK_NAME: Final = ("port_", "service_", "redis_port_", "redis_service_")


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment said."""

    given: tuple[Given, ...]
    """From ``TRIO_GEARMAN_...``: above the config file."""
    fallback: tuple[Given, ...]
    """From ``GEARMAND_PORT``, which in gearmand replaces the default alone: below the config file."""
    override: tuple[Given, ...]
    """From gearmand's other variables, which in gearmand win over everything: above the command line."""
    notes: tuple[str, ...]
    """A line for each variable that looks like ours and is not."""


def read_environment(variables: Mapping[str, str]) -> Environment:
    """Pick ours out of the environment. An empty variable is none, for compose files cannot leave one out."""
    given, notes = [], []
    for variable, value in sorted(variables.items()):
        if not value or value.startswith(_SERVICE_LINK) or not variable.startswith(PREFIX):
            continue
        field = variable.removeprefix(PREFIX).lower()
        if field in BY_FIELD or any(field == flag.field for flag in TRANSLATED):
            given.append(Given(field, value, variable))
        elif not field.startswith(_SERVICE_LINK_NAME):
            near = get_close_matches(field, BY_FIELD, n=1)
            advice = f"did you mean {PREFIX}{near[0].upper()}?" if near else "see --help"
            notes.append(f"{variable}: there is no such setting, the variable was ignored; {advice}")
    port = variables.get("GEARMAND_PORT", "")
    known = port and not port.startswith(_SERVICE_LINK)
    fallback = (Given("port", port, "GEARMAND_PORT"),) if known else ()
    override = tuple(
        Given(field, variables[name], name) for name, field in GEARMANDS_TLS.items() if variables.get(name)
    )
    return Environment(tuple(given), fallback, override, tuple(notes))
