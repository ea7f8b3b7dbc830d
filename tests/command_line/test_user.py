"""--user: a broker that root starts becomes somebody else, and can still do all it must."""

import os
import platform
import pwd
import signal
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from persistence.valkey_binary import find_valkey_server
from tests.command_line.background import Background, end, ended
from tests.command_line.several import children_of, kill
from tests.command_line.test_tls import Files
from tests.log_lines import wait_for_line
from tests.programs import missing

NOBODY = pwd.getpwnam("nobody")
NAMELESS: Final = 2**31 - 17
"""A user that is a number and no more, as containers have them: no entry in passwd, so no home either."""


def started_by(uid: int, gid: int) -> tuple[str, ...]:
    """A broker's command, left to another user: the Python that runs the tests may lie where that one may not read."""
    return (
        sys.executable,
        "-c",
        "import codecs, os, sys, broker.start, broker.process, broker.app, broker.user, platformdirs.unix; "
        "from broker.__main__ import main; [*map(codecs.lookup, broker.user.CODECS)]; "
        f"os.setgid({gid}); os.setuid({uid}); sys.exit(main())",
    )


STARTED_BY_NOBODY = started_by(NOBODY.pw_uid, NOBODY.pw_gid)


@pytest.fixture(autouse=True)
def _root_and_a_tree_that_others_may_read() -> None:
    if os.geteuid() != 0:
        missing("only root may become another user; run this test as root")
    binary = find_valkey_server(platform.system(), platform.machine())
    try:
        subprocess.run([binary, "--version"], user=NOBODY.pw_uid, check=True, capture_output=True)
    except (PermissionError, subprocess.CalledProcessError):
        missing(f"the user {NOBODY.pw_name} may not run {binary}; check out where others may read")


@pytest.fixture
def theirs(folder: Path) -> Path:
    """A folder of that user's, in one that is only root's to write."""
    folder.chmod(0o755)
    directory = folder / "theirs"
    directory.mkdir()
    os.chown(directory, NOBODY.pw_uid, NOBODY.pw_gid)
    return directory


def ids(pid: int) -> tuple[set[int], set[int], set[int]]:
    """The user ids, group ids and other groups of a process."""
    fields = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    users, groups, others = (set(map(int, fields[name].split())) for name in ("Uid", "Gid", "Groups"))
    return users, groups, others


def test_everything_is_done_as_that_user_and_within_its_reach(folder: Path, theirs: Path) -> None:
    log = folder / "log"
    background = Background(folder, f"--user={NOBODY.pw_name}", f"--log-file={log}", "--verbose=NOTICE", pid=theirs)
    with background.started() as pid:
        assert ids(pid) == ({NOBODY.pw_uid}, {NOBODY.pw_gid}, {NOBODY.pw_gid})
        store = int((background.data_dir / "store.pid").read_text())
        assert ids(store)[0] == {NOBODY.pw_uid}
        for path in (background.data_dir, log, background.pid_file):
            assert path.stat().st_uid == NOBODY.pw_uid, path
        assert (background.data_dir.stat().st_mode & 0o777, log.stat().st_mode & 0o777) == (0o700, 0o640)
    assert "Listening on" in log.read_text()
    assert not background.pid_file.exists()


def test_each_of_several_processes_is_that_user_and_so_is_one_that_takes_the_place_of_another(
    folder: Path, theirs: Path
) -> None:
    log = folder / "log"
    flags = (f"--user={NOBODY.pw_name}", f"--log-file={log}", "--processes=2", "--verbose=NOTICE")
    with Background(folder, *flags, pid=theirs).started() as pid:
        first = children_of(pid)
        kill(min(first))
        wait_for_line(log, "(1 of 2) listens")
        for process in (pid, *(first | children_of(pid)) - {min(first)}):
            assert ids(process) == ({NOBODY.pw_uid}, {NOBODY.pw_gid}, {NOBODY.pw_gid})


def test_the_log_that_logrotate_made_for_that_user_is_opened_again(folder: Path, theirs: Path) -> None:
    log = folder / "log"
    background = Background(folder, f"--user={NOBODY.pw_name}", f"--log-file={log}", "--verbose=NOTICE", pid=theirs)
    with background.started() as pid:
        log.rename(folder / "log.1")
        log.touch()
        os.chown(log, NOBODY.pw_uid, NOBODY.pw_gid)
        os.kill(pid, signal.SIGHUP)
        wait_for_line(log, "log file opened")
    assert "SIGTERM, stopping" in log.read_text()


