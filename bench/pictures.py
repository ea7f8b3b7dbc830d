"""Line charts as SVG, written by hand: three small pictures need no library, and look the same anywhere."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, TypeAlias

WIDTH: Final = 720
HEIGHT: Final = 400
LEFT: Final = 80
RIGHT: Final = 20
TOP: Final = 50
BOTTOM: Final = 80
COLOURS: Final = ("#0b62a4", "#c2410c", "#4d7c0f", "#7e22ce", "#0f766e")
DASHES: Final = ("", "8 4", "2 4", "12 3 2 3", "4 2")
"""Beside the colours, for who cannot tell these apart."""

Points: TypeAlias = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture; its x axis has the ticks it is given, its y axis begins at zero or is logarithmic."""

    title: str
    x_title: str
    y_title: str
    ticks: Mapping[float, str]
    lines: Mapping[str, Points]
    logarithmic: bool = False

    def svg(self) -> str:
        """The file."""
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
            f'font-size="13" role="img" aria-label="{escape(self.title)}">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            _text(WIDTH / 2, 24, self.title, size=16),
            _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 36, self.x_title),
            f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
            f"{escape(self.y_title)}</text>",
            *self._grid(),
            *(part for number in range(len(self.lines)) for part in self._line(number)),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _grid(self) -> list[str]:
        parts = []
        for value in self._y_ticks():
            y = self._y(value)
            parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
            parts.append(_text(LEFT - 8, y + 4, f"{value:,.10g}", anchor="end"))
        for value, title in self.ticks.items():
            parts.append(_text(self._x(value), HEIGHT - BOTTOM + 20, title))
        return parts

    def _line(self, number: int) -> list[str]:
        name, points = list(self.lines.items())[number]
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
        stroke = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
        places = [(self._x(x), self._y(y)) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        x = LEFT + number * (WIDTH - LEFT - RIGHT) / len(self.lines)
        return [
            f'<polyline points="{path}" fill="none" {stroke}/>',
            *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places),
            f'<line x1="{x:.1f}" x2="{x + 28:.1f}" y1="{HEIGHT - 14}" y2="{HEIGHT - 14}" {stroke}/>',
            _text(x + 34, HEIGHT - 10, name, anchor="start"),
        ]

    def _ys(self) -> list[float]:
        return [y for points in self.lines.values() for _, y in points]

    def _y_ticks(self) -> list[float]:
        if self.logarithmic:
            low, high = math.floor(math.log10(min(self._ys()))), math.ceil(math.log10(max(self._ys())))
            return [10.0**power for power in range(low, max(high, low + 1) + 1)]
        rough = max(self._ys()) / 5
        power = 10 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        return [step * number for number in range(6)]

    def _y(self, value: float) -> float:
        ticks = self._y_ticks()
        scale = math.log10 if self.logarithmic else float
        share = (scale(value) - scale(ticks[0])) / (scale(ticks[-1]) - scale(ticks[0]))
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    def _x(self, value: float) -> float:
        low, high = min(self.ticks), max(self.ticks)
        return LEFT + 20 + (math.log(value / low) / math.log(high / low)) * (WIDTH - LEFT - RIGHT - 40)


def _text(x: float, y: float, words: str, *, size: int = 13, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(words)}</text>'
