"""Making up a history."""

import random
from dataclasses import dataclass
from typing import Final

from tests.dialogues.histories.rules import Packet

__all__ = ["Step", "make_history"]

PEERS: Final = ("a", "b", "c", "d", "e")
NORMAL: Final = ("SUBMIT_JOB", "SUBMIT_JOB_HIGH", "SUBMIT_JOB_LOW")
GRABS: Final = ("GRAB_JOB", "GRAB_JOB", "GRAB_JOB_UNIQ", "GRAB_JOB_ALL")
HANDLES: Final = ("{own}", "{own}", "{own}", "{had}", "{any}")
"""Of a job that the peer runs, of one that it ran once, of any that there ever was."""
MATTERS: Final = {
    "submit": 17,
    "ask": 14,
    "end": 9,
    "sleep": 7,
    "learn": 8,
    "tell": 5,
    "forget": 3,
    "look": 8,
    "else": 4,
}


@dataclass(frozen=True, slots=True)
class Step:
    """What one peer says in one write, cut in two pieces or not."""

    peer: str
    packets: tuple[Packet, ...]
    cut_at: int = 0

    def __str__(self) -> str:
        return f"{self.peer} > {' + '.join(' '.join(word or repr(word) for word in packet) for packet in self.packets)}"


def make_history(seed: int, length: int) -> list[Step]:
    """The history with this number. Peers that hang up are followed by others, under other names."""
    chance = random.Random(seed)
    peers = list(PEERS[: chance.randint(2, len(PEERS))])
    history = []
    for number in range(length):
        at = chance.randrange(len(peers))
        if chance.random() < 0.04:
            history.append(Step(peers[at], (("hang up",),)))
            peers[at] = f"{peers[at][0]}{number}"
            continue
        packets = [_packet(chance)]
        # What depends on the store comes first: what is on its way there may or may not be seen by what is behind it.
        while chance.random() < 0.25 and (more := _packet(chance))[0] in ("text", "GET_STATUS", "CAN_DO", *NORMAL):
            packets.append(more)
        history.append(Step(peers[at], tuple(packets), chance.randrange(1, 40) if chance.random() < 0.1 else 0))
    return history


def _packet(chance: random.Random) -> Packet:
    function, handle = chance.choice("ffg"), chance.choice(HANDLES)
    payload = chance.choice(["x", "y", "", f"p{chance.randrange(100)}"])
    matter = chance.choices(list(MATTERS), list(MATTERS.values()))[0]
    choices: dict[str, list[Packet]] = {
        "submit": [_submit(chance, function, payload)],
        "ask": [(chance.choice(GRABS),)],
        "end": [("WORK_COMPLETE", handle, payload)] * 2 + [("WORK_FAIL", handle), ("WORK_EXCEPTION", handle, payload)],
        "sleep": [("PRE_SLEEP",)],
        "learn": [("CAN_DO", function)],
        "tell": [
            (chance.choice(["WORK_DATA", "WORK_WARNING"]), handle, payload),
            ("WORK_STATUS", handle, str(chance.randrange(10)), "10"),
        ],
        "forget": [("CANT_DO", function), ("CANT_DO", function), ("RESET_ABILITIES",)],
        "look": [("GET_STATUS", handle), ("GET_STATUS_UNIQUE", chance.choice("uv-")), ("text", "status")],
        "else": [("OPTION_REQ", "exceptions"), ("text", "cancel job {any}"), ("text", "show jobs"), ("CAN_DO", "h")],
    }
    return chance.choice(choices[matter])


def _submit(chance: random.Random, function: str, payload: str) -> Packet:
    unique = chance.choice(["u", "u", "v", "-", ""])
    background = chance.choice(["", "_BG"])
    return chance.choice(
        [
            *((kind + background, function, unique, payload) for kind in NORMAL * 2),
            ("SUBMIT_JOB_EPOCH", function, unique, chance.choice(["past", "0"]), payload),
            # Of a function of its own: in gearmand it hides jobs of low priority.
            ("SUBMIT_JOB_EPOCH", "h", unique, "later", payload),
            ("SUBMIT_REDUCE_JOB", function, unique, chance.choice(["r", ""]), "", payload),
            ("SUBMIT_REDUCE_JOB_BACKGROUND", function, unique, chance.choice(["r", ""]), "", payload),
        ]
    )
