"""A profile's samples belong where they should."""

from collections import Counter
from pathlib import Path

import pytest

from bench import options, page, stages_page
from bench.stages import by_stage, functions, read_stacks, stage_of
from bench.stages_page import table

OUTER = "main (broker/__main__.py:43);run (trio/_core/_run.py:2532)"

STACKS = {
    "a system call": (
        f"{OUTER};flush (broker/flusher.py:9);sock_send (socketmodule.c:4);__send (libc.so.6)",
        "kernel: send",
    ),
    "a wait": (f"{OUTER};run (broker/switchboard.py:57);epoll_wait (libc.so.6)", "kernel: epoll"),
    "the codec": (f"{OUTER};hear (broker/session.py:2);Connection.send (protocol/connection.py:151)", "codec"),
    "C code of the codec": (f"{OUTER};header (protocol/header.py:2);s_pack (_struct.c:1910)", "codec"),
    "the store": (f"{OUTER};post_submits (persistence/submitting.py:162)", "store"),
    "the pipe": (f"{OUTER};Pipe.flush (persistence/pipe.py:162);pack_command (pack.c:89)", "pipe to Redis"),
    "trio": (OUTER, "trio"),
    "something else": ("<module> (runpy.py:3)", "the rest of Python"),
}


@pytest.mark.parametrize(("stack", "stage"), STACKS.values(), ids=STACKS.keys())
def test_stage(stack: str, stage: str) -> None:
    assert stage_of(stack) == stage


def test_parts_are_of_all_samples_but_those_of_threads_that_wait() -> None:
    raw = f"{OUTER} 3\n{OUTER};x (broker/a.py:1) 1\n_thread (a.py:1);PyThread_acquire_lock_timed (libpython.so) 90\n"
    stacks = read_stacks(raw)
    assert by_stage(stacks) == {"trio": 0.75, "broker": 0.25}
    assert functions(stacks, own=True) == {"run (trio/_core/_run.py)": 0.75, "x (broker/a.py)": 0.25}
    assert functions(stacks, own=False)["main (broker/__main__.py)"] == 1


def test_no_samples_are_no_stages() -> None:
    assert by_stage(Counter()) == {}


def test_the_table_has_a_row_for_each_stage_and_a_sum() -> None:
    said = table({"bg_steady": {"codec": 2.0, "Redis": 5.0}, "fg_fan": {"codec": 3.0, "TLS": 1.0}})
    assert "| codec | 2.0 | 3.0 |" in said
    assert "| TLS | 0.0 | 1.0 |" in said
    assert "| **all** | **7** | **4** |" in said


@pytest.mark.parametrize("name", [stages_page.NAME, options.NAME])
def test_the_page_has_the_places_that_commands_fill(name: str) -> None:
    assert [page.PERFORMANCE.read_text().count(mark) for mark in page.marks(name)] == [1, 1]


def test_a_table_is_put_between_its_marks_and_the_rest_stays(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    begin, end = page.marks("stages")
    file.write_text(f"before\n{begin}\nold\n{end}\nbehind\n")
    page.put("stages", "new", file)
    text = file.read_text()
    assert text.startswith(f"before\n{begin}\n\nnew\n\n")
    assert text.endswith(f".\n\n{end}\nbehind\n")
    assert "old" not in text
