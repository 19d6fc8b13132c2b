"""The tables of docs/explanation/performance.md: medians over the runs, with the fastest and the slowest in brackets."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.groups import COLD, HELPS, INDEX, LISTING, OURS, USUAL, WARM
from benchmarks.plot import MIB
from benchmarks.results import Measured, Spread, significant
from benchmarks.stages import READ

# Seconds that the whole audit is to take: (predictions, run)
GOALS = {("none", "cold"): 10, ("none", "warm"): 3}
# Seconds until the report is to be there.
REPORT_GOAL = 5
# Seconds of a command that lists, and of one that only says what it does.
LISTING_GOAL, HELP_GOAL = 0.3, 0.1
_UNITS = {
    "clean, normalise, tokenise": "bytes of text",
    "select rows": "rows",
    "count n-grams": "n-grams",
    "align words": "words",
    "draw resamples": "draws",
    "fold replicates": "products",
}


def goal(numbers: Sequence[float], most: float) -> str:
    """Whether a goal is met: in every run, in none, or in how many."""
    met = sum(number <= most for number in numbers)
    said = "met" if met == len(numbers) else "missed" if met == 0 else f"met in {met} of {len(numbers)} runs"
    return f"{most:g} s, {said}"


def times(measured: Measured, name: str, usual: str | None) -> str:
    """Four cells: seconds and processor seconds, and how many times as much another way takes, if there is one."""
    cells = []
    for key in ("seconds", "processor"):
        cells.append(measured.spread(name, key).text())
        # Three digits of a ratio would be more than its range allows.
        cells.append(measured.ratio(usual, name, key).text(2) if usual is not None else "")
    return " | ".join(cells)


def scoring(measured: Measured) -> str:
    """Time, ratios and peak memory of the usual scripts, and of this program cold and warm."""
    lines = [
        "| way | seconds | usual / this | processor seconds | usual / this | peak memory, MiB |",
        "| :-- | --: | --: | --: | --: | --: |",
    ]
    for way in (USUAL, COLD, WARM):
        name = f"scoring/{way}"
        found = times(measured, name, None if way == USUAL else f"scoring/{USUAL}")
        lines.append(f"| {way} | {found} | {measured.spread(name, 'peak').most / MIB:,.0f} |")
    return "\n".join(lines)


def programs(measured: Measured) -> str:
    """Each program of others beside this one."""
    lines = ["| what | program | seconds | other / this | processor seconds | other / this |",
             "| :-- | :-- | --: | --: | --: | --: |"]  # fmt: skip
    names = measured.names()
    for own in (name for name in names if name.endswith(f"/{OURS}")):
        group = own.removesuffix(f"/{OURS}")
        [peer] = (name for name in measured.names(f"{group}/") if name != own)
        way = peer.removeprefix(f"{group}/")
        failed = measured.failed(peer)
        lines.append(f"| {group} | {way} | {_not_measured(failed) if failed else times(measured, peer, None)} |")
        lines.append(f"| | this program | {times(measured, own, None if failed else peer)} |")
    return "\n".join(lines)


def _not_measured(reason: str) -> str:
    """Four cells that give the reason."""
    return f"not measured: {_cell(reason)} | | |"


def _cell(text: str) -> str:
    """A text that neither ends a cell nor becomes markup."""
    return "`" + text.replace("|", "/").replace("`", "'") + "`"


def growth_points(measured: Measured) -> list[tuple[int, float, int]]:
    """(rows, median of the seconds, most peak bytes), fewest rows first."""
    names = measured.names("growth/")
    return sorted(
        (int(measured.first(name)["rows"]), measured.spread(name, "seconds").median,
         int(measured.spread(name, "peak").most)) for name in names
    )  # fmt: skip


def growth(measured: Measured) -> str:
    """How time and memory grow with the rows."""
    lines = ["| rows | seconds | microseconds a row | processor seconds | peak memory, MiB |",
             "| --: | --: | --: | --: | --: |"]  # fmt: skip
    for name in sorted(measured.names("growth/"), key=lambda name: int(measured.first(name)["rows"])):
        rows, seconds = int(measured.first(name)["rows"]), measured.spread(name, "seconds")
        lines.append(
            f"| {rows:,} | {seconds.text()} | {seconds.median / rows * 1e6:,.0f} | "
            f"{measured.spread(name, 'processor').text()} | {measured.spread(name, 'peak').most / MIB:,.0f} |"
        )
    return "\n".join(lines)


def audit(measured: Measured) -> str:
    """The whole audit, cold and warm, beside the goals, met or missed."""
    lines = ["| predictions | run | seconds | goal | processor seconds |", "| :-- | :-- | --: | --: | --: |"]
    for name in measured.names("audit, "):
        rows, again = name.removeprefix("audit, ").split("/")
        most = GOALS.get((rows, again))
        aim = "" if most is None else goal(measured.numbers(name, "seconds"), most)
        found = (measured.spread(name, key).text() for key in ("seconds", "processor"))
        lines.append(f"| {rows} | {again} | {f' | {aim} | '.join(found)} |")
    return "\n".join(lines)


def reports(measured: Measured) -> str:
    """Reports of made-up audits."""
    lines = ["| claims | values | PDF, seconds | processor seconds | PDF, kB | HTML, kB |",
             "| --: | --: | --: | --: | --: | --: |"]  # fmt: skip
    for name in measured.names("reports/"):
        first = measured.first(name)
        found = " | ".join(measured.spread(name, key).text() for key in ("seconds", "processor"))
        sizes = f"{first['pdf_bytes'] / 1000:,.0f} | {first['html_bytes'] / 1000:,.0f}"
        lines.append(f"| {first['claims']} | {first['measurements']:,} | {found} | {sizes} |")
    return "\n".join(lines)


def stages(measured: Measured) -> str:
    """Each stage's processor time beside its floor."""
    name = "stages/stages"
    lines = ["| stage | work | floor, s | spent, s | spent / floor |", "| :-- | --: | --: | --: | --: |"]
    first = measured.first(name)["stages"]
    numbers = {
        key: {stage: measured.numbers(name, "stages", stage, key) for stage in first} for key in ("floor", "spent")
    }
    whole = {key: [sum(run) for run in zip(*some.values(), strict=True)] for key, some in numbers.items()}
    for stage, found in first.items():
        work = f"{int(found['work']):,} {_UNITS[stage]}"
        lines.append(_stage(stage, work, numbers["floor"][stage], numbers["spent"][stage]))
    lines.append(_stage("all", "", whole["floor"], whole["spent"]))
    return "\n".join(lines)


