"""A parser of flags that says what is wrong in one line."""

import argparse
from typing import NoReturn

__all__ = ["OneLineParser"]


class OneLineParser(argparse.ArgumentParser):
    """Leaves the usage to --help; who typed one word wrong is told of that word."""

    def error(self, message: str) -> NoReturn:
        """Ends with status 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")
