"""``--check-args``: what settings name on this machine, looked at without starting anything.

Only what a start reads and does not make, as the user whom it would become. Whether Redis answers, a port is free or a
directory can be written is of the moment. What needs trio is imported by name, when it is needed: this is to cost
little.
"""

from contextlib import AbstractContextManager, nullcontext
from importlib import import_module

from broker.settings import Settings


def unfit(settings: Settings) -> list[str]:
    """A line for each thing that would keep a start from using what `settings` name."""
    lines: list[str] = []
    reader: AbstractContextManager[None] = nullcontext()
    if settings.user is not None:
        user = import_module("broker.user")
        try:
            reader = user.acting_as(user.find_user(settings.user))
        except user.UserError as error:
            lines.append(str(error))
    if settings.ssl:
        tls = import_module("broker.tls")  # before it is somebody else's turn, who may not read where it lies
        try:
            with reader:
                tls.Certificates(settings)
        except tls.TlsError as error:
            lines.append(str(error))
    return lines
