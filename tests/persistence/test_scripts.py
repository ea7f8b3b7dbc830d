"""The Lua files as text: what their heads promise is what their bodies do."""

import re

import pytest

from persistence.keys import spelled
from persistence.scripts import ADOPT, ALL, ENQUEUE, FINISH, FOLDER, INTRODUCE, PAGE, PAGE_DEAD, PROBE, Script, compose

NAMES = sorted(path.stem for path in FOLDER.glob("*.lua"))
PARTS = sorted(path.stem for path in (FOLDER / "includes").glob("*.lua"))
FLAGS = {
    "enqueue": "",
    "adopt": "",
    "introduce": "",
    "status": "no-writes",
    "holder": "no-writes",
    "page": "no-writes",
    "page_dead": "no-writes",
    "status_unique": "no-writes,allow-cross-slot-keys",
}


def source(name: str) -> tuple[str, str]:
    """Head and body of a script's file."""
    text = (FOLDER / f"{name}.lua").read_text("utf-8")
    head = re.match(r"(?:(?:#!|--).*\n)+", text)
    assert head is not None
    return head[0], re.sub(r"--.*", "", text[head.end() :])


def part(name: str) -> str:
    """The body of a shared part."""
    return re.sub(r"--.*", "", (FOLDER / "includes" / f"{name}.lua").read_text("utf-8"))


def is_used(name: str, text: str) -> bool:
    """Whether the text, which may have that part in it, calls a function or names a number of that part."""
    functions = re.findall(r"^local function (\w+)", part(name), re.MULTILINE)
    numbers = re.findall(r"^local ([A-Z_]+)", part(name), re.MULTILINE)
    uses = [*(rf"\b{one}\(" for one in functions), *(rf"\b{one}\b" for one in numbers)]
    return any(re.search(use, text.replace(part(name), "")) for use in uses)


def included(name: str) -> list[str]:
    text = (FOLDER / f"{name}.lua").read_text("utf-8")
    return [part for named in re.findall(r"^-- @include +(.*)$", text, re.MULTILINE) for part in named.split()]


def test_every_file_is_a_script_and_every_script_a_file() -> None:
    assert sorted(script.name for script in ALL) == NAMES
    assert len({script.sha for script in ALL}) == len(ALL)


@pytest.mark.parametrize("name", NAMES)
def test_a_script_begins_with_its_flags_and_says_what_it_is_for(name: str) -> None:
    shebang, purpose = source(name)[0].splitlines()[:2]
    flags = FLAGS.get(name, "allow-oom")
    assert shebang == ("#!lua" + (f" flags={flags}" if flags else ""))
    assert purpose.startswith(f"-- {name}: ")
    assert {ENQUEUE.name, ADOPT.name, INTRODUCE.name} == {
        name for name in FLAGS if not FLAGS[name]
    }  # what adds to the store


@pytest.mark.parametrize("name", NAMES)
def test_head_and_body_name_the_same_parameters(name: str) -> None:
    head, body = source(name)
    promised = re.findall(r"^-- ARGV\[(\d+)\] +(\w+)", head, re.MULTILINE)
    variadic = re.search(r"^-- ARGV\[(\d+)\.\.\]", head, re.MULTILINE)
    assert [int(number) for number, _ in promised] == list(range(1, len(promised) + 1))
    named = dict(promised)
    for names, values in re.findall(r"local ([\w, ]+) =\s+((?:[^\n]|\n(?=\s+ARGV))*ARGV[^\n]*)", body):
        if "ARGV[at" in values or "ARGV)" in values:
            continue
        for local, value in zip(names.split(", "), values.split(", "), strict=True):
            number = re.search(r"ARGV\[(\d+)\]", value)
            assert number is not None, value
            assert named.pop(number[1]) == local
    assert named == {}
    if variadic:
        assert int(variadic[1]) == len(promised) + 1
        assert f"for at = {variadic[1]}, #ARGV" in body
    else:
        assert "#ARGV" not in body


