"""What is said about the dialogues themselves: names, reasons, and the page made of them."""

import pytest

from tests.dialogues.compatibility import PAGE, write_page
from tests.dialogues.evidence import exists
from tests.dialogues.library import DIALOGUES, SUBJECTS
from tests.dialogues.notation import GEARMAND, OURS, Dialogue
from tests.dialogues.summary import NOTICED, Noticed


def test_every_dialogue_has_a_name_of_its_own() -> None:
    assert len(DIALOGUES) == sum(len(subject.dialogues) for subject in SUBJECTS)


@pytest.mark.parametrize("dialogue", DIALOGUES.values(), ids=DIALOGUES)
def test_a_difference_has_a_reason_and_a_reason_a_difference(dialogue: Dialogue) -> None:
    assert dialogue.differs == bool(dialogue.because)
    assert (dialogue.steps(OURS) != dialogue.steps(GEARMAND)) == dialogue.differs


@pytest.mark.parametrize("row", NOTICED, ids=[row.matter for row in NOTICED])
def test_what_the_page_begins_with_is_shown_by_differences(row: Noticed) -> None:
    assert row.shown_by
    assert [shown_by for shown_by in row.shown_by if not exists(shown_by)] == []
    assert all(DIALOGUES[shown_by].differs for shown_by in row.shown_by if shown_by in DIALOGUES)


def test_the_page_on_compatibility_is_up_to_date() -> None:
    assert PAGE.read_text() == write_page(), "run: python -m tests.dialogues.compatibility"
