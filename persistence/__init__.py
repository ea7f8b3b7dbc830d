"""Jobs in Redis: what a broker stores, claims, ends and asks. It knows no packets and no peers.

`Store` has the verbs; `open_store` connects it. The keys are in `persistence.keys`, the transitions in
``persistence/scripts``, one Lua file each.

What these names bring along is imported when the first of them is asked for and not here: a start launches the
embedded store first (`persistence.head_start`), and imports the rest while that starts (PEP 562).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from persistence.adopting import Adoptee, Mark, mark_of
    from persistence.data_directory import default_data_dir
    from persistence.embedded import EmbeddedStore, open_embedded_store
    from persistence.errors import (
        EmbeddedStoreError,
        StoreError,
        StoreForgetsError,
        StoreRefusedError,
        StoreUnavailableError,
        StoreVersionError,
    )
    from persistence.events import StoreEvents
    from persistence.functions import Function
    from persistence.identity import Identity, claim_identity
    from persistence.jobs import Adopted, ClaimedJob, Counts, JobStatus, Limits, Mail, Manner, Order, Outcome, Submitted
    from persistence.listing import DeadJob, ListedJob, Pages
    from persistence.options import RedisOptions
    from persistence.records import Handle, Incarnation, JobId
    from persistence.steering import Dropped, Revival, Revived
    from persistence.store import Store, open_store

__all__ = [
    "Adopted",
    "Adoptee",
    "ClaimedJob",
    "Counts",
    "DeadJob",
    "Dropped",
    "EmbeddedStore",
    "EmbeddedStoreError",
    "Function",
    "Handle",
    "Identity",
    "Incarnation",
    "JobId",
    "JobStatus",
    "Limits",
    "ListedJob",
    "Mail",
    "Manner",
    "Mark",
    "Order",
    "Outcome",
    "Pages",
    "RedisOptions",
    "Revival",
    "Revived",
    "Store",
    "StoreError",
    "StoreEvents",
    "StoreForgetsError",
    "StoreRefusedError",
    "StoreUnavailableError",
    "StoreVersionError",
    "Submitted",
    "claim_identity",
    "default_data_dir",
    "mark_of",
    "open_embedded_store",
    "open_store",
]

_HOMES: Final = {
    "Adopted": "persistence.jobs",
    "Adoptee": "persistence.adopting",
    "ClaimedJob": "persistence.jobs",
    "Counts": "persistence.jobs",
    "DeadJob": "persistence.listing",
    "Dropped": "persistence.steering",
    "EmbeddedStore": "persistence.embedded",
    "EmbeddedStoreError": "persistence.errors",
    "Function": "persistence.functions",
    "Handle": "persistence.records",
    "Identity": "persistence.identity",
    "Incarnation": "persistence.records",
    "JobId": "persistence.records",
    "JobStatus": "persistence.jobs",
    "Limits": "persistence.jobs",
    "ListedJob": "persistence.listing",
    "Mail": "persistence.jobs",
    "Manner": "persistence.jobs",
    "Mark": "persistence.adopting",
    "Order": "persistence.jobs",
    "Outcome": "persistence.jobs",
    "Pages": "persistence.listing",
    "RedisOptions": "persistence.options",
    "Revival": "persistence.steering",
    "Revived": "persistence.steering",
    "Store": "persistence.store",
    "StoreError": "persistence.errors",
    "StoreEvents": "persistence.events",
    "StoreForgetsError": "persistence.errors",
    "StoreRefusedError": "persistence.errors",
    "StoreUnavailableError": "persistence.errors",
    "StoreVersionError": "persistence.errors",
    "Submitted": "persistence.jobs",
    "claim_identity": "persistence.identity",
    "default_data_dir": "persistence.data_directory",
    "mark_of": "persistence.adopting",
    "open_embedded_store": "persistence.embedded",
    "open_store": "persistence.store",
}


def __getattr__(name: str) -> object:
    """Import what is asked for, and keep it, so that this is called once for each name."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'persistence' has no attribute {name!r}; it has {', '.join(__all__)}")
    found: object = getattr(import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
