import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.logs import ALERT, FATAL, LEVELS, NOTICE, Log

LOG = logging.getLogger("broker.session")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture(autouse=True)
def root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    yield
    assert (root.level, list(root.handlers)) == before


def messages(path: Path) -> list[str]:
    return [line.rpartition("] ")[2] for line in path.read_text().splitlines()]


@pytest.mark.parametrize(("name", "level"), LEVELS.items())
def test_a_line_is_as_in_gearmand(name: str, level: int, path: Path) -> None:
    with Log(str(path), "DEBUG"):
        LOG.log(level, "%s jobs", 3)
    date = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}"
    assert re.fullmatch(rf"{name:>7} {date} \[ broker\.session \] 3 jobs\n", path.read_text())


@pytest.mark.parametrize("name", LEVELS)
def test_a_level_lets_through_itself_and_what_is_heavier(name: str, path: Path) -> None:
    with Log(str(path), name):
        for each, level in LEVELS.items():
            LOG.log(level, each)
    names = list(LEVELS)
    assert messages(path) == names[: names.index(name) + 1]


def test_the_names_of_gearmand_are_in_the_order_of_weight() -> None:
    assert sorted(LEVELS.values(), reverse=True) == list(LEVELS.values())
    assert FATAL > ALERT > logging.CRITICAL
    assert logging.WARNING > NOTICE > logging.INFO


def test_lines_are_added_to_what_is_there(path: Path) -> None:
    path.write_text("older\n")
    with Log(str(path), "INFO"):
        LOG.info("newer")
    assert messages(path) == ["older", "newer"]


def test_what_a_stranger_sends_forges_no_line_and_steers_no_terminal(path: Path) -> None:
    with Log(str(path), "INFO"):
        LOG.info("function %s", "x\n  ERROR \x1b[31m\x9b\udcff é")
    assert path.read_text().count("\n") == 1
    assert messages(path) == ["function x\\x0a  ERROR \\x1b[31m\\x9b\\udcff é"]


def test_a_traceback_follows_its_line(path: Path) -> None:
    with Log(str(path), "INFO"):
        try:
            raise KeyError("lost")
        except KeyError:
            LOG.exception("failed")
    line, *traceback = path.read_text().splitlines()
    assert line.endswith("] failed")
    assert traceback[0] == "Traceback (most recent call last):"
    assert traceback[-1] == "KeyError: 'lost'"


def test_stderr_and_none_are_words_and_not_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for word in ("stderr", "none"):
        with Log(word, "INFO") as log:
            LOG.info("to %s", word)
            log.reopen()
            assert not log.is_file
    assert list(tmp_path.iterdir()) == []
    assert "to stderr" in capsys.readouterr().err
    assert "to none" not in capsys.readouterr().err


def test_a_file_that_cannot_be_opened_is_told_and_stderr_takes_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Log(str(tmp_path), "INFO") as log:
        LOG.info("still heard")
        assert not log.is_file
    told, line = capsys.readouterr().err.splitlines()
    assert told == f"trio-gearman: --log-file: {tmp_path} cannot be opened (Is a directory); the log goes to stderr"
    assert line.endswith("still heard")


def test_reopen_follows_the_path_after_the_file_was_moved(path: Path) -> None:
    moved = path.with_name("log.1")
    with Log(str(path), "INFO") as log:
        LOG.info("before")
        path.rename(moved)
        LOG.info("between")
        log.reopen()
        LOG.info("after")
    assert messages(moved) == ["before", "between", "SIGHUP, reopening log file"]
    assert messages(path) == ["log file opened", "after"]


def test_a_reopen_that_fails_goes_on_in_the_old_file(path: Path) -> None:
    moved = path.with_name("log.1")
    with Log(str(path), "INFO") as log:
        path.rename(moved)
        path.mkdir()
        log.reopen()
        LOG.info("after")
    assert messages(moved)[1:] == [
        f"cannot reopen {path} (Is a directory); the log goes on in the old file: mend that and send SIGHUP again",
        "after",
    ]


def test_a_full_disk_is_told_once_and_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    with Log("/dev/full", "INFO"):
        for _ in range(3):
            LOG.info("lost")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("trio-gearman: cannot write to the log file /dev/full (No space left on device)")


def test_an_exception_that_leaves_the_block_is_written_to_the_file(path: Path) -> None:
    with pytest.raises(KeyError), Log(str(path), "FATAL"):
        raise KeyError("lost")
    assert "ends by a defect" in path.read_text()
    assert "KeyError: 'lost'" in path.read_text()
