"""For those who test programs that use Gearman: pytest fixtures with a real broker, and one that misbehaves on demand.

def test_signing_up_queues_a_mail(gearman_broker):
    sign_up("ann@example.org", gearman_broker.address)
    gearman_broker.assert_submitted("sendEmail", b"to: ann@example.org")

pytest finds the fixtures by itself, see docs/testing.md. Importing this costs next to nothing: the broker is a process
of its own, started when the first test asks for it.
"""

from gearman_testing.broker import TestBroker
from gearman_testing.hosting import Hosting, HostingError
from gearman_testing.records import RecordedJob

__all__ = ["Hosting", "HostingError", "RecordedJob", "TestBroker"]
