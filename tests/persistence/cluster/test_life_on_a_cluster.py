"""A job's life is the same on a cluster."""

from tests.persistence.store.test_life import *  # noqa: F403 - the same tests, on other fixtures
