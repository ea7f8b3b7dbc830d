"""Jobs in Redis: what a broker stores, claims, ends and asks. It knows no packets and no peers.

`Store` has the verbs; `open_store` connects it. The keys are in `persistence.keys`, the transitions in
``persistence/scripts``, one Lua file each.
"""

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
from persistence.jobs import Adopted, ClaimedJob, Counts, JobStatus, Limits, Mail, Manner, Outcome, Submitted
from persistence.listing import ListedJob
from persistence.options import RedisOptions
from persistence.records import Handle, Incarnation, JobId
from persistence.steering import Dropped
from persistence.store import Store, open_store

__all__ = [
    "Adopted",
    "Adoptee",
    "ClaimedJob",
    "Counts",
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
    "Outcome",
    "RedisOptions",
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
