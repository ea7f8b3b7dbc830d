"""What operators change is the same on a cluster."""

from tests.persistence.store.test_steering import *  # noqa: F403 - the same tests, on other fixtures

del test_during_an_outage_operators_are_told  # noqa: F821 - pauses the one server there is
del test_limits_survive_the_restart_of_redis_and_of_all_brokers  # noqa: F821 - restarts it
