"""How many background jobs a second go through when no more come in than are done?"""

from bench.contest import main
from bench.load import Load

if __name__ == "__main__":
    assert __doc__ is not None
    main(__doc__, Load(clients=50, window=1, workers=16, background=True, seconds=5.0, most_queued=500))
