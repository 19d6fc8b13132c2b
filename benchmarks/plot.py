"""The plot of docs/explanation/performance.md."""

from __future__ import annotations

import math
from collections.abc import Sequence

MIB = 2**20


def plot(points: Sequence[tuple[int, float, int]]) -> str:
    """Time and peak memory over rows, both axes logarithmic, as SVG.

    Args:
        points: (rows, seconds, peak bytes), fewest rows first.
    """
    wide, high, left, bottom = 640, 360, 64, 48
    right = 64
    x0, x1 = math.log10(points[0][0]), math.log10(points[-1][0])
    span = max(x1 - x0, 1)
    times = [time for _, time, _ in points]
    low, top = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    mib = [peak / MIB for _, _, peak in points]
    low2, top2 = math.floor(math.log10(min(mib))), math.ceil(math.log10(max(mib)))

    def x(rows: int) -> float:
        return left + (math.log10(rows) - x0) / span * (wide - left - right)

    def y(value: float, base: int, end: int) -> float:
        return high - bottom - (math.log10(value) - base) / max(end - base, 1) * (high - bottom - 24)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="13">',
        "<title>Time and peak memory of scoring over the number of rows</title>",
        f'<rect width="{wide}" height="{high}" fill="#fff"/>',
    ]
    for power in range(low, top + 1):
        at = y(10.0**power, low, top)
        parts.append(f'<path d="M{left} {at:.1f}H{wide - right}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{at + 4:.1f}" text-anchor="end" fill="#0b5cad">{10.0**power:g}</text>')
    for power in range(low2, top2 + 1):
        at = y(10.0**power, low2, top2)
        parts.append(f'<text x="{wide - right + 8}" y="{at + 4:.1f}" fill="#a04000">{10**power:,}</text>')
    for rows, _, _ in points:
        parts.append(f'<text x="{x(rows):.1f}" y="{high - bottom + 18}" text-anchor="middle">{rows:,}</text>')
    for values, base, end, colour, dash in ((times, low, top, "#0b5cad", ""), (mib, low2, top2, "#a04000", "5 4")):
        dots = [(x(rows), y(value, base, end)) for (rows, _, _), value in zip(points, values, strict=True)]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in dots)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="{colour}"/>' for a, b in dots]
    parts += [
        f'<text x="{left - 8}" y="14" text-anchor="end" fill="#0b5cad">seconds</text>',
        f'<text x="{wide - 4}" y="14" text-anchor="end" fill="#a04000">peak, MiB (dashed)</text>',
        f'<text x="{(left + wide - right) / 2}" y="{high - 8}" text-anchor="middle">rows</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
