"""The library `gear` as the worker of tests/interop/ends.py.

usage: gear_worker.py HOST PORT TRADE.NAME...
"""

import sys

import gear


def record(job):
    print("ran", job.handle.decode(), (job.unique or b"").decode(), job.arguments.hex(), flush=True)
    job.sendWorkComplete(b"recorded")


def step(job):
    print("started", job.handle.decode(), flush=True)
    for done in (1, 2):
        sys.stdin.readline()
        job.sendWorkStatus(done, 2)
    sys.stdin.readline()
    job.sendWorkComplete(b"stepped")


def talk(job):
    job.sendWorkStatus(1, 2)
    job.sendWorkData(b"Dear ")
    job.sendWorkWarning(b"no surname")
    job.sendWorkStatus(2, 2)
    job.sendWorkComplete(job.arguments)


def raise_(job):
    job.sendWorkException(b"the mailbox is full")


def fail(job):
    job.sendWorkFail()


TRADES = {"record": record, "step": step, "talk": talk, "raise": raise_, "fail": fail}


def main():
    worker = gear.Worker("gear-worker")
    worker.addServer(sys.argv[1], int(sys.argv[2]))
    worker.waitForServer()
    for function in sys.argv[3:]:
        worker.registerFunction(function)
    while True:
        job = worker.getJob()
        TRADES[job.name.split(".")[0]](job)


main()
