"""The measured parts of docs/explanation/performance.md and its plot; what stands between them is written by hand."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import tables
from benchmarks.groups import COLD, Group
from benchmarks.plot import plot
from benchmarks.results import Measured, Results

DOCS = Path(__file__).resolve().parent.parent / "docs"
# Distributions whose names are spelt otherwise on the page.
_NAMES = {"sacrebleu": "sacreBLEU", "numpy": "NumPy"}


@dataclass(frozen=True)
class Occasion:
    """Where and how was measured.

    Attributes:
        command: As one can give it again.
        machine: In words.
        python: Its version.
        runs: Of everything.
    """

    command: str
    machine: str
    python: str
    runs: int

    def sentence(self, loads: Sequence[float], versions: Mapping[str, str]) -> str:
        """The first lines of a part."""
        least, most = (f"{load:.1f}" for load in (min(loads), max(loads)))
        runs = f"{self.runs} run{'s' * (self.runs != 1)}"
        libraries = "".join(f"; {_NAMES.get(name, name)} {version}" for name, version in versions.items())
        between = least if least == most else f"{least} to {most}"
        return textwrap.fill(
            f"Written by `{self.command}`: {runs}, load average {between} before a run; {self.machine}; "
            f"Python {self.python}{libraries}.",
            width=125, break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip


def around(part: str) -> tuple[str, str]:
    """The comments around a part of the page."""
    return f"<!-- measured: {part}; `python -m benchmarks` writes what follows -->", f"<!-- end of {part} -->"


def _scoring(measured: Measured) -> str:
    cold = measured.first(f"scoring/{COLD}")
    return f"""\
Made-up text of the size of LibriSpeech test-clean and test-other and three CoVoST 2 test sets ({cold["rows"]:,} rows), every
named convention of these tasks that can be computed here ({len(cold["values"])} values), 1,000 bootstrap replicates each. The
usual scripts prepare every text for every convention, and call jiwer for each utterance, or sacreBLEU's `corpus_score` with
its own bootstrap, in one process; this program takes as many processes as there are processors. "Cold" starts from nothing,
worker processes included; "warm" finds counts and intervals in the cache.

{tables.scoring(measured)}

Every run checks that the values are equal (to 0.000002 per cent); the intervals are not compared, since the draws are others.
Peak memory is that of all processes together, each at its own peak, the most of all runs."""


def _programs(measured: Measured) -> str:
    return f"""\
Whole programs from their start to their end, one convention each (two for speakers), without intervals, but for the paired
bootstrap (1,000 replicates). The others get texts after the convention's steps, which this program does itself; preparing them
is not measured. Every run checks that the values are equal (to 0.000002 per cent).

{tables.programs(measured)}

`evaluate` is Hugging Face's, with its metrics `wer` and `sacrebleu`. sacreBLEU's paired bootstrap is what `sacrebleu
--paired-bs` runs; this program's is `repro-audit compare`, which also says which rows make the difference and of what kind
they are. Their p-value and interval are not compared, since the draws are others. meeteval's ORC-WER, with the sides exchanged
where there are more sentences than speakers, has the errors of the convention `cpwer-merge`."""


def _growth(measured: Measured) -> str:
    return f"""\
Twelve conventions of an ASR task, 1,000 paired replicates.

{tables.growth(measured)}

![Time and peak memory over the number of rows](../assets/performance.svg)"""


def _audit(measured: Measured) -> str:
    return f"""\
`repro-audit run` as it comes, with the report in HTML, PDF, LaTeX and CSV and the signed package: without predictions, and
with predictions for the five sets above. "Warm" is the same run again.

{tables.audit(measured)}"""


def _reports(measured: Measured) -> str:
    return f"""\
Made-up audits with as many conventions for each claim that has values.

{tables.reports(measured)}"""


def _stages(measured: Measured) -> str:
    return f"""\
Processor seconds of one cold run over the same sets in one process, beside a floor: the bytes, integers and products that
cannot be avoided, each at the speed at which this machine does that one thing alone (`benchmarks/stages.py`). For texts this
is one pass of `str.lower` over every text that a step is given; for n-grams one sort of them as integers and one look-up a
token, of every pair of texts that no convention before had; for words one look-up a token; for resamples one draw and one
tally a row; for folding one multiplication at the speed of a large matrix product for every count that differs.

