"""The measured part of docs/explanation/performance.md and its plot, written from one run's measurements."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from audit._util.cpu import cores
from benchmarks import captions
from benchmarks.stages import READ

ROOT = Path(__file__).resolve().parent.parent
Results = dict[str, dict[str, Any]]
COLD, WARM, USUAL, STAGES = "ours, cold", "ours, warm", "usual scripts", "stages"
MIB = 2**20
# Seconds that the whole audit is to take: (predictions, run)
GOALS = {("none", "cold"): 10, ("none", "warm"): 3}
# Around the measured part of the page.
BEGIN = "<!-- measured: benchmarks/performance_page.py writes what follows -->"
END = "<!-- end of what is measured -->"
# Around the part on the floor.
BEGIN_STAGES = "<!-- stages, measured: benchmarks/performance_page.py writes what follows -->"
END_STAGES = "<!-- end of what is measured of stages -->"
# Around the part on captions.
BEGIN_CAPTIONS = "<!-- captions, measured: benchmarks/performance_page.py writes what follows -->"
END_CAPTIONS = "<!-- end of what is measured of captions -->"
_UNITS = {
    "clean, normalise, tokenise": "bytes of text",
    "select rows": "rows",
    "count n-grams": "n-grams",
    "align words": "words",
    "draw resamples": "draws",
    "fold replicates": "products",
}


def seconds(value: float) -> str:
    """Three significant digits, no exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.{max(0, 2 - math.floor(math.log10(max(value, 1e-3))))}f}"


def table(results: Results, processors: int | None = None) -> str:
    """Time, ratios and peak memory of the ways to get the same numbers.

    Args:
        results: Of the measurements.
        processors: How many there were; by default this machine's.
    """
    usual = results.get(USUAL)
    number = cores() if processors is None else processors
    on = f"on {number} processor{'s' * (number != 1)}"
    lines = [
        f"| | seconds {on} | usual / this, {on} | processor seconds | usual / this, processor seconds | peak memory, MiB |",
        "| :-- | --: | --: | --: | --: | --: |",
    ]
    for name in (USUAL, COLD, WARM):
        if name in results:
            found = results[name]
            times = [
                f"{seconds(found[kind])} | {f'{usual[kind] / found[kind]:.0f}' if usual and name != USUAL else ''}"
                for kind in ("seconds", "processor")
            ]
            lines.append(f"| {name} | {' | '.join(times)} | {found['peak'] / MIB:,.0f} |")
    return "\n".join(lines)


def growth(results: Results) -> list[tuple[int, float, int]]:
    """(rows, seconds, peak bytes), fewest rows first."""
    return sorted((found["rows"], found["seconds"], found["peak"]) for found in results.values() if "rows" in found)


def growth_table(results: Results) -> str:
    """How time and memory grow with the rows."""
    lines = ["| rows | seconds | microseconds a row | processor seconds | peak memory, MiB |",
             "| --: | --: | --: | --: | --: |"]  # fmt: skip
    for found in sorted((f for f in results.values() if "rows" in f), key=lambda f: f["rows"]):
        rows, time = found["rows"], found["seconds"]
        times = f"{seconds(time)} | {time / rows * 1e6:,.0f} | {seconds(found['processor'])}"
        lines.append(f"| {rows:,} | {times} | {found['peak'] / MIB:,.0f} |")
    return "\n".join(lines)


def audit_table(results: Results) -> str:
    """The whole audit, cold and warm, beside the goals, met or missed."""
    lines = ["| predictions | run | seconds | goal | processor seconds |", "| :-- | :-- | --: | --: | --: |"]
    for name, found in results.items():
        if name.startswith("audit, "):
            _, rows, again = name.split(", ")
            goal = GOALS.get((rows, again))
            aim = "" if goal is None else f"{goal} s, {'met' if found['seconds'] <= goal else 'missed'}"
            times = f"{seconds(found['seconds'])} | {aim} | {seconds(found['processor'])}"
            lines.append(f"| {rows} | {again} | {times} |")
    return "\n".join(lines)


def report_table(results: Results) -> str:
    """Reports of made-up audits."""
    lines = ["| claims | values | PDF, seconds | processor seconds | PDF, kB | HTML, kB |",
             "| --: | --: | --: | --: | --: | --: |"]  # fmt: skip
    for name, found in results.items():
        if name.startswith("report, "):
            times = f"{seconds(found['seconds'])} | {seconds(found['processor'])}"
            sizes = f"{found['pdf_bytes'] / 1000:,.0f} | {found['html_bytes'] / 1000:,.0f}"
            lines.append(f"| {found['claims']} | {found['values']:,} | {times} | {sizes} |")
    return "\n".join(lines)


def stage_table(results: Results) -> str:
    """Each stage's processor time beside its floor."""
    if STAGES not in results:
        return ""
    lines = ["| stage | work | floor, s | spent, s | spent / floor |", "| :-- | --: | --: | --: | --: |"]
    stages = results[STAGES]["stages"]
    for name, found in stages.items():
        work = f"{found['work']:,} {_UNITS[name]}"
        ratio = f"{found['spent'] / found['floor']:.1f}" if found["floor"] else ""
        lines.append(f"| {name} | {work} | {seconds(found['floor'])} | {seconds(found['spent'])} | {ratio} |")
    floor, spent = (sum(found[key] for found in stages.values()) for key in ("floor", "spent"))
    lines.append(f"| all | | {seconds(floor)} | {seconds(spent)} | {spent / floor:.1f} |")
    return "\n".join(lines)


