"""What does it cost to sync each job, to wait for results, to go without uniques, to encrypt, to send more?

Our broker alone: the steady load of bg_steady as it is, and with one thing changed, in turns.
"""

import argparse
import statistics
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import trustme

from bench import page
from bench.contest import written
from bench.contestants import ALWAYS, EVERYSEC, ours
from bench.load import Load
from bench.measuring import Measured, measure, warm_up

NAME: Final = "options"
STEADY: Final = Load(clients=50, workers=16, most_queued=500)
FIGURES: Final = {
    "jobs/s": "jobs/s",
    "server us/job": "broker, us a job",
    "Redis us/job": "Redis, us a job",
    "created p99 ms": "accepted, p99 ms",
}


@dataclass(frozen=True, slots=True)
class Variant:
    """One thing changed."""

    load: Load
    durability: str = EVERYSEC


VARIANTS: Final = {
    "as it is: background, uniques, 200 bytes, fsync every second": Variant(STEADY),
    "`appendfsync always`": Variant(STEADY, ALWAYS),
    "no unique": Variant(replace(STEADY, unique=False)),
    "foreground": Variant(replace(STEADY, background=False)),
    "TLS": Variant(replace(STEADY, tls=True)),
    "payload of 10,000 bytes": Variant(replace(STEADY, payload_bytes=10_000)),
    "payload of 100,000 bytes": Variant(replace(STEADY, payload_bytes=100_000)),
}


def take_turn(variant: Variant, seconds: float) -> Measured:
    """A new broker on a new Redis."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="options-")))
        flags = tls_flags(folder) if variant.load.tls else ()
        running = ours(*flags)(stack, folder, variant.durability)
        warm_up(running, tls=variant.load.tls)
        return measure(running, replace(variant.load, seconds=seconds))


def tls_flags(folder: Path) -> tuple[str, ...]:
    """A broker with a certificate of an authority of its own."""
    issued = trustme.CA().issue_cert("localhost")
    certificate, key = folder / "certificate", folder / "key"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    return ("--ssl", "--ssl-certificate", str(certificate), "--ssl-key", str(key))


def table(turns: dict[str, list[Measured]]) -> str:
    """Medians; the last column is a ratio within each round to what nothing was changed of."""
    plain = next(iter(turns.values()))
    lines = [f"| | {' | '.join(FIGURES.values())} | jobs/s of those unchanged |", "|---|" + "---|" * (len(FIGURES) + 1)]
    for name, taken in turns.items():
        cells = [
            written(statistics.median(found)) if (found := [turn[figure] for turn in taken if figure in turn]) else "-"
            for figure in FIGURES
        ]
        kept = statistics.median(turn["jobs/s"] / other["jobs/s"] for turn, other in zip(taken, plain, strict=True))
        lines.append(f"| {name} | {' | '.join(cells)} | {kept:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Read the flags, let the variants take turns, print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.options", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="turns of each variant (default 3)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each turn (default 2)")
    parser.add_argument("--page", action="store_true", help="put the table into docs/performance.md too")
    given = parser.parse_args()
    turns: dict[str, list[Measured]] = {name: [] for name in VARIANTS}
    names = list(VARIANTS)
    for number in range(given.runs):
        shift = number % len(names)
        for name in [*names[shift:], *names[:shift]]:
            turns[name].append(take_turn(VARIANTS[name], given.seconds))
    print(table(turns))
    if given.page:
        page.put(NAME, table(turns))


if __name__ == "__main__":
    main()
