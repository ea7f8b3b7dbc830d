"""Queues one e-mail in the background and watches it being sent.

usage: python examples/python/mail_client.py [HOST [PORT]]
"""

import json
import sys

import trio

from client import open_client

MAIL = {
    "to": ["ann@example.org", "ben@example.org", "cleo@example.org"],
    "subject": "The minutes of Monday",
    "body": "They are attached.",
}


async def main(server: str) -> None:
    """Queues it, and asks ten times a second how far it has come."""
    async with open_client(server) as client:
        handle = await client.submit_background("sendEmail", json.dumps(MAIL))
        print(f"queued as {handle.decode()}")

        while (status := await client.status(handle)).known:
            if status.running:
                print(f"sending: {status.numerator} of {status.denominator}")
            else:
                print("waiting for a worker")
            await trio.sleep(0.1)

    print("sent")


trio.run(main, ":".join(sys.argv[1:]) or "127.0.0.1:4730")
