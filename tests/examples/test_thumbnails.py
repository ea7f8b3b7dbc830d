"""Thumbnails: made by a pool of processes, and a file that is no picture is told of."""

import sys
from pathlib import Path

from PIL import Image

from tests.programs import open_program


async def test_pictures_are_made_small_and_what_is_none_is_told(tmp_path: Path) -> None:
    pictures = [tmp_path / "wide.png", tmp_path / "wider.png"]
    for picture in pictures:
        Image.linear_gradient("L").resize((512, 64)).save(picture)
    (tmp_path / "text.png").write_text("no picture")
    others = [tmp_path / "text.png", tmp_path / "absent.png"]
    files: list[str | Path] = [*pictures, *others, "--to", tmp_path / "small"]
    async with open_program(sys.executable, "-m", "examples.thumbnails", *files, "--processes", "2") as program:
        assert await program.wait() == 1, program.said
    assert f"{tmp_path / 'text.png'}: UnidentifiedImageError: " in program.said
    assert f"{tmp_path / 'absent.png'}: No such file or directory" in program.lines
    assert program.lines[-1] == "2 of 4 made"
    for picture in pictures:
        with Image.open(tmp_path / "small" / f"{picture.stem}.jpg") as small:
            assert (small.format, small.size) == ("JPEG", (128, 16))