{tables.stages(measured)}

Of "clean, normalise, tokenise", the steps that take most, libraries' first loading included; what is left is keeping and
looking up the results of all steps, so that chains share them.

{tables.steps(measured)}"""


def _captions(measured: Measured) -> str:
    rows = measured.first(f"captions/coco, {COLD}")["rows"]
    return f"""\
The outputs and captions of the table ({rows:,} rows); every convention of METEOR 1.5, nltk's METEOR and CIDEr-D, by scripts of
pycocoevalcap and nltk, one after another and without intervals, and by this program with 1,000 replicates each. `coco` is
METEOR and CIDEr-D on the same tokens, by one script, and by aac-metrics. "Cold" starts every program and loads every library,
but for aac-metrics' import of torch, which is not measured; the index of METEOR's paraphrases is there.

{tables.captions(measured)}

Every run checks that the values are equal (to 0.000002 per cent). aac-metrics runs with Python's `-O`, since its checks refuse
Java after 13, and with METEOR 1.5 and CoreNLP 3.4.1 from pycocoevalcap, which it would fetch from elsewhere."""


def _files(measured: Measured) -> str:
    return f"""\
`repro-audit run` in a new process, without predictions and without any cache.

{tables.files(measured)}"""


def _starts(measured: Measured) -> str:
    return f"""\
Whole commands, from the start of Python to its end, a second time.

{tables.starts(measured)}"""


def _browser(measured: Measured) -> str:
    first = measured.first("browser/page")
    loaded = measured.spread("browser/page", "loaded")
    html, script = (first[key] / 1000 for key in ("html_bytes", "script_bytes"))
    return f"""\
{first["measurements"]:,} made-up values in Chromium; HTML {html:,.0f} kB, of it script {script:.1f} kB. The page is loaded and
has checked itself after {loaded.text()} s. It says: "{first["line"]}"

{tables.browser(measured)}

A filter's figure in a run is the median of its turns."""


TEXTS: dict[str, Callable[[Measured], str]] = {
    "scoring": _scoring,
    "programs": _programs,
    "growth": _growth,
    "audit": _audit,
    "reports": _reports,
    "stages": _stages,
    "captions": _captions,
    "files": _files,
    "starts": _starts,
    "browser": _browser,
}


def parts(groups: Sequence[Group], results: Results, occasion: Occasion) -> dict[str, str]:
    """The text of every part that has groups.

    Args:
        groups: What was measured; a part of which something is unavailable says why.
        results: Of all runs.
        occasion: Where and how.
    """
    texts = {}
    for part in dict.fromkeys(group.part for group in groups):
        here = [group for group in groups if group.part == part]
        reason = next((group.unavailable for group in here if group.unavailable), None)
        if reason is not None:
            texts[part] = f"Not measured by `{occasion.command}`: {reason}."
            continue
        ids = [group.id for group in here]
        measured = results.measured(ids, occasion.runs)
        said = occasion.sentence(results.loads(ids, occasion.runs), measured.versions())
        texts[part] = f"{said}\n\n{TEXTS[part](measured)}"
    return texts


def write(groups: Sequence[Group], results: Results, occasion: Occasion, docs: Path = DOCS) -> None:
    """Write the parts of explanation/performance.md that have groups, and with growth assets/performance.svg.

    Args:
        groups: What was measured.
        results: Of all runs.
        occasion: Where and how.
        docs: The documentation's folder.

    Raises:
        ValueError: The page lacks the comments around a part; nothing is written.
    """
    file = docs / "explanation" / "performance.md"
    text = file.read_text(encoding="utf-8")
    for part, said in parts(groups, results, occasion).items():
        text = between(text, part, said, file)
    file.write_text(text, encoding="utf-8")
    if any(group.part == "growth" and not group.unavailable for group in groups):
        points = tables.growth_points(results.measured(["growth"], occasion.runs))
        (docs / "assets" / "performance.svg").write_text(plot(points), encoding="utf-8")


def between(page: str, part: str, said: str, file: Path) -> str:
    """The page with another text in a part.

    Raises:
        ValueError: The page lacks the comments around the part.
    """
    begin, end = around(part)
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{file}: the comments around the measured part are missing: {begin} ... {end}")
    return f"{before}{found}\n\n{said}\n\n{closed}{after}"
