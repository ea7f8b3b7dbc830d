"""All dialogues, by subject."""

import importlib
import pkgutil
from collections.abc import Mapping
from types import ModuleType
from typing import Final

from tests.dialogues import subjects
from tests.dialogues.notation import Dialogue

__all__ = ["DIALOGUES", "SUBJECTS", "Subject"]


class Subject:
    """One file of dialogues: its title and its table."""

    def __init__(self, module: ModuleType) -> None:
        self.name = module.__name__.rpartition(".")[2]
        self.title = (module.__doc__ or "").partition("\n")[0].rstrip(".")
        self.dialogues: tuple[Dialogue, ...] = module.DIALOGUES


def _load() -> list[Subject]:
    names = sorted(module.name for module in pkgutil.iter_modules(subjects.__path__))
    return [Subject(importlib.import_module(f"{subjects.__name__}.{name}")) for name in names]


SUBJECTS: Final[list[Subject]] = _load()
DIALOGUES: Final[Mapping[str, Dialogue]] = {
    dialogue.promise: dialogue for subject in SUBJECTS for dialogue in subject.dialogues
}
