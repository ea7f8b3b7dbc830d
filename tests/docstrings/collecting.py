"""The examples in the docstrings of what client, worker and peer offer."""

import inspect
import re
import textwrap
from collections.abc import Iterator
from types import ModuleType

__all__ = ["example_in", "public_objects"]

EXAMPLE = re.compile(r"^Example:\n((?:[ ]{4}.*\n|\n)+)", re.MULTILINE)


def public_objects(*packages: ModuleType) -> Iterator[tuple[str, object]]:
    """Every name that a package lists, and every public method and property that the classes among them bring."""
    for package in packages:
        for name in package.__all__:
            thing = getattr(package, name)
            yield f"{package.__name__}.{name}", thing
            if inspect.isclass(thing):
                for attribute, member in vars(thing).items():
                    ours = not attribute.startswith("_") and not hasattr(super(thing, thing), attribute)
                    if ours and (inspect.isfunction(member) or isinstance(member, property)):
                        yield f"{package.__name__}.{name}.{attribute}", member


def example_in(thing: object) -> str | None:
    """The code under ``Example:`` in the docstring."""
    found = EXAMPLE.search(inspect.cleandoc(thing.__doc__ or "") + "\n")
    return textwrap.dedent(found.group(1)).strip() + "\n" if found else None
