"""A function is introduced: from then on it is among those that everybody walks over."""

from collections.abc import Callable

from persistence.functions import Function
from persistence.link import Link
from persistence.replies import Reply
from persistence.scripts import INTRODUCE


def introduce(link: Link, function: Function, done: Callable[[], None] = lambda: None) -> None:
    """Make a function known, if it is not. `done` is called when Redis has it.

    First in the list of all, then by its own script, without which no submit is stored: so a function that has jobs
    is in the list, whoever dies in between.
    """

    def answered(reply: Reply) -> None:
        done()

    listed = [b"HSET", link.keys.functions, function.digest, function.name]
    link.owe(function, lambda: listed, lambda reply: None)
    link.owe(function, lambda: INTRODUCE.call(function.tag, function.name), answered)
