"""The numbered list of gearmand's bugs: whole, and each row shown by dialogues and tests that there are."""

from typing import Final

import pytest

from tests.dialogues.bugs import BUGS, Bug
from tests.dialogues.evidence import exists
from tests.dialogues.library import DIALOGUES

HOW_MANY: Final = 29
THE_SAME_ON_PURPOSE: Final = (25, 28)

each_bug = pytest.mark.parametrize("bug", BUGS, ids=[f"bug {bug.number}" for bug in BUGS])


def test_the_numbers_are_whole_and_in_order() -> None:
    assert [bug.number for bug in BUGS] == list(range(1, HOW_MANY + 1))


@each_bug
def test_what_is_said_to_show_it_exists(bug: Bug) -> None:
    assert bug.shown_by
    assert [shown_by for shown_by in bug.shown_by if not exists(shown_by)] == []


@each_bug
def test_where_dialogues_show_it_one_of_them_shows_a_difference(bug: Bug) -> None:
    dialogues = [DIALOGUES[shown_by] for shown_by in bug.shown_by if shown_by in DIALOGUES]
    if dialogues:
        assert any(dialogue.differs for dialogue in dialogues) == (bug.number not in THE_SAME_ON_PURPOSE)
