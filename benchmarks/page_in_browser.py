"""Time of the HTML report in a real Chromium: `python -m benchmarks.page_in_browser` prints a table for the documentation.

A made-up audit of 4,200 values that follow from their counts, with a signature. A filter's time runs from the event in the
field to the frame in which its result is painted; its processor time is that of the page's thread, which other work on the
machine does not lengthen. Filters are changed so that every turn shows other rows than the one before.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from audit.document.write import to_bytes
from audit.facts import Claim
from audit.provenance.records import page_seal
from audit.report.page import render
from audit.report.script import script
from audit.schema import AuditDocument, Fold, Measurement
from audit.verdict.agreement import Target
from tasks.statistics.bootstrap import stored
from tests.support import browser as chromium
from tests.support.example_audit import build, document
from tests.support.provenance import made

CLAIMS, CONVENTIONS, TURNS = 23, 200, 12
# What is done: the field, and the values that it gets in turn.
FILTERS = {
    "search": ("search", ("c1", "c2", "")),
    "origin": (1, ("recorded", "recomputed", "")),
    "grade": (2, ("C", "D", "")),
    "agreement": (3, ("better", "worse", "")),
}
_TIMED = """async ([field, value]) => {
  const input = field === "search" ? document.querySelector("#find input") : document.querySelectorAll("#find select")[field];
  const start = performance.now();
  input.value = value;
  input.dispatchEvent(new Event(field === "search" ? "input" : "change"));
  await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
  return performance.now() - start;
}"""


def audit() -> AuditDocument:
    """A made-up audit whose values follow from counts of errors in words."""
    base = document(build(claims=CLAIMS, conventions=CONVENTIONS, hostile=False))
    claims, rng = {claim.id: claim for claim in base.claims}, random.Random(5)
    measurements = (_counted(one, claims[one.claim or ""], base, rng) for one in base.measurements)
    verdicts = (replace(verdict, reasons=(), odds=None, certificate=None) for verdict in base.verdicts)
    return replace(base, measurements=tuple(measurements), verdicts=tuple(verdicts))


def _counted(one: Measurement, claim: Claim, base: AuditDocument, rng: random.Random) -> Measurement:
    held = Target(claim.value, claim.direction, base.study.margins[claim.metric].value)
    if one.origin == "recorded":
        return replace(one, agreement=held.compare(Fraction(one.value or "0")))
    whole, words = 100 if claim.unit == "percent" else 1, rng.randint(20_000, 60_000)
    errors = round(words * float(one.value or 0) / whole)
    exact = Fraction(errors, words)
    return replace(
        one,
        value=format(stored(exact) * whole, "f"),
        counts={"errors": errors, "words": words},
        fold=Fold("ratio", 1, ("errors",), ("words",)),
        agreement=held.compare(exact * whole),
        whole=None,
    )


def _spent(session: Any) -> float:
    """Processor milliseconds of the page's thread."""
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"]) * 1000


def main() -> int:
    """Print the table."""
    if chromium.CHROMIUM is None:
        print("needs Chromium", file=sys.stderr)
        return 1
    example = audit()
    page = page_seal.sign(render(example).encode(), to_bytes(example), made.key(1))
    with tempfile.TemporaryDirectory() as folder, chromium.browser() as browser:
        path = Path(folder, "report.html")
        path.write_bytes(page)
        with chromium.opened(browser, path) as opened:
            assert opened.differences == []
            loaded, line = opened("performance.now()"), opened.line
            opened.page.locator("button[aria-controls=find]").click()
            session = opened.page.context.new_cdp_session(opened.page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            times: dict[str, list[tuple[float, float]]] = {name: [] for name in FILTERS}
            for name, (field, values) in FILTERS.items():
                for turn in range(TURNS):
                    before = _spent(session)
                    painted = opened(_TIMED, [field, values[turn % len(values)]])
                    times[name].append((painted, _spent(session) - before))
    print(
        f"{len(example.measurements):,} values; HTML {len(page) / 1000:,.0f} kB, of it script {len(script()) / 1000:.1f} kB."
    )
    print(f"{line} From the start of loading to the end of the check: {loaded / 1000:.1f} s.\n")
    print("| filter | until painted, median, ms | fastest | processor, median, ms | most |")
    print("| :-- | --: | --: | --: | --: |")
    for name, found in times.items():
        painted_, spent = zip(*found, strict=True)
        numbers = (statistics.median(painted_), min(painted_), statistics.median(spent), max(spent))
        print(f"| {name} | {' | '.join(f'{number:.0f}' for number in numbers)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
