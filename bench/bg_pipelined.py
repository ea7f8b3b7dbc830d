"""How many background jobs a second go through when clients do not wait for their answers?"""

from bench.contest import main
from bench.load import Load

if __name__ == "__main__":
    assert __doc__ is not None
    main(__doc__, Load(clients=8, window=64, workers=16, background=True, seconds=4.0))
