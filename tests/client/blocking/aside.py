"""Something that blocks, beside a test that plays the other end."""

from collections.abc import Callable

import trio

__all__ = ["Aside"]


class Aside:
    """A function that is run in a thread, while the test goes on."""

    def __init__(self, nursery: trio.Nursery, function: Callable[[], object]) -> None:
        self._over = trio.Event()
        self._function = function
        nursery.start_soon(self._run)

    async def outcome(self) -> object:
        """What it returned, or the exception it raised."""
        await self._over.wait()
        return self._outcome

    async def _run(self) -> None:
        try:
            self._outcome: object = await trio.to_thread.run_sync(self._function, abandon_on_cancel=True)
        except Exception as error:  # noqa: BLE001 - it is what the test looks at
            self._outcome = error
        self._over.set()
