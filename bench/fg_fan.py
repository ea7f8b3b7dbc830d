"""How many jobs a second are done for fifty clients that wait for their results?"""

from bench.contest import main
from bench.load import Load

if __name__ == "__main__":
    assert __doc__ is not None
    main(__doc__, Load(clients=50, window=1, workers=16, background=False, seconds=5.0))
