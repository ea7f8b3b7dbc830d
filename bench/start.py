"""How long from the command to a port that answers, on the embedded store: a new one, and one that was there before?

Beside it, in turns, an interpreter that ends at once and one that imports trio: what no broker on trio can undercut.
Times of one run may be compared with each other, and with nothing else.
"""

import argparse
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.ports import private_port

LOOK_SECONDS: Final = 0.001


def listening(folder: Path) -> float:
    """Seconds until a broker on this data directory lets somebody in; then it is stopped."""
    port = private_port()
    command = [sys.executable, "-m", "broker", f"--port={port}", f"--data-dir={folder}"]
    began = time.perf_counter()
    broker = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while broker.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except ConnectionRefusedError:
                time.sleep(LOOK_SECONDS)
            else:
                return time.perf_counter() - began
    finally:
        broker.send_signal(signal.SIGTERM)
        broker.wait()
    raise SystemExit("the broker did not start")


def running(code: str) -> float:
    """Seconds that an interpreter takes over this."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began


def main() -> None:
    """Run the command line."""
    words = argparse.ArgumentParser(prog="python -m bench.start", description=__doc__)
    words.add_argument("--runs", type=int, default=11, help="turns (default 11)")
    runs: int = words.parse_args().runs
    folder = Path(tempfile.mkdtemp(prefix="tg-", dir="/tmp"))
    kept = folder / "kept"

    def anew() -> float:
        taken = listening(folder / "new")
        shutil.rmtree(folder / "new")
        return taken

    contestants: dict[str, Callable[[], float]] = {
        "listening, new store": anew,
        "listening, store there": lambda: listening(kept),
        "python, nothing imported": lambda: running("pass"),
        "python, trio imported": lambda: running("import trio"),
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    try:
        listening(kept)  # makes the store, and compiles what was not compiled
        for _ in range(runs):
            for name, take in contestants.items():
                times[name].append(take())
    finally:
        shutil.rmtree(folder)
    print(f"{'seconds':<28} {'median':>8} {'least':>8} {'most':>8}   ({runs} turns)")
    for name, taken in times.items():
        print(f"{name:<28} {statistics.median(taken):8.3f} {min(taken):8.3f} {max(taken):8.3f}")


if __name__ == "__main__":
    main()
