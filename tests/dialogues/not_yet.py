"""What our broker does not do yet: dialogues that must fail on it until somebody takes them from this list."""

from typing import Final

NOT_YET: Final[dict[str, str]] = {}
"""Promise of the dialogue -> what is missing."""
