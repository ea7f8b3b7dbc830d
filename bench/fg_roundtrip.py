"""How long does one client wait for the result of one worker?"""

from bench.contest import main
from bench.load import Load

if __name__ == "__main__":
    assert __doc__ is not None
    main(__doc__, Load(clients=1, window=1, workers=1, background=False, seconds=4.0))