def step_table(results: Results, most: int = 12) -> str:
    """The steps that take most processor time, and what the rest of their stage takes."""
    if STAGES not in results:
        return ""
    steps = sorted(results[STAGES]["steps"].items(), key=lambda item: -item[1][0])
    whole = results[STAGES]["stages"][READ]["spent"]
    lines = ["| step | texts | spent, s | microseconds a text |", "| :-- | --: | --: | --: |"]
    for name, (spent, texts) in steps[:most]:
        lines.append(f"| {name} | {texts:,} | {seconds(spent)} | {1e6 * spent / texts:.1f} |")
    others = sum(spent for _, (spent, _) in steps[most:])
    lines.append(f"| others ({len(steps[most:])}) | | {seconds(others)} | |")
    lines.append(f"| keeping and looking up | | {seconds(whole - sum(spent for _, (spent, _) in steps))} | |")
    return "\n".join(lines)


def plot(results: Results) -> str:
    """Time and peak memory over rows, both axes logarithmic, as SVG."""
    points = growth(results)
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


def page(results: Results, machine: str, command: str, docs: Path = ROOT / "docs") -> None:
    """Write explanation/performance.md, but for what stands around the measured part, and assets/performance.svg.

    Args:
        results: Of the measurements that were made.
        machine: In words.
        command: What was run.
        docs: The documentation's folder.

    Raises:
        ValueError: The page lacks the comments around the measured part.
    """
    scored, values = f"{results[COLD]['rows_scored']:,}", len(results[COLD]["values"])
    text = f"""
Written by `{command}`.

Machine: {machine}. One run; another machine gives other seconds, and much the same ratios. Where processor seconds are
fewer than the processors could give in the time, the rest was waiting, or was others'.

## Against the usual scripts

Made-up text of the size of LibriSpeech test-clean and test-other and three CoVoST 2 test sets ({scored} rows), every named
convention of these tasks ({values} values), 1,000 bootstrap replicates each. The usual scripts prepare every text for every
convention, and call jiwer for each utterance, or sacreBLEU's `corpus_score` with its own bootstrap, in one process; this
program takes as many processes as there are processors. The benchmark checks that the values are equal (to 0.000002); the
intervals are not compared, since the draws are others. "Cold" starts from nothing, worker processes included; "warm" finds
counts and intervals in the cache.

{table(results)}

Peak memory is that of all processes together, each at its own peak.

## Growth

Twelve conventions of an ASR task, 1,000 paired replicates.

{growth_table(results)}

![Time and peak memory over the number of rows](../assets/performance.svg)

## The whole audit

`repro-audit run` as it comes, with the report in HTML, PDF, LaTeX and CSV and the signed package: without predictions, and
with predictions for the five sets above. "Warm" is the same run again.

{audit_table(results)}

## Reports

Made-up audits with 200 conventions for each claim that has values.

{report_table(results)}
"""
    _write_between(BEGIN, END, text, docs)
    (docs / "assets" / "performance.svg").write_text(plot(results), encoding="utf-8")


def stages_page(results: Results, machine: str, command: str, docs: Path = ROOT / "docs") -> None:
    """Write the part on the floor of explanation/performance.md.

    Args:
        results: Of the measurements that were made.
        machine: In words.
        command: What was run.
        docs: The documentation's folder.

    Raises:
        ValueError: The page lacks the comments around the part.
    """
    text = f"""
Written by `{command}`.

Machine: {machine}. Processor seconds of one cold run over the same sets in one process, beside a floor: the bytes, integers
and products that cannot be avoided, each at the speed at which this machine does that one thing alone
(`benchmarks/stages.py`). For texts this is one pass of `str.lower` over every text that a step is given; for n-grams one sort
of them as integers and one look-up a token, of every pair of texts that no convention before had; for words one look-up a
token; for resamples one draw and one tally a row; for folding one multiplication at the speed of a large matrix product for
every count that differs.

{stage_table(results)}

Of "clean, normalise, tokenise", the steps that take most, libraries' first loading included; what is left is keeping and
looking up the results of all steps, so that chains share them.

{step_table(results)}
"""
    _write_between(BEGIN_STAGES, END_STAGES, text, docs)


def captions_page(results: Results, machine: str, command: str, docs: Path = ROOT / "docs") -> None:
    """Write the part on captions of explanation/performance.md, which has a command of its own.

    Args:
        results: Of the measurements that were made.
        machine: In words.
        command: What was run.
        docs: The documentation's folder.

    Raises:
        ValueError: The page lacks the comments around the part.
    """
    text = f"""
Written by `{command}`.

Machine: {machine}. Outputs and captions of a published evaluation; every convention of METEOR 1.5, nltk's METEOR and
CIDEr-D, by scripts of pycocoevalcap and nltk, one after another and without intervals, and by this program with 1,000
replicates each. `coco` is METEOR and CIDEr-D on the same tokens, by one script. The benchmark checks that the values are equal
(to 0.000002). "Cold" starts every program and loads every library; the index of METEOR's paraphrases is there.

{captions.table(results)}
"""
    _write_between(BEGIN_CAPTIONS, END_CAPTIONS, text, docs)


def _write_between(begin: str, end: str, text: str, docs: Path) -> None:
    file = docs / "explanation" / "performance.md"
    before, found, rest = file.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{file}: the comments around the measured part are missing: {begin} ... {end}")
    file.write_text(f"{before}{found}\n{text}\n{closed}{after}", encoding="utf-8")
