"""A gap and its parts as lines for a terminal of 80 columns."""

from __future__ import annotations

from fractions import Fraction
from textwrap import wrap

from audit._util.adding_up import adding_up, rounded
from audit.schema import AttributedGap, Interval
from tasks.analysis.attribution import Decomposition

# Decimals shown, the terminal's columns, and those of a label.
PLACES, _WIDTH, _LABEL = 4, 80, 41


def table(gap: AttributedGap) -> list[str]:
    """A gap and its parts as lines of at most 80 columns; rounded, the parts still add up."""
    start, end = rounded(Fraction(gap.start), PLACES), rounded(Fraction(gap.end), PLACES)
    parts = adding_up([Fraction(step.part) for step in gap.steps], end - start, PLACES)
    found = [f"{'':<{_LABEL}} {'part':>11}  {'95 % interval':>23}", _line(gap.first, f"{start:f}")]
    for step, part in zip(gap.steps, parts, strict=True):
        found.append(_line(f"  {', '.join(step.axes)}: {step.before} > {step.after}", f"{part:+f}", step.interval))
    if not gap.steps:
        found.append("  (no step differs)")
    elif not any(Fraction(step.part) for step in gap.steps):
        found.append("  (no step changes the value on these rows)")
    found += [_line(gap.second, f"{end:f}"), _line("gap", f"{end - start:+f}", gap.interval)]
    if gap.residual is not None:
        found.append(_line(f"rounding, to {gap.printed}", f"{rounded(Fraction(gap.residual), PLACES):+f}"))
    if gap.interval is None and gap.rows < 2:
        found.append("no intervals: there is only one row")
    if gap.scored[0] != gap.scored[1]:
        found.append(f"rows scored: {gap.scored[0]}, then {gap.scored[1]} of {gap.rows}")
    for pair in gap.pairs:
        names = " and ".join(", ".join(gap.steps[n].axes) for n in (pair.first, pair.second))
        found.append(f"interaction of {names}: {rounded(Fraction(pair.amount), PLACES):+f}")
    return found


def wrapped(line: str) -> list[str]:
    """A line as lines of at most 80 columns, the further ones indented."""
    if len(line) <= _WIDTH:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    return wrap(line, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False)


def _line(label: str, number: str, interval: Interval | None = None) -> str:
    cut = label if len(label) <= _LABEL else f"{label[: _LABEL - 3]}..."
    bounds = f"  {_short(interval.low):>10} to {_short(interval.high):>9}" if interval else ""
    return f"{cut:<{_LABEL}} {number:>11}{bounds}"


def _short(number: str) -> str:
    return f"{rounded(Fraction(number), PLACES):+f}"


def steps_of(gap: AttributedGap) -> str:
    """`normaliser = lower (-1.2000), fold = corpus (+0.1000)`."""
    steps = (f"{', '.join(step.axes)} = {step.after} ({rounded(Fraction(step.part), PLACES):+f})" for step in gap.steps)
    return "; ".join(steps) or "none: the convention prints it itself"


def spread_lines(spread: Decomposition) -> list[str]:
    """The share of every axis in the spread of a multiverse, largest first."""
    found = [
        "",
        f"Spread of {spread.pipelines} pipelines: variance {spread.variance:.4f}; each axis' share, and alone:",
    ]
    for axis, share in sorted(spread.shares.items(), key=lambda item: -item[1]):
        found.append(f"  {axis:<20} {100 * share:>6.2f} %  {100 * spread.alone[axis]:>6.2f} %")
    if spread.left_out:
        names = ", ".join(f"{axis} = {option}" for axis, option in spread.left_out)
        found.append(f"Left out, since they have no value on these rows: {names}")
    return found