def test_a_renewed_key_that_it_may_not_read_yet_is_told_once_and_read_as_soon_as_it_may(
    folder: Path, theirs: Path
) -> None:
    files, log = Files(folder), folder / "log"
    background = Background(folder, f"--user={NOBODY.pw_name}", f"--log-file={log}", *files.flags, pid=theirs)
    with background.started():
        place = ("127.0.0.1", background.port)
        before = ssl.get_server_certificate(place)
        files.key.chmod(0o600)
        files.renew("renewed.example")
        assert [ssl.get_server_certificate(place) for _ in range(3)] == [before] * 3
        assert log.read_text().count("stays in use") == 1
        files.key.chmod(0o644)
        assert files.certificate.read_text().startswith(ssl.get_server_certificate(place))


def test_a_key_out_of_its_reach_is_told_by_a_start_and_by_check_args(folder: Path) -> None:
    folder.chmod(0o755)
    files = Files(folder)
    files.key.chmod(0o600)
    command = [sys.executable, "-m", "broker", "--port=0", f"--data-dir={folder}/data", *files.flags]
    for flags in ((), ("--check-args",)):
        done = ended([*command, f"--user={NOBODY.pw_name}", *flags])
        assert done.returncode == 1
        assert done.stderr == (
            f"trio-gearman: --ssl-key: {files.key} cannot be read (Permission denied); "
            "let the broker's user read it, or name another\n"
        )


def test_a_pid_file_out_of_its_reach_is_told(folder: Path) -> None:
    folder.chmod(0o755)
    done = Background(folder, f"--user={NOBODY.pw_name}", "--log-file=none").start()
    assert done.returncode == 1
    assert done.stderr == (
        f"trio-gearman: --pid-file: {folder}/pid cannot be written (Permission denied); "
        "name a place that this user may write\n"
    )


def test_a_data_directory_of_somebody_else_is_told_and_left_as_it_is(folder: Path) -> None:
    folder.chmod(0o755)
    background = Background(folder, f"--user={NOBODY.pw_name}", "--log-file=none")
    background.data_dir.mkdir(mode=0o700)
    done = background.start()
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"trio-gearman: cannot use the data directory {background.data_dir}: Permission denied"
    )
    assert background.data_dir.stat().st_uid == 0


def test_a_user_without_a_home_is_told_where_jobs_may_be_kept(folder: Path) -> None:
    done = ended([*STARTED_BY_NOBODY, "--port=0", "--log-file=none"], HOME=str(folder / "missing"), STATE_DIRECTORY="")
    assert done.returncode == 1
    assert done.stderr == (
        f"trio-gearman: cannot use the data directory {folder}/missing/.local/state/trio-gearman: Permission denied; "
        "let this user write there, or name another by --data-dir (in a systemd unit: StateDirectory=)\n"
    )


def test_whoever_has_no_home_at_all_is_told_where_jobs_may_be_kept() -> None:
    command = [*started_by(NAMELESS, NAMELESS), "--port=0", "--log-file=none"]
    done = ended(command, HOME="nowhere", STATE_DIRECTORY="")
    assert done.returncode == 1
    assert done.stderr == (
        "trio-gearman: cannot use the data directory /.local/state/trio-gearman: Permission denied; "
        "let this user write there, or name another by --data-dir (in a systemd unit: StateDirectory=)\n"
    )


def test_a_user_that_does_not_exist_is_told(folder: Path) -> None:
    done = Background(folder, "--user=no-such-user").start()
    assert done.returncode == 1
    assert done.stderr == (
        "trio-gearman: --user: there is no user 'no-such-user' on this machine; "
        "make one (useradd --system no-such-user), or name another\n"
    )


def test_only_root_may_become_somebody_else(folder: Path) -> None:
    done = ended([*STARTED_BY_NOBODY, "--user=root", f"--data-dir={folder}"])
    assert done.returncode == 1
    assert done.stderr == (
        "trio-gearman: --user: only root may become root; start the broker as root, or as that user without the flag\n"
    )


def test_who_is_that_user_already_need_not_become_it(folder: Path, theirs: Path) -> None:
    background = Background(theirs, f"--user={NOBODY.pw_name}", "--log-file=none")
    assert background.start(STARTED_BY_NOBODY).returncode == 0
    assert ids(background.pid)[0] == {NOBODY.pw_uid}
    end(background.pid)
