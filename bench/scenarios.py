"""All scenarios that put one question to several servers in turns."""

from typing import Final

from bench import (
    backlog,
    bg_pipelined,
    bg_rate,
    bg_steady,
    crowd,
    fairness,
    fg_fan,
    fg_progress,
    fg_roundtrip,
    herd,
    large_bg,
    large_fg,
    many_idle,
    processes,
    scaling,
    visitors,
)

SCENARIOS: Final = {
    module.SCENARIO.name: module.SCENARIO
    for module in (
        bg_steady,
        bg_pipelined,
        bg_rate,
        fg_roundtrip,
        fg_fan,
        fg_progress,
        many_idle,
        herd,
        scaling,
        backlog,
        large_bg,
        large_fg,
        processes,
        fairness,
        crowd,
        visitors,
    )
}
