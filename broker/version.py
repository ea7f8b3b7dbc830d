"""Which version this is.

A constant, and not a question to ``importlib.metadata``: that import alone takes as long as the rest of
``--version``, and it knows nothing in a checkout that was never installed. A test holds it equal to
``pyproject.toml``.
"""

from typing import Final

VERSION: Final = "0.1.0"
"""As ``pyproject.toml`` has it."""
