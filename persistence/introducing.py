"""A function is introduced: from then on it is among those that everybody walks over.

First in the list of all, then by its own script, without which no submit is stored: so a function that has jobs
is in the list, whoever dies in between.
"""

from collections.abc import Callable

from persistence.functions import Function
from persistence.link import Link
from persistence.replies import Command, Reply
from persistence.scripts import INTRODUCE


def introduce(link: Link, function: Function, done: Callable[[], None] = lambda: None) -> None:
    """Make a function known, if it is not. `done` is called when Redis has it."""

    def answered(reply: Reply) -> None:
        done()

    if link.pipe.in_order:
        link.owe(function, lambda: listed(link, function), lambda reply: None)
        link.owe(function, lambda: INTRODUCE.call(function.tag, function.name), answered)
    else:
        # The list is at another server. So all that is asked of the function waits until it was introduced there; see
        # persistence.cluster.returning.
        function.to_introduce = True
        link.pipe.bring_back(function.tag)
        link.owe(function, lambda: [b"EXISTS", function.tag], answered)


def list_again(link: Link, function: Function) -> None:
    """A function that is known may be missing in the list of all: by a crash of Redis."""
    link.owe(function if link.pipe.in_order else link.root, lambda: listed(link, function), lambda reply: None)


def listed(link: Link, function: Function) -> Command:
    """The command that puts it into the list."""
    return [b"HSET", link.keys.functions, function.digest, function.name]
