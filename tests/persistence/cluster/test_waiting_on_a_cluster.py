"""Who waits at one broker hears what a worker at another says, on a cluster too."""

from tests.persistence.store.test_waiting import *  # noqa: F403 - the same tests, on other fixtures