def _stage(name: str, work: str, floor: Sequence[float], spent: Sequence[float]) -> str:
    ratio = Spread.of([took / least for took, least in zip(spent, floor, strict=True)]).text() if all(floor) else ""
    return f"| {name} | {work} | {Spread.of(floor).text()} | {Spread.of(spent).text()} | {ratio} |"


def steps(measured: Measured, most: int = 12) -> str:
    """The steps that take most processor time, by the median, and what the rest of their stage takes."""
    name = "stages/stages"
    known = measured.first(name)["steps"]
    spent = {step: measured.numbers(name, "steps", step, 0) for step in known}
    order = sorted(known, key=lambda step: -Spread.of(spent[step]).median)
    lines = ["| step | texts | spent, s | microseconds a text |", "| :-- | --: | --: | --: |"]
    for step in order[:most]:
        seconds, texts = Spread.of(spent[step]), int(known[step][1])
        lines.append(f"| {step} | {texts:,} | {seconds.text()} | {significant(1e6 * seconds.median / texts, 2)} |")
    others = order[most:]
    whole = measured.numbers(name, "stages", READ, "spent")
    runs = range(len(whole))
    rest = [sum(spent[step][run] for step in others) for run in runs]
    kept = [whole[run] - sum(spent[step][run] for step in known) for run in runs]
    lines.append(f"| others ({len(others)}) | | {Spread.of(rest).text()} | |")
    lines.append(f"| keeping and looking up | | {Spread.of(kept).text()} | |")
    return "\n".join(lines)


def captions(measured: Measured) -> str:
    """Scripts, aac-metrics and this program, and how many times as long the others take as this one."""
    both = "scripts / this | aac-metrics / this"
    lines = [f"| conventions | values | way | seconds | {both} | processor seconds | {both} |",
             "| :-- | --: | :-- | --: | --: | --: | --: | --: | --: |"]  # fmt: skip
    for which in ("coco", "all"):
        usual, aac = f"captions/{which}, {USUAL}", f"captions/{which}, aac-metrics"
        number = len(measured.first(f"captions/{which}, {COLD}")["values"])
        reason = measured.failed(aac) if aac in measured else "does not compute it"
        for way in (USUAL, "aac-metrics", COLD, WARM):
            name = f"captions/{which}, {way}"
            if name == aac and reason:
                if aac in measured:
                    lines.append(f"| {which} | {number} | {way} | not measured: {_cell(reason)} | | | | | |")
                continue
            cells = []
            for key in ("seconds", "processor"):
                cells.append(measured.spread(name, key).text())
                for other, known in ((usual, True), (aac, not reason)):
                    beside = known and way in {COLD, WARM}
                    cells.append(measured.ratio(other, name, key).text(2) if beside else "")
            lines.append(f"| {which} | {number} | {way} | {' | '.join(cells)} |")
    index = f"captions/{INDEX}"
    seconds, processor = (measured.spread(index, key).text() for key in ("seconds", "processor"))
    size = f"{measured.first(index)['bytes'] / 1e6:.0f} MB"
    lines.append(f"| index, once a machine | | {size} | {seconds} | | | {processor} | | |")
    return "\n".join(lines)


def files(measured: Measured) -> str:
    """When each file of a run is there."""
    lines = ["| file | seconds until it is there | goal | kB |", "| :-- | --: | --: | --: |"]
    name = "files/run"
    first = measured.first(name)
    for file, size in first["bytes"].items():
        seconds = measured.numbers(name, "files", file)
        aim = goal(seconds, REPORT_GOAL) if file == "report.pdf" else ""
        lines.append(f"| {file} | {Spread.of(seconds).text()} | {aim} | {size / 1000:,.0f} |")
    return "\n".join(lines)


def starts(measured: Measured) -> str:
    """Commands that are over as soon as they have started."""
    lines = ["| command | seconds | goal | processor seconds |", "| :-- | --: | --: | --: |"]
    number = measured.first(f"starts/{HELPS}")["commands"]
    for way, what, aim in (
        (LISTING, "`repro-audit conventions`", LISTING_GOAL),
        (HELPS, f"`--help` of {number} commands, the slowest", HELP_GOAL),
    ):
        name = f"starts/{way}"
        met = goal(measured.numbers(name, "seconds"), aim)
        lines.append(
            f"| {what} | {measured.spread(name, 'seconds').text()} | {met} | {measured.spread(name, 'processor').text()} |"
        )
    return "\n".join(lines)


def browser(measured: Measured) -> str:
    """Milliseconds of every filter."""
    lines = ["| filter | until painted, ms | processor, ms |", "| :-- | --: | --: |"]
    name = "browser/page"
    for one in measured.first(name)["filters"]:
        found = (measured.spread(name, "filters", one, key).text(2) for key in ("painted", "processor"))
        lines.append(f"| {one} | {' | '.join(found)} |")
    return "\n".join(lines)
