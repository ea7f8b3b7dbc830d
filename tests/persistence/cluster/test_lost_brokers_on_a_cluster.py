"""A broker is lost and found out in every function, whichever node has it."""

from tests.persistence.store.test_lost_brokers import *  # noqa: F403 - the same tests, on other fixtures

# These cut one connection and speak to one server by hand.
del test_a_submit_stored_before_the_name_was_lost_and_answered_after_it_is_stored_once  # noqa: F821
del test_nothing_new_is_stored_under_a_lost_name_where_it_is_not_fenced_yet  # noqa: F821
