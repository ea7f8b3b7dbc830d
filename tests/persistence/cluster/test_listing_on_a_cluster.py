"""Listings read the functions of every node."""

from tests.persistence.store.test_listing import *  # noqa: F403 - the same tests, on other fixtures
