"""Map/reduce: the sum over all workers is that of the text."""

import sys
from collections import Counter
from pathlib import Path

from examples.word_count import LINES_OF_A_PIECE
from tests.programs import run_program

PIECES = 7


async def test_the_words_of_all_pieces_are_counted(tmp_path: Path) -> None:
    lines = [f"word{number % 5} the" for number in range(PIECES * LINES_OF_A_PIECE)]
    (tmp_path / "text").write_text("\n".join(lines))
    said = await run_program(sys.executable, "-m", "examples.word_count", tmp_path / "text", "--workers", "2")
    first, *counts = said.splitlines()
    assert first == f"{2 * len(lines)} words in {PIECES} pieces; most frequent are"
    assert {word: int(times) for times, word in map(str.split, counts)} == Counter(" ".join(lines).split())
