import os
from pathlib import Path

import pytest

from broker.pid_file import PidFileError, pid_file


def test_the_file_holds_the_process_id_during_the_block_alone(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with pid_file(path):
        assert path.read_bytes() == b"%d\n" % os.getpid()
    assert not path.exists()


def test_a_file_that_a_crash_left_behind_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.write_text("4194304000\n")
    with pid_file(path):
        assert path.read_text() == f"{os.getpid()}\n"
    assert not path.exists()


def test_a_file_that_another_process_wrote_since_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with pid_file(path):
        path.write_text("1\n")
    assert path.read_text() == "1\n"


def test_a_file_that_somebody_removed_is_not_missed(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with pid_file(path):
        path.unlink()


def test_the_file_is_removed_also_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with pytest.raises(KeyError), pid_file(path):
        raise KeyError
    assert not path.exists()


def test_a_file_that_cannot_be_written_is_an_error_in_one_line(tmp_path: Path) -> None:
    told = r"--pid-file: .* cannot be written \(Is a directory\)"
    with pytest.raises(PidFileError, match=told) as caught, pid_file(tmp_path):
        pytest.fail("the block must not run")
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_removed_is_told_and_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "pid"
    with pid_file(path):
        path.unlink()
        path.mkdir()
    assert f"the pid file {path} stays behind" in caplog.text


def test_without_a_path_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pid_file(None):
        assert list(tmp_path.iterdir()) == []
