"""What is left of that rate beside two thousand workers that sleep?"""

from bench.contest import main
from bench.load import Load

if __name__ == "__main__":
    assert __doc__ is not None
    main(
        __doc__,
        Load(clients=10, window=1, workers=16, background=True, seconds=4.0, most_queued=500, idle_workers=2000),
    )
