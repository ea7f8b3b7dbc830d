"""An identity is one living process's; whoever has it next knows who is dead."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from persistence.errors import StoreError
from persistence.identity import MOST_INCARNATION_BYTES, SLOT_BYTES, claim_identity
from tests.persistence.small_disk import fill, small_disk
from tests.programs import Program, open_program


@asynccontextmanager
async def holder(directory: Path, incarnation: str) -> AsyncIterator[Program]:
    """A process that holds an identity of a directory."""
    module = "tests.persistence.identity_holder"
    async with open_program(sys.executable, "-m", module, directory, incarnation) as program:
        yield program


async def test_the_first_holder_finds_nobody_before_it(tmp_path: Path) -> None:
    with claim_identity(tmp_path / "made") as identity:
        assert identity.previous is None
        assert identity.path == tmp_path / "made" / "identity-0"


@pytest.mark.parametrize("incarnation", [b"i", b"\0\n \xff-", b"-", bytes(MOST_INCARNATION_BYTES)])
async def test_the_next_holder_is_told_what_the_last_one_wrote(tmp_path: Path, incarnation: bytes) -> None:
    with claim_identity(tmp_path) as identity:
        await identity.write(incarnation)
    with claim_identity(tmp_path) as identity:
        assert identity.previous == incarnation


async def test_the_latest_of_many_counts(tmp_path: Path) -> None:
    for number in range(12):
        with claim_identity(tmp_path) as identity:
            assert identity.previous == (str(number - 1).encode() if number else None)
            await identity.write(b"a passing one")
            await identity.write(str(number).encode())


async def test_an_empty_incarnation_means_nobody_to_look_for(tmp_path: Path) -> None:
    with claim_identity(tmp_path) as identity:
        await identity.write(b"i")
        await identity.write(b"")
    with claim_identity(tmp_path) as identity:
        assert identity.previous is None


async def test_one_who_wrote_nothing_leaves_what_was_there(tmp_path: Path) -> None:
    with claim_identity(tmp_path) as identity:
        await identity.write(b"i")
    with claim_identity(tmp_path):
        pass
    with claim_identity(tmp_path) as identity:
        assert identity.previous == b"i"


async def test_living_processes_have_different_identities(tmp_path: Path) -> None:
    async with holder(tmp_path, "a") as first, holder(tmp_path, "b") as second:
        names = {(await program.wait_line("none")).split()[0] for program in (first, second)}
        with claim_identity(tmp_path) as third:
            assert names | {third.path.name} == {"identity-0", "identity-1", "identity-2"}


async def test_after_kill_9_the_identity_is_free_at_once_and_names_the_dead(tmp_path: Path) -> None:
    async with holder(tmp_path, "doomed") as program:
        await program.wait_line("written")
        await program.aclose()
    with claim_identity(tmp_path) as identity:
        assert identity.path.name == "identity-0"
        assert identity.previous == b"doomed"


async def test_the_first_free_identity_is_taken_also_between_living_ones(tmp_path: Path) -> None:
    with claim_identity(tmp_path), claim_identity(tmp_path) as middle, claim_identity(tmp_path):
        await middle.write(b"middle")
        middle.close()
        with claim_identity(tmp_path) as identity:
            assert identity.path.name == "identity-1"
            assert identity.previous == b"middle"


async def test_names_keep_brokers_of_different_stores_apart(tmp_path: Path) -> None:
    with claim_identity(tmp_path, "red") as red, claim_identity(tmp_path, "blue") as blue:
        assert (red.path.name, blue.path.name) == ("red-0", "blue-0")


def test_a_child_that_inherits_all_it_can_does_not_inherit_the_identity(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "print(); input()"]
    with (
        claim_identity(tmp_path) as parents,
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False) as child,
    ):
        assert child.stdout is not None
        child.stdout.readline()  # it runs: what it was not to inherit is closed
        parents.close()
        with claim_identity(tmp_path) as identity:
            assert identity.path.name == "identity-0"
        child.communicate(b"\n")


async def written(directory: Path) -> Path:
    """An identity whose holders were, in this order, `one` and `two`."""
    with claim_identity(directory) as identity:
        await identity.write(b"one")
        await identity.write(b"two")
        return identity.path


async def test_a_torn_write_leaves_the_incarnation_before(tmp_path: Path) -> None:
    path = await written(tmp_path)
    whole = path.read_bytes()
    last = whole.index(b"2 " + b"two".hex().encode()) // SLOT_BYTES * SLOT_BYTES
    for cut in range(40):
        torn = whole[:last] + whole[last : last + cut].ljust(SLOT_BYTES, b"\0") + whole[last + SLOT_BYTES :]
        path.write_bytes(torn)
        with claim_identity(tmp_path) as identity:
            assert identity.previous in (b"one", b"two")
            assert (identity.previous == b"two") == (torn[last:].split(b"\0")[0].strip() == whole[last:].strip())


@pytest.mark.parametrize("garbage", [b"", b"\n", b"\xff" * 2000, b"00000000 1 6f6e65\n", b"x" * SLOT_BYTES])
async def test_garbage_names_nobody_and_is_written_over(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / "identity-0").write_bytes(garbage)
    with claim_identity(tmp_path) as identity:
        assert identity.previous is None
        await identity.write(b"i")
    with claim_identity(tmp_path) as identity:
        assert identity.previous == b"i"


async def test_no_flipped_bit_makes_up_an_incarnation(tmp_path: Path) -> None:
    path = await written(tmp_path)
    whole = path.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        with claim_identity(tmp_path) as identity:
            assert identity.previous in (b"one", b"two")


async def test_an_incarnation_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with claim_identity(tmp_path) as identity, pytest.raises(ValueError, match="201 bytes; 200 fit"):
        await identity.write(bytes(MOST_INCARNATION_BYTES + 1))


async def test_a_write_cancelled_before_it_began_changes_nothing(tmp_path: Path) -> None:
    with claim_identity(tmp_path) as identity:
        await identity.write(b"one")
        with trio.CancelScope() as scope:
            scope.cancel()
            await identity.write(b"two")
    with claim_identity(tmp_path) as identity:
        assert identity.previous == b"one"


async def test_a_directory_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"^cannot use an identity in .*/file: File exists$"):
        claim_identity(tmp_path / "file")


async def test_a_full_disk_is_one_line_and_leaves_the_incarnation_before() -> None:
    with small_disk(64) as disk:
        filler = fill(disk)
        with claim_identity(disk) as identity:
            with pytest.raises(StoreError, match=r"^cannot write the identity .*: No space left on device$"):
                await identity.write(b"one")
            filler.unlink()
            await identity.write(b"one")
            fill(disk)
            await identity.write(b"two")
        with claim_identity(disk) as identity:
            assert identity.previous == b"two", "room for both entries was taken with the first"
