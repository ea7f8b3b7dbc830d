"""The library `pygearman`, a fork of python-gearman for Python 3, as the client of tests/interop/ends.py.

usage: pygearman_client.py HOST PORT
"""

import sys

import gearman

PRIORITIES = {"high": gearman.PRIORITY_HIGH, "normal": gearman.PRIORITY_NONE, "low": gearman.PRIORITY_LOW}


def say(*words):
    print(*words, flush=True)


class Handler(gearman.client_handler.GearmanClientCommandHandler):
    """It keeps what it hears of a job in the request; here it is said aloud, too."""

    def recv_work_status(self, job_handle, numerator, denominator):
        say("status", int(numerator), int(denominator))
        return super().recv_work_status(job_handle, numerator, denominator)

    def recv_work_data(self, job_handle, data):
        say("data", as_bytes(data).hex())
        return super().recv_work_data(job_handle, data)

    def recv_work_warning(self, job_handle, data):
        say("warning", as_bytes(data).hex())
        return super().recv_work_warning(job_handle, data)


class Client(gearman.GearmanClient):
    """A client with our handler."""

    command_handler_class = Handler


def as_bytes(data):
    return data if isinstance(data, bytes) else data.encode()


def end(request):
    if request.exception is not None:
        say("exception", as_bytes(request.exception).hex())
    elif request.state == gearman.JOB_FAILED:
        say("fail")
    elif request.state == gearman.JOB_COMPLETE:
        say("complete", as_bytes(request.result).hex())
    else:
        say("error", request.state)
        return
    say("end")


def main():
    client = Client([f"{sys.argv[1]}:{sys.argv[2]}"])
    requests = {}
    for line in sys.stdin:
        verb, *words = line.split()
        try:
            if verb == "ask":
                status = client.get_job_status(requests[words[0]]).status
                known, running = int(status["known"]), int(status["running"])
                say("status", known, running, status["numerator"], status["denominator"])
                continue
            priority, function, unique, payload = [*words, ""][:4]
            request = client.submit_job(
                function,
                bytes.fromhex(payload),
                unique=None if unique == "none" else unique,
                priority=PRIORITIES[priority],
                background=verb == "queue",
                wait_until_complete=verb == "call",
                poll_timeout=60.0,  # without a limit it returns at once, whether the job is over or not
            )
            if verb == "call":
                end(request)
                continue
            handle = request.job.handle
            handle = handle.decode() if isinstance(handle, bytes) else handle
            requests[handle] = request
            say("queued", handle)
        except gearman.errors.GearmanError as error:
            say("error", type(error).__name__)


main()
