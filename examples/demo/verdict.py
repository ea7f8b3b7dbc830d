"""What became of the mails, counted from what was queued, from the ledger and from the broker's answers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from examples.demo.ledger import Entry
from examples.demo.mails import Mail


@dataclass(frozen=True, slots=True)
class Verdict:
    """The closing table."""

    queued: int
    sent: int
    sent_twice: int
    begun_twice: int
    out_of_order: int
    changed: int
    answering: int

    @property
    def lost(self) -> int:
        """Queued, and never sent."""
        return self.queued - self.sent

    @property
    def is_clean(self) -> bool:
        """Nothing went wrong, and the kill did hit a mail that was half sent."""
        faults = self.lost + self.sent_twice + self.out_of_order + self.changed
        return faults == 0 and self.answering == self.queued and self.begun_twice == 1

    def table(self) -> str:
        """For people."""
        rows = {
            "queued": self.queued,
            "sent": self.sent,
            "lost": self.lost,
            "sent twice": self.sent_twice,
            "begun again (half sent at the kill)": self.begun_twice,
            "out of order": self.out_of_order,
            "payloads changed": self.changed,
            "handles that still answer": f"{self.answering} of {self.queued}",
        }
        return "\n".join(f"  {name:<36} {value:>8}" for name, value in rows.items())


def judge(mails: Sequence[Mail], handles: Sequence[bytes], entries: Sequence[Entry], answering: int) -> Verdict:
    """Counts.

    Args:
        mails: all that were queued, in that order.
        handles: theirs, as the broker gave them out.
        entries: the ledger.
        answering: how many handles the broker answered rightly for, after the restart and at the end.
    """
    queued = dict(zip(handles, mails, strict=True))
    begun = Counter(entry.handle for entry in entries if entry.event == "begun")
    sent = Counter(entry.handle for entry in entries if entry.event == "sent")
    return Verdict(
        queued=len(mails),
        sent=len(sent.keys() & queued.keys()),
        sent_twice=sum(times - 1 for times in sent.values()),
        begun_twice=sum(times - 1 for times in begun.values()),
        out_of_order=_out_of_order(queued, entries),
        changed=sum(entry.handle not in queued or entry.payload != queued[entry.handle].payload for entry in entries),
        answering=answering,
    )


def _out_of_order(queued: Mapping[bytes, Mail], entries: Sequence[Entry]) -> int:
    """How many mails were begun behind one that should have come later, or before their time.

    The half sent mail is begun twice and both count: it goes back to the head of its queue, so the second
    time is in order too if it comes before all that had not been begun. The delayed mail joins the queue when
    it is due, so it is held against the clock alone.
    """
    wrong = 0
    latest = min(mail.rank for mail in queued.values())
    for entry in entries:
        mail = queued.get(entry.handle)
        if entry.event != "begun" or mail is None:
            continue
        if mail.run_at is not None:
            wrong += entry.at < mail.run_at
            continue
        wrong += mail.rank < latest
        latest = max(latest, mail.rank)
    return wrong
