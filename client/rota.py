"""Which server is tried first, and which next. Decides; connects to nobody."""

import random
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

__all__ = ["Rota"]


class Named(Protocol):
    """A way to a server, as far as it is looked at here."""

    @property
    def server(self) -> str:
        """What errors call it."""
        ...


RouteT = TypeVar("RouteT", bound=Named)


class Rota(Generic[RouteT]):
    """The servers of a client, in the order in which the next connection is to try them.

    A client that sticks begins with the first one named, stays with whoever answered, and comes back to a server
    it lost only behind the others. One that spreads draws a new order for each connection.
    """

    def __init__(self, routes: Sequence[RouteT], *, spread: bool) -> None:
        self._routes = list(routes)
        self._spread = spread

    @property
    def names(self) -> str:
        """All servers, for a sentence."""
        return " or ".join(route.server for route in self._routes)

    def order(self) -> Sequence[RouteT]:
        """Whom to try, one after the other."""
        if self._spread:
            return random.sample(self._routes, len(self._routes))
        return tuple(self._routes)

    def answered(self, route: RouteT) -> None:
        """This one it is; those before it were tried in vain, and go behind."""
        at = self._routes.index(route)
        self._routes = self._routes[at:] + self._routes[:at]

    def lost(self, route: RouteT) -> None:
        """It was ours and is gone: the others first."""
        self._routes.remove(route)
        self._routes.append(route)