@pytest.mark.parametrize("name", NAMES)
def test_a_script_has_one_key_and_says_which(name: str) -> None:
    head, body = source(name)
    assert len(re.findall(r"^-- KEYS\[1\] ", head, re.MULTILINE)) == 1
    for part in included(name):
        body += (FOLDER / "includes" / f"{part}.lua").read_text("utf-8")
    assert set(re.findall(r"KEYS\[(\d+)\]", body)) <= {"1"}


@pytest.mark.parametrize("name", NAMES)
def test_the_answers_in_the_head_are_those_of_the_body(name: str) -> None:
    head, body = source(name)
    answers = head[head.index("-- Returns") :].partition("\n-- @")[0]
    told = set(re.findall(r'"([a-z ]+)"', answers))
    assert set(re.findall(r'return (?:\{ )?"([a-z ]+)"', body)) <= told
    assert told <= set(re.findall(r'"([^"\n]*)"', body + "".join(map(part, included(name)))))


@pytest.mark.parametrize("name", NAMES)
def test_what_a_script_includes_is_what_it_uses(name: str) -> None:
    head, body = source(name)
    first = [f"{one}(" for one in re.findall(r"^-- @first +(.*)$", head, re.MULTILINE)]
    text = "\n".join([*first, body, *map(part, included(name))])
    assert {one for one in PARTS if is_used(one, text)} == set(included(name))


def test_every_part_is_included_somewhere_and_opens_with_what_it_is() -> None:
    assert {part for name in NAMES for part in included(name)} == set(PARTS)
    for part in PARTS:
        assert (FOLDER / "includes" / f"{part}.lua").read_text("utf-8").startswith(f"-- {part}: ")


def commands(script: Script) -> set[str]:
    return set(re.findall(r'redis\.call\("(\w+)"', script.text))


def test_the_trial_at_the_start_covers_every_command() -> None:
    assert set().union(*(commands(script) for script in ALL)) == commands(PROBE)


@pytest.mark.parametrize("script", ALL, ids=[script.name for script in ALL])
def test_no_script_walks_over_the_whole_keyspace(script: Script) -> None:
    # A page of a listing, off the hot path, with a COUNT.
    walks = {"HSCAN"} if script in (PAGE, PAGE_DEAD, PROBE) else set()
    forbidden = {"KEYS", "SCAN", "SMEMBERS", "LREM", "HSCAN", "SSCAN", "ZSCAN", "FLUSHALL"} - walks
    assert not commands(script) & forbidden


@pytest.mark.parametrize(
    ("script", "behind", "most"),
    [(ENQUEUE, "if done then return done end", 46), (FINISH, "if #others == 0 then return answer end", 19)],
    ids=["enqueue", "finish"],
)
def test_what_most_calls_do_needs_few_functions(script: Script, behind: str, most: int) -> None:
    """Lua makes each anew, at each call that comes to where it stands."""
    before, found, rest = script.text.partition(f"\n{behind}\n")
    assert found
    assert before.count("local function ") <= most
    assert "local function " in rest


def test_what_redis_gets_has_no_comments_and_spells_its_keys() -> None:
    text = ENQUEUE.text
    assert text.startswith('#!lua\nlocal QUEUES = { ":high", ":normal", ":low" }\n')
    assert 'local jobs_key = KEYS[1] .. ":jobs"\n' in text
    assert "\n--" not in text
    assert compose("enqueue") == ENQUEUE


def test_a_key_nobody_spells_is_refused() -> None:
    with pytest.raises(ValueError, match="a script names jbos_key"):
        spelled('redis.call("HGET", jbos_key, id)')


def test_a_call_is_an_evalsha_with_one_key() -> None:
    assert ENQUEUE.call(b"{p:d}", b"a", 1) == [b"EVALSHA", ENQUEUE.sha, 1, b"{p:d}", b"a", 1]
