"""The story: queue, begin, kill -9, start again, send the rest, count.

usage: python -m examples.demo

The exit status is 0 only if no mail was lost, changed, out of order or sent twice, and every handle answers.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

import trio

from client import Client, open_client
from examples.demo.children import Broker, open_broker_process, open_worker_process
from examples.demo.ledger import Ledger
from examples.demo.mail_worker import PARTS
from examples.demo.mails import DELAYED_NUMBER, SERIALIZED, SERIALIZED_NUMBER, Mail, write_mails
from examples.demo.verdict import Verdict, judge

DELAY_SECONDS = 6
SENT_BEFORE_THE_KILL = 5
PATIENCE_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Post:
    """All that the acts of the story share."""

    client: Client
    broker: Broker
    ledger: Ledger
    ledger_path: Path
    mails: Sequence[Mail]
    handles: Sequence[bytes]

    def name(self, handle: bytes) -> str:
        """The mail of a handle, for people."""
        mail = self.mails[self.handles.index(handle)]
        return f"mail {mail.number} ({mail.priority.name.lower()})"


async def main() -> int:
    """Plays it; returns the exit status."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # also in a pipe it is watched while it goes on
    with tempfile.TemporaryDirectory(prefix="gearman-demo-") as directory:
        async with open_broker_process(Path(directory)) as broker:
            print(f"The broker (pid {broker.pid}) listens on {broker.address}, its data is in {directory}.")
            async with open_client(broker.address) as client:
                verdict = await play(client, broker, Path(directory) / "ledger")
    print(f"\n{verdict.table()}\n")
    print("A mail half sent at a kill must be begun again, for nobody can know whether the rest went out.")
    print("Its second start counts for the order as the first does; the delayed mail is held against the clock.")
    return 0 if verdict.is_clean else 1


async def play(client: Client, broker: Broker, ledger_path: Path) -> Verdict:
    """The acts, in order."""
    mails = write_mails(int(time.time()) + DELAY_SECONDS)
    handles = [await queue(client, mail) for mail in mails]
    post = Post(client, broker, Ledger(ledger_path), ledger_path, mails, handles)
    tell_what_is_queued(mails)
    await kill_in_the_middle(post)
    answering = await right_answers(post)
    print(f"It starts again (pid {broker.pid}); {len(answering)} of {len(mails)} handles answer rightly.")
    with trio.move_on_after(PATIENCE_SECONDS):
        await send_the_rest(post)
    answering &= await right_answers(post)
    return judge(mails, handles, post.ledger.entries(), len(answering))


async def queue(client: Client, mail: Mail) -> bytes:
    """Queues a mail; once this returns, the broker answers for it."""
    return await client.submit_background("sendEmail", mail.payload, priority=mail.priority, run_at=mail.run_at)


def tell_what_is_queued(mails: Sequence[Mail]) -> None:
    """One sentence a peculiarity."""
    counts = Counter(mail.priority.name.lower() for mail in mails)
    print(f"{len(mails)} mails are queued: {', '.join(f'{count} {name}' for name, count in counts.items())};")
    print(f"  mail {SERIALIZED_NUMBER} is PHP serialize() output with {SERIALIZED.count(0)} NUL bytes,")
    print(f"  mail {DELAYED_NUMBER} must wait {DELAY_SECONDS} seconds.")


async def kill_in_the_middle(post: Post) -> None:
    """A worker sends some mails and one half; both are killed -9, and the broker is started again."""
    async with open_worker_process(post.broker.address, post.ledger_path, SENT_BEFORE_THE_KILL + 1):
        with trio.fail_after(PATIENCE_SECONDS):
            half_sent = await wait_half_sent(post)
        print(f"A worker has sent {len(post.ledger.sent())}, and {post.name(half_sent)} is half sent:")
        print(f"  kill -9 {post.broker.pid}, and the worker with it.")
        await post.broker.kill()
    await post.broker.start()


async def wait_half_sent(post: Post) -> bytes:
    """Waits until the broker itself says that half of the mail to hang at is sent; returns its handle."""
    while True:
        handle = post.ledger.under_way()
        if handle is not None and len(post.ledger.sent()) == SENT_BEFORE_THE_KILL:
            status = await post.client.status(handle)
            if status.running and status.numerator * 2 == status.denominator:
                return handle
        await trio.sleep(LOOK_AGAIN_SECONDS)


async def right_answers(post: Post) -> set[bytes]:
    """The handles for which the broker says what the ledger says: known until it is out, then unknown."""
    sent = set(post.ledger.sent())
    known = {handle for handle in post.handles if (await post.client.status(handle)).known}
    return {handle for handle in post.handles if (handle in known) != (handle in sent)}


async def send_the_rest(post: Post) -> None:
    """A worker sends all that is left, and the broker is asked how far it has come."""
    async with open_worker_process(post.broker.address, post.ledger_path):
        while (sent := len(post.ledger.sent())) < len(post.handles) or len(await right_answers(post)) < sent:
            handle = post.ledger.under_way()
            parts = 0 if handle is None else (await post.client.status(handle)).numerator
            show_progress(sent, len(post.handles), f"{post.name(handle)} {parts}/{PARTS}" if handle else "waiting")
            await trio.sleep(LOOK_AGAIN_SECONDS)
        show_progress(sent, len(post.handles), "done", last=True)


def show_progress(sent: int, total: int, now: str, *, last: bool = False) -> None:
    """A bar that is redrawn at a terminal; elsewhere only its last state is printed."""
    if last or sys.stdout.isatty():
        bar = "#" * sent + "-" * (total - sent)
        print(f"\r  [{bar}] {sent} of {total}  {now:<28}", end="\n" if last else "", flush=True)


if __name__ == "__main__":
    status = 130  # of what Ctrl-C has ended
    try:
        status = trio.run(main, restrict_keyboard_interrupt_to_checkpoints=True)  # not between two steps of the end
    except* KeyboardInterrupt:
        print("\nbroken off; broker and worker have ended, and their data is gone")
    sys.exit(status)
