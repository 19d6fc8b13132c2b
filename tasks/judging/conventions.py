"""The judged conventions: the question, the parser of the reply, and the rules that turn judgements into counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from tasks.judging import fields
from tasks.judging.fields import Fields
from tasks.judging.parsers import PARSERS
from tasks.judging.verdict import BINARY, Failure, JudgedCounts, JudgeVerdict, Scale, best, count, total
from tasks.row import Row
from tasks.steps.clean import without_thinking

# Characters of a reply that is read; a judge is asked for a few thousand tokens.
MAX_REPLY = 100_000


@dataclass(frozen=True, slots=True)
class JudgedConvention:
    """A convention that needs a judge.

    Attributes:
        id: The id in the registry of conventions.
        family: The family whose tasks it scores.
        metric: `accuracy` or `following-rate`.
        template: The id of the prompt template.
        parts: Maps a row to its requests.
        parser: A name in `PARSERS`.
        scale: The scale of grades.
        failure: How the source counts a reply that cannot be parsed.
        group: Maps a row to its group, of which only the best row counts; by default each row is its own group.
        judge: The model whose judgements the source reports; empty if unknown.
        params: The source's sampling parameters, numbers as decimal strings.
        temperatures: Several temperatures, one of which is drawn for each row; empty if there is only one.
        probes: The variants that test the judge: `swapped` (position bias), `padded` (verbosity bias).
        source: Where the rule is documented.
        note: Caveats that a reader must know.
    """

    id: str
    family: str
    metric: str
    template: str
    parts: Fields
    parser: str
    scale: Scale = BINARY
    failure: Failure = "wrong"
    group: Callable[[Row], str] | None = None
    judge: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)
    temperatures: tuple[str, ...] = ()
    probes: tuple[str, ...] = ("padded",)
    source: str = ""
    note: str = ""

    @property
    def several(self) -> bool:
        """Whether it asks several questions about a row, one per answer."""
        return self.parts in fields.PER_ANSWER

    def part_names(self, row: Row) -> list[str]:
        """The names of the row's requests; needs none of the texts that only a judge reads.

        Raises:
            FieldError: The row has no answers, and the convention asks about each of them.
        """
        return fields.part_names(self.parts, row)

    def read(self, row: Row, reply: str, *, parser: str | None = None, variant: str = "") -> JudgeVerdict:
        """Parse a reply with the convention's parser or with `parser`.

        A reasoning model's thinking is not part of the reply: no source used such a judge, so their parsers do not know it.

        AIR-Bench's letter is converted to a grade here, because only the row knows which letter is correct.
        """
        name = parser or self.parser
        # What follows the cap of any judge's tokens was not asked for; expressions of others take quadratic time on it.
        verdict = JudgeVerdict(None, "unparsed") if len(reply) > MAX_REPLY else PARSERS[name](without_thinking(reply))
        if name == "air-bench" and not verdict.failed:
            right = verdict.label == fields.gold_letter(row, variant)
            return JudgeVerdict(Fraction(int(right)), "ok", verdict.label)
        return verdict


_HUFS = "jaeeewon/project-multimodal@d9e5d172"
_APPENDIX_G = "SALMONN, appendix G, table 6"
_HUFS_PARAMS: Mapping[str, str | int] = {"seed": 42, "max_tokens": 1024}

_AUDIOBENCH = JudgedConvention(
    id="audiobench-judge",
    family="classification",
    metric="accuracy",
    template="audiobench-0-5",
    parts=fields.plain,
    parser="audiobench",
    scale=Scale(0, 5, 1000),
    failure="zero",
    judge="casperhansen/llama-3-70b-instruct-awq",
    params={"max_tokens": 512},
    probes=("swapped", "padded"),
    source="AudioLLMs/AudioBench@babe4a2 (log of 2024), eval_methods/eval_llama3_70b.py",
    note="The source sets no temperature, so the judge samples. The share of full marks is the mean grade times 20.",
)
_AUDIOBENCH_BINARY = replace(
    _AUDIOBENCH,
    id="audiobench-judge-binary",
    template="audiobench-binary",
    scale=Scale(0, 1, 1000),
    source="AudioLLMs/AudioBench@e991641:eval_methods/eval_llama3_70b.py 145-256",
    note="The source sets no temperature, so the judge samples.",
)

CONVENTIONS: tuple[JudgedConvention, ...] = (
    JudgedConvention(
        id="paper-judge",
        family="spoken-qa",
        metric="accuracy",
        template="sqqa-paper",
        parts=fields.spoken_qa,
        parser="correct-text",
        judge="gpt-3.5",
        probes=("swapped", "padded"),
        source=_APPENDIX_G,
        note="The snapshot of GPT-3.5, its sampling parameters and the rule for several answers are not published;"
        " here an output is correct if the judge accepts it for any answer labelled correct.",
    ),
    JudgedConvention(
        id="hufs-judge",
        family="spoken-qa",
        metric="accuracy",
        template="sqqa-paper",
        parts=fields.spoken_qa_candidates,
        parser="correct-hufs",
        judge="Qwen/Qwen3-8B",
        params=_HUFS_PARAMS,
        probes=("swapped", "padded"),
        source=f"{_HUFS}:dist_eval/eval_sqqa.py",
        note="Correct if accepted for any candidate sentence, regardless of its label: an upper bound."
        " The source switches thinking off.",
    ),
    JudgedConvention(
        id="hufs-judge",
        family="slots",
        metric="accuracy",
        template="slot-hufs",
        parts=fields.slot,
        parser="yes-exact",
        judge="Qwen/Qwen3-8B",
        params=_HUFS_PARAMS,
        probes=("swapped", "padded"),
        source=f"{_HUFS}:dist_eval/eval_sf.py",
        note="Asked once per slot. The source switches thinking off.",
    ),
    JudgedConvention(
        id="llaso-judge",
        family="slots",
        metric="accuracy",
        template="slot-llaso",
        parts=fields.slot_question,
        parser="one-to-five",
        scale=Scale(1, 5),
        judge="gpt-4o-mini",
        params={"temperature": "0.1"},
        source="EIT-NLP/LLaSO@0907788:llaso/evaluation/metrics/",
        note="The source's prompt and parser are not known: template and parser are our own.",
    ),
    JudgedConvention(
        id="paper-judge",
        family="co-reasoning",
        metric="accuracy",
        template="sac-success",
        parts=fields.coreasoning,
        parser="response-text",
        judge="gpt-3.5",
        probes=("swapped", "padded"),
        source=_APPENDIX_G,
        note="The data are not released.",
    ),
    JudgedConvention(
        id="paper-judge",
        family="co-reasoning",
        metric="following-rate",
        template="sac-attempt",
        parts=fields.coreasoning,
        parser="response-text",
        judge="gpt-3.5",
        source=_APPENDIX_G,
        note="The data are not released.",
    ),
    JudgedConvention(
        id="jasco-judge",
        family="co-reasoning",
        metric="accuracy",
        template="jasco",
        parts=fields.scene,
        parser="jasco",
        scale=Scale(0, 2),
        failure="zero",
        group=fields.scene_group,
        judge="meta-llama/Meta-Llama-3.1-70B-Instruct",
        params={"max_tokens": 1000},
        source="BenoitWang/What_Are_They_Doing@e728f83:evaluation/eval.py",
        note="The best of eight prompts counts, which gives a higher score than any single prompt.",
    ),
    JudgedConvention(
        id="sakura-judge",
        family="multiple-choice",
        metric="accuracy",
        template="sakura",
        parts=fields.plain,
        parser="sakura",
        judge="gpt-4o-2024-11-20",
        params={"temperature": "0", "top_p": "0.9"},
        probes=("swapped", "padded"),
        source="ckyang1124/SAKURA@a1fdb14:evaluation/llm_judge.py",
        note="The source repairs replies that cannot be parsed by hand and keeps them in the denominator.",
    ),
    JudgedConvention(
        id="air-bench-align",
        family="multiple-choice",
        metric="accuracy",
        template="air-bench-align",
        parts=fields.multiple_choice,
        parser="air-bench",
        failure="excluded",
        judge="gpt-3.5-turbo",
        params={"max_tokens": 1024},
        temperatures=("1.0", "2.0"),
        probes=("swapped", "padded"),
        source="OFA-Sys/AIR-Bench@9832476:align_in_foundation.py 170-218, score_foundation.py 9-86",
        note="The judge is told to choose at random if no option matches, and about half of the"
        " requests are sent at temperature 2.0: part of every score is random.",
    ),
    JudgedConvention(
        id="au-harness-judge",
        family="multiple-choice",
        metric="accuracy",
        template="au-harness-binary",
        parts=fields.pair,
        parser="au-harness",
        scale=Scale(0, 1, 1000),
        failure="zero",
        judge="gpt-4o-mini",
        params={"temperature": "0.1"},
        probes=("swapped", "padded"),
        source="ServiceNow/AU-Harness@daa0616:metrics/llm_judge.py 85-127, 225-232, 281-317",
        note="The judge sees neither the question nor the options.",
    ),
    _AUDIOBENCH,
    _AUDIOBENCH_BINARY,
    # The same questions with the same rules, for data sets whose answers are sentences.
    *(replace(item, family="open-answers") for item in (_AUDIOBENCH, _AUDIOBENCH_BINARY)),
)


def find(family: str, convention: str, metric: str = "accuracy") -> JudgedConvention | None:
    """The judged convention of a family and metric, or None."""
    for item in CONVENTIONS:
        if item.id == convention and item.family == family and item.metric == metric:
            return item
    return None


def row_counts(
    convention: JudgedConvention,
    verdicts: Sequence[JudgeVerdict],
    *,
    failure: Failure | None = None,
    followed: bool | None = None,
) -> JudgedCounts:
    """The counts of one row from its judgements.

    Of several judgements of a row (one per answer), the best counts. A row without requests (a
    question without a correct answer) is wrong, whatever the judge. If `followed` is given, the score is
    over followed rows: a row that did not follow the instruction is excluded.
    """
    if followed is False:
        return JudgedCounts(excluded=1)
    if not verdicts:
        return count(JudgeVerdict(Fraction(0)), convention.scale, "wrong")
    return count(best(verdicts), convention.scale, failure or convention.failure)


def fold(
    convention: JudgedConvention,
    rows: Iterable[tuple[Row, Sequence[JudgeVerdict]]],
    *,
    failure: Failure | None = None,
) -> JudgedCounts:
    """The counts of a set; if the convention groups rows, each group counts once, by its best row.

    As in the source, the failure rule is applied to the rows of a group before the best is taken; a
    group whose rows are all excluded is removed from the denominator.
    """
    if convention.group is None:
        return total(row_counts(convention, verdicts, failure=failure) for _, verdicts in rows)
    groups: dict[str, list[JudgedCounts]] = {}
    for row, verdicts in rows:
        groups.setdefault(convention.group(row), []).append(row_counts(convention, verdicts, failure=failure))
    return total(best_of(members) for _, members in sorted(groups.items()))


def best_of(members: Sequence[JudgedCounts]) -> JudgedCounts:
    """The counts of a group: those of its best row that is not excluded."""
    kept = [member for member in members if member.kept]
    failed = int(any(member.failed for member in members))
    if not kept:
        return JudgedCounts(excluded=1, failed=failed)
    top = max(kept, key=lambda member: member.points)
    return JudgedCounts(top.points, top.possible, 1, 0, failed)
