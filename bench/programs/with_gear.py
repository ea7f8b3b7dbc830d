"""The library `gear`; see `bench.programs`."""

import sys
import threading
import time

import gear

VERB, HOST, PORT, FUNCTION = sys.argv[1:5]
JOBS, PAYLOAD = int(sys.argv[5]), b"x" * int(sys.argv[6])


class Client(gear.Client):
    """It tells when a job is over."""

    over = threading.Event()

    def handleWorkComplete(self, packet: gear.Packet) -> None:
        super().handleWorkComplete(packet)
        self.over.set()


def run() -> float:
    worker = gear.Worker("bench")
    worker.addServer(HOST, int(PORT))
    worker.waitForServer()
    began = time.perf_counter()
    worker.registerFunction(FUNCTION)
    for _ in range(JOBS):
        job = worker.getJob()
        job.sendWorkComplete(job.arguments)
    return began


def ask(background: bool) -> float:
    client = Client()
    client.addServer(HOST, int(PORT))
    client.waitForServer()
    began = time.perf_counter()
    for _ in range(JOBS):
        client.over.clear()
        client.submitJob(gear.Job(FUNCTION, PAYLOAD), background=background)
        if not background:
            client.over.wait(60)
    return began


began = run() if VERB == "run" else ask(VERB == "queue")
print(time.perf_counter() - began, flush=True)
