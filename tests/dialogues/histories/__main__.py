"""Play histories to both servers: python -m tests.dialogues.histories [--first 0] [--count 200] [--length 60]."""

import argparse
import tempfile
from functools import partial
from pathlib import Path

import trio

from tests.dialogues.histories.making import make_history
from tests.dialogues.histories.playing import HistoryError, play
from tests.dialogues.notation import Dialogue
from tests.dialogues.servers import KINDS, Servers


def main() -> int:
    """Play them; returns how many went another way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--length", type=int, default=60)
    given = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="tg-") as folder:
        servers = Servers(lambda: Path(tempfile.mkdtemp(dir=folder)))
        try:
            for seed in range(given.first, given.first + given.count):
                for kind in KINDS:
                    server = servers.find(kind, Dialogue("anything", ""))
                    try:
                        trio.run(partial(play, make_history(seed, given.length), kind, server))
                    except HistoryError as error:
                        wrong += 1
                        print(f"history {seed}, {kind}:\n{error}\n")
        finally:
            servers.clean_up()
    print(f"{given.count} histories, {wrong} went another way")
    return min(wrong, 1)


if __name__ == "__main__":
    raise SystemExit(main())
