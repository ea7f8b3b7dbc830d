"""Jobs that were given up are listed and revived on a cluster as on one server."""

from tests.persistence.store.test_reviving import *  # noqa: F403 - the same tests, on other fixtures

del test_during_an_outage_operators_are_told  # noqa: F821 - pauses the one server there is
del test_the_dead_and_the_revived_survive_all_brokers_and_redis  # noqa: F821 - restarts it
