"""The band of values that print as the reported one, drawn alike in every figure."""

from __future__ import annotations

from audit.report.figures.svg import BAND, BAND_EDGE, REPORTED, element, number, text
from audit.report.language import tr, trc


def band(
    value: str, heights: tuple[float, float, float], sides: tuple[float, float], top: float, *, label: float | None
) -> list[str]:
    """The band, a dashed line at the reported value, and the label.

    Args:
        value: The reported value, as the label shows it.
        heights: Of the band's upper edge, the reported value and the band's lower edge; downwards.
        sides: The left and the right end of the plot.
        top: The height at which the plot begins.
        label: The height of the label at the right of the plot; None where there is no room for it.
    """
    upper, middle, lower = heights
    left, right = sides
    parts = [
        element("rect", x=left, y=upper, width=right - left, height=max(lower - upper, 0.8), fill=BAND),
        element("path", d=f"M{number(left)} {number(middle)}H{number(right)}", stroke=BAND_EDGE, stroke_width="1",
                stroke_dasharray="4 2"),
    ]  # fmt: skip
    if label is None:
        # Above the band, or below it at the top of the plot.
        y = upper - 4.0 if upper - 14.0 > top else lower + 12.0
        words = element("text", text(tr("reported {value}", value=value)), x=right, y=y, fill=REPORTED, font_weight="600",
                        text_anchor="end", stroke="#ffffff", stroke_width="3", paint_order="stroke")  # fmt: skip
        return [*parts, words]
    return [
        *parts,
        element(
            "text",
            text(trc("beside the line of the reported value", "reported")),
            x=right + 6,
            y=label - 1.5,
            fill=REPORTED,
        ),
        element("text", text(value), x=right + 6, y=label + 10.5, fill=REPORTED, font_weight="600"),
    ]
