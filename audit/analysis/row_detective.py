"""Finding the rows, and the words in them, that pay for the difference between two conventions on one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from audit.analysis.paying_rows import BothWords, PayingKind, PayingRow, PayingRows
from audit.errors import InputError, MissingError
from audit.scoring.counting import count
from audit.scoring.predictions import PredictionSet
from tasks.analysis.detectors import detectors_of
from tasks.analysis.paying_words import LONGEST, SHIFTED, Happened, Texts, Word, changed_tokens, paying_words
from tasks.analysis.row_shares import Amount, Method, Side, row_shares
from tasks.analysis.run_kinds import ORDER, faults
from tasks.analysis.specifications import specification
from tasks.analysis.word_kinds import KINDS
from tasks.convention import Convention, first_failed
from tasks.errors import ScoringError, UnavailableError
from tasks.metrics.error_rate import COLUMNS, ErrorRate
from tasks.metrics.spice import Spice, Spider, caption_text, spice_evaluation
from tasks.phrase import phrase
from tasks.statistics.compact import wide
from tasks.step_cache import ChainCache
from tasks.task import Task

LENGTH = phrase("the number of reference tokens")
COUNTING = phrase("counted or averaged in another way")
ANSWER = phrase("another answer is read")
_Pair: TypeAlias = tuple[Convention, Convention]
# Detectors whose fault names a whole row before its words do; an unfinished output can still differ in one word.
_WHOLE = tuple(name for name in ORDER if name != "unfinished")


def two_conventions(task: Task, between: Sequence[str], metric: str | None) -> tuple[str, Convention, Convention]:
    """The metric, and two conventions of it: registered ones by id, or pipelines of the multiverse by theirs.

    Raises:
        InputError: There is no such metric or convention, or several metrics have both.
        MissingError: A convention cannot be computed here.
    """
    if metric is not None and metric not in task.conventions:
        known = ", ".join(task.conventions)
        raise InputError(f"{task.id} has no metric {metric!r}", where="--metric", fix=f"Metrics: {known}.")
    if len(between) != 2 or between[0] == between[1]:
        raise InputError("needs two different conventions", where="--between", fix="--between verbatim audiobench")
    metrics = [name for name in task.conventions if metric in {None, name}]
    found = {name: [_convention(task, name, one) for one in between] for name in metrics}
    fitting = [name for name, pair in found.items() if None not in pair]
    if not fitting:
        missing = [one for n, one in enumerate(between) if all(pair[n] is None for pair in found.values())]
        ids = sorted({rule.id for name in metrics for rule in task.conventions[name]})
        what = f"{task.id} has no convention {missing[0]!r}" if missing else "no metric has both conventions"
        raise InputError(
            what, where="--between", fix=f"Conventions: {', '.join(ids)}; or a pipeline, as `multiverse` prints it."
        )
    if len(fitting) > 1:
        raise InputError(
            "several metrics have both conventions", where="--metric", fix=f"Name one: {', '.join(fitting)}."
        )
    pair = [one for one in found[fitting[0]] if one is not None]
    for one in pair:
        reason = one.unavailable()
        if reason:
            raise MissingError(f"{one.id} cannot be computed here: {reason}", where=task.id)
    return fitting[0], pair[0], pair[1]


def _convention(task: Task, metric: str, name: str) -> Convention | None:
    for rule in task.conventions[metric]:
        if rule.id == name:
            return rule
    if "/" not in name:
        return None
    pipelines = specification(task, metric).pipelines(task.conventions[metric])
    return next((pipeline.convention for pipeline in pipelines if pipeline.id == name), None)


def paying_rows(
    task: Task,
    run: PredictionSet,
    metric: str,
    pair: tuple[Convention, Convention],
    counted: tuple[Side, Side] | None = None,
) -> PayingRows:
    """The rows that pay for the difference between two conventions of one metric.

    Args:
        task: The task.
        run: The rows.
        metric: The metric's id.
        pair: The conventions.
        counted: What they count in these rows, if that is known.

    Raises:
        InputError: A row cannot be scored, or a convention has no value on these rows.
        MissingError: A convention cannot be computed here.
    """
    where = str(run.path)
    sides = counted or (_side(run, metric, pair[0], where), _side(run, metric, pair[1], where))
    a, b = (side.metric.fold(wide(side.counts)) for side in sides)
    if a is None or b is None:
        rule, side = (pair[0], sides[0]) if a is None else (pair[1], sides[1])
        raise InputError(
            f"{rule.id} has no value on these rows: it scores {len(side.kept)} of {len(run.rows)}",
            where=where,
            fix="Check the predictions, or choose other conventions.",
        )
    shares = row_shares(*sides, len(run.rows))
    table = _Reader(task, run, pair, sides, shares.method)
    rows = [table.row(index, share) for index, share in enumerate(shares.rows) if share or table.changed(index)]
    rows.sort(key=lambda row: (-abs(Fraction(row.share)), row.id))
    return PayingRows(
        run,
        metric,
        pair,
        (a, b),
        shares.gap,
        shares.remainder,
        shares.method,
        tuple(rows),
        _kinds(rows),
        len(set(sides[0].kept) ^ set(sides[1].kept)),
    )


def _side(run: PredictionSet, metric: str, rule: Convention, where: str) -> Side:
    found = count(run.rows, [(metric, rule)])[metric, rule.id]
    if found.failure:
        what, row = found.failure
        raise InputError(what, where=f"{where}: row {row}" if row else where, fix="Correct the row.")
    if found.counts is None:
        raise MissingError(f"{rule.id} cannot be computed here: {found.unavailable}", where=where)
    return Side(rule.metric, found.counts, found.kept)


def _kinds(rows: Sequence[PayingRow]) -> tuple[PayingKind, ...]:
    shares: dict[str, Amount] = {}
    number: Counter[str] = Counter()
    for row in rows:
        for name, share in row.parts.items():
            shares[name] = shares.get(name, Fraction(0)) + share
            number[name] += 1
    found = (PayingKind(name, number[name], share) for name, share in shares.items())
    return tuple(sorted(found, key=lambda kind: (-abs(Fraction(kind.share)), kind.name)))


class _Texts:
    """The tokens of the rows under one convention; for SPICE and SPIDEr also the tuples that were read in them."""

    def __init__(self, cache: ChainCache, rule: Convention) -> None:
        self.parsed = isinstance(rule.metric, Spice | Spider)
        self.hypotheses = cache.values(rule.hypothesis_view, rule.hypothesis)
        self.references = cache.values(rule.reference_view, rule.reference)

    def of(self, index: int) -> Texts:
        return Texts(_tokens(self.hypotheses[index]), _tokens(self.references[index]))

    def tuples(self, index: int) -> tuple[Word, ...]:
        """What SPICE read, as places of an alignment: matched tuples, and those of the output or the captions alone."""
        said, captions = self.hypotheses[index], self.references[index]
        if not self.parsed or said is None:
            return ()
        try:
            read = spice_evaluation(caption_text(said), [caption_text(c) for c in _listed(captions)])
        except (ScoringError, UnavailableError):  # the row is an error there, or has no captions
            return ()
        output = (_tuple_word("insertion", words, matched) for words, matched in read.output)
        return (*output, *(_tuple_word("deletion", words, False) for words, matched in read.captions if not matched))


def _tuple_word(tag: Literal["insertion", "deletion"], words: Sequence[str], matched: bool) -> Word:
    text = f"({', '.join(words)})"
    if matched:
        return Word("hit", text, text)
    return Word(tag, "", text) if tag == "insertion" else Word(tag, text, "")


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _tokens(value: Any) -> tuple[str, ...]:
    """The tokens of a processed text; lists one after another, and other values as they print."""
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(value.split())
    if isinstance(value, Mapping):
        return tuple(token for item in value.values() for token in _tokens(item))
    if isinstance(value, list | tuple):
        return tuple(token for item in value for token in _tokens(item))
    return (str(value),)


class _Reader:
    """Says what happened to a row."""

    def __init__(self, task: Task, run: PredictionSet, rules: _Pair, sides: tuple[Side, Side], method: Method) -> None:
        cache = ChainCache(run.rows)
        self.task, self.run, self.rules, self.sides = task, run, rules, sides
        self.texts = tuple(_Texts(cache, rule) for rule in rules)
        self.places = tuple({index: at for at, index in enumerate(side.kept)} for side in sides)
        self.flagged = faults(run.rows, task)
        self.aligned = all(tuple(side.metric.columns) == COLUMNS for side in sides)
        # What one error adds to a pooled error rate.
        self.error: Fraction | None = None
        if method == "exact" and all(type(side.metric) is ErrorRate for side in sides):
            tokens = [int(wide(side.counts)[:, [0, 1, 3]].sum()) for side in sides]
            self.error = Fraction(2 * sides[0].metric.scale, sum(tokens))

    def changed(self, index: int) -> bool:
        return self._counts(index, 0) != self._counts(index, 1)

    def row(self, index: int, share: Amount) -> PayingRow:
        first, second = (texts.of(index) for texts in self.texts)
        words: BothWords = ((), ())
        references: BothWords = ((), ())
        if sum(map(len, (first.hypothesis, second.hypothesis, first.reference, second.reference))) <= LONGEST:
            if self.aligned:
                words = paying_words(first, second)
            else:
                words = changed_tokens(first.hypothesis, second.hypothesis)
                if first.reference != second.reference:
                    references = changed_tokens(first.reference, second.reference)
        counts = (self._counts(index, 0), self._counts(index, 1))
        words = (words[0] + self.texts[0].tuples(index), words[1] + self.texts[1].tuples(index))
        parts = self._parts(index, share, words, references, counts)
        kind = max(parts, key=lambda name: abs(Fraction(parts[name])))
        return PayingRow(self.run.rows[index].id, share, kind, parts, counts, words, references)

    def _counts(self, index: int, side: int) -> dict[str, int]:
        at = self.places[side].get(index)
        found = self.sides[side]
        return {} if at is None else dict(zip(found.metric.columns, map(int, found.counts[at]), strict=True))

    def _parts(
        self,
        index: int,
        share: Amount,
        words: BothWords,
        references: BothWords,
        counts: tuple[dict[str, int], dict[str, int]],
    ) -> dict[str, Amount]:
        """What happened, with its part of the row's share."""
        if not counts[0] or not counts[1]:
            return {self._dropped(index, 0 if not counts[0] else 1): share}
        fault = next((name for name in _WHOLE if name in self.flagged[index]), None)
        if fault is not None:
            return {self._fault(fault): share}
        if self.error is not None and all(map(_shows, words, counts)):
            found: dict[str, Amount] = {}
            for sign, side in zip((-1, 1), words, strict=True):
                for word in side:
                    if word.pays:
                        name = _happened(word.kind)
                        found[name] = found.get(name, Fraction(0)) + sign * self.error
            rest = share - sum(found.values(), Fraction(0))
            return found | ({LENGTH: rest} if rest else {}) or {COUNTING: share}
        paying = [_happened(word.kind) for side in (*words, *references) for word in side if word.pays]
        if not paying:
            return {self._fault("unfinished") if "unfinished" in self.flagged[index] else COUNTING: share}
        if tuple(self.sides[0].metric.columns[:2]) == ("correct", "total") and self.task.family != "translation":
            return {ANSWER: share}
        number = Counter(paying)
        return {name: share * times / len(paying) for name, times in sorted(number.items())}

    def _dropped(self, index: int, side: int) -> str:
        rule, row = self.rules[side], self.run.rows[index]
        failed = first_failed([row], rule.select)[0] if rule.select and row.hypothesis is not None else None
        reason = phrase("cannot be read") if failed is None else rule.select[failed].reason
        return phrase("dropped by {convention}: {reason}", convention=rule.id, reason=reason)

    def _fault(self, name: str) -> str:
        return next(detector.fault for detector in detectors_of(self.task) if detector.id == name)


def _shows(words: Sequence[Word], counts: Mapping[str, int]) -> bool:
    """Whether an alignment has the errors that are counted."""
    return sum(word.tag != "hit" for word in words) == sum(counts[name] for name in COLUMNS[:3])


def _happened(kind: Happened | None) -> str:
    return SHIFTED if kind is None or kind == "shifted" else KINDS[kind]
