"""Map/reduce: the sum over all workers is that of the text."""

import sys
from collections import Counter
from pathlib import Path

from examples.word_count import LINES_OF_A_PIECE
from tests.ports import private_port
from tests.programs import open_program, run_program

PIECES = 7


async def test_the_words_of_all_pieces_are_counted(tmp_path: Path) -> None:
    lines = [f"word{number % 5} the" for number in range(PIECES * LINES_OF_A_PIECE)]
    (tmp_path / "text").write_text("\n".join(lines))
    said = await run_program(sys.executable, "-m", "examples.word_count", tmp_path / "text", "--workers", "2")
    first, *counts = said.splitlines()
    assert first == f"{2 * len(lines)} words in {PIECES} pieces; most frequent are"
    assert {word: int(times) for times, word in map(str.split, counts)} == Counter(" ".join(lines).split())


async def test_what_cannot_be_read_or_reached_is_told_in_a_line(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "examples.word_count", tmp_path / "text")
    async with open_program(*command) as program:
        assert await program.wait() == 1
        assert program.lines == [f"{tmp_path / 'text'}: No such file or directory"]
    (tmp_path / "text").write_text("one")
    nowhere = f"127.0.0.1:{private_port()}"
    async with open_program(*command, "--server", nowhere) as program:
        assert await program.wait() == 1
        assert program.lines == [f"cannot connect to {nowhere}: [Errno 111] Connection refused"]
