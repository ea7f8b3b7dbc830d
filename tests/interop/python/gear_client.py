"""The library `gear` as the client of tests/interop/ends.py.

usage: gear_client.py HOST PORT
"""

import logging
import sys

import gear

PRECEDENCES = {"high": gear.PRECEDENCE_HIGH, "normal": gear.PRECEDENCE_NORMAL, "low": gear.PRECEDENCE_LOW}


def say(*words):
    print(*words, flush=True)


class Client(gear.Client):
    """It keeps what it hears of a job in the job; here it is said aloud, too."""

    def handleWorkData(self, packet):
        super().handleWorkData(packet)
        say("data", packet.getArgument(1, True).hex())

    def handleWorkWarning(self, packet):
        super().handleWorkWarning(packet)
        say("warning", packet.getArgument(1, True).hex())

    def handleWorkStatus(self, packet):
        job = super().handleWorkStatus(packet)
        say("status", job.numerator.decode(), job.denominator.decode())

    def handleWorkComplete(self, packet):
        super().handleWorkComplete(packet)
        say("complete", packet.getArgument(1, True).hex())
        say("end")

    def handleWorkException(self, packet):
        super().handleWorkException(packet)
        say("exception", packet.getArgument(1, True).hex())
        say("end")

    def handleWorkFail(self, packet):
        super().handleWorkFail(packet)
        say("fail")
        say("end")

    def handleStatusRes(self, packet):
        say("status", *(packet.getArgument(index, index == 4).decode() for index in range(1, 5)))

    def handleDisconnect(self, job):
        if job.waited_for:
            say("error the connection was lost")


def main():
    logging.disable()  # what goes wrong is said by exceptions, too
    client = Client()
    client.addServer(sys.argv[1], int(sys.argv[2]))
    client.waitForServer()
    client.setOption("exceptions")
    for line in sys.stdin:
        verb, *words = line.split()
        try:
            if verb == "ask":
                packet = gear.Packet(gear.constants.REQ, gear.constants.GET_STATUS, words[0].encode())
                client.sendPacket(packet, client.getConnection())
                continue
            priority, function, unique, payload = [*words, ""][:4]
            job = gear.Job(function, bytes.fromhex(payload), None if unique == "none" else unique.encode())
            job.waited_for = verb == "call"
            client.submitJob(job, background=verb == "queue", precedence=PRECEDENCES[priority])
            if verb == "queue":
                say("queued", job.handle.decode())
        except (gear.GearmanError, gear.NoConnectedServersError, gear.ConnectionError) as error:
            say("error", type(error).__name__)


main()
