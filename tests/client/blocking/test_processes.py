"""A client and processes: what is imported, and what a fork may touch."""

import subprocess
import sys

from tests.gearman_servers import ONE_SERVER
from tests.processes import ServerProcess
from tests.programs import ROOT

WITHOUT_TRIO = """
import sys
sys.modules["trio"] = None   # whoever imports it from here on fails
import client.blocking
from client import BackgroundJob, Function, JSON, Priority, Submitted, TimedOutError
with client.blocking.Client(sys.argv[1]) as opened:
    opened.ping()
assert client.blocking.Client is not None
"""

FORKING = """
import os
import sys
import threading
from client import ConnectionLostError, JobFailedError
from client.blocking import Client

address, function = sys.argv[1:]
client = Client(address, most_connections=2)


def in_child(do):
    child = os.fork()
    if child == 0:
        try:
            do()
        except BaseException as error:  # nothing may get out: the child would go on as the test of its parent
            print(repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def ask():
    for _ in range(3):
        assert client.status(handle).known
    in_child(lambda: client.ping())


handle = client.submit_background(function, b"", unique="first")
in_child(ask)                                 # an idle connection was inherited
assert client.status(handle).known            # and is still ours, in step

with client.follow(function, b"", unique="second") as job:
    def meddle():
        try:
            job.result()
        except ConnectionLostError as error:
            assert "before this process was forked" in str(error)
        else:
            raise AssertionError("a child read what was meant for its parent")
        ask()
    in_child(meddle)                          # a connection was in use
    assert client.status_by_unique("second").clients == 1
    client.admin.cancel_job(job.handle)
    try:
        job.result()
    except JobFailedError:
        pass

held, go = threading.Event(), threading.Event()

def hold():
    with client._pool._shelf().free:
        held.set()
        go.wait()

thread = threading.Thread(target=hold)
thread.start()
held.wait()
in_child(ask)                                 # a thread that the child does not have held the lock
go.set()
thread.join()
assert client.status(handle).known
print("done")
"""

FORKED_MEANWHILE = """
import os
import sys
import time
from client.blocking import Client

address, function = sys.argv[1:]
client = Client(address)
forked, go = os.pipe()
with client.follow(function, b"", unique="left") as job:
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(forked, 1)                    # lives, and asks nothing
        os._exit(0)
deadline = time.monotonic() + 20
while client.status_by_unique("left").known and time.monotonic() < deadline:
    pass
print("kept" if client.status_by_unique("left").known else "dropped")
os.close(go)
os.waitpid(child, 0)
"""


def test_a_client_without_trio_needs_no_trio(server: ServerProcess) -> None:
    subprocess.run([sys.executable, "-c", WITHOUT_TRIO, server.address], cwd=ROOT, check=True)


def test_a_forked_process_opens_connections_of_its_own(server: ServerProcess, function: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKING, server.address, function],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("done\n", "")


@ONE_SERVER
def test_a_job_that_is_let_go_is_dropped_though_a_forked_process_has_a_copy_of_its_connection(
    server: ServerProcess, function: str
) -> None:
    command = [sys.executable, "-c", FORKED_MEANWHILE, server.address, function]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("dropped\n", "")
