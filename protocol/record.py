"""What every packet is: a frozen record, equal to any other of its class that says the same."""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

__all__ = ["record"]

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Make a class a frozen dataclass with slots.

    It is type checkers that hold it frozen, of ours and of whoever imports it. To be refused at run time as well would
    double what it costs to make one, and several are made for every job there is.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
