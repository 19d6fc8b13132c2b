"""A rule planted between two conventions: some rows of a set are written so that this rule alone treats them differently."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from audit.literature.known_tasks import known_tasks
from tasks.analysis.run_kinds import faults
from tasks.analysis.word_kinds import KINDS
from tasks.convention import Convention, Selection
from tasks.row import Row
from tasks.step import Step, step
from tasks.step_cache import ChainCache

TASK = known_tasks()["asr-librispeech-clean"]
RULES = {c.id: c for c in TASK.conventions["wer"]}
# Pairs of registered conventions that differ on normalised texts in ordinary ways of their own.
BACKGROUND = (
    ("verbatim", "verbatim"), ("verbatim", "audiobench"), ("verbatim", "qwen2-audio"), ("nota", "audiobench"),
    ("lmms-eval", "audiobench"), ("hufs", "au-harness"),
)  # fmt: skip
LOOP, DROPPED = "a loop of repetitions", "dropped by planted: planted"


@dataclass(frozen=True, slots=True)
class Rule:
    """What the output says, what the reference says, and what the second convention makes of the output."""

    said: str
    reference: str
    read: str
    kind: str


REWRITES = (
    Rule("2217", "twenty two seventeen", "twenty two seventeen", KINDS["number"]),
    Rule("wouldn't", "would not", "would not", KINDS["contraction"]),
    Rule("uhm", "", "", KINDS["filler"]),
    Rule("ever-green", "ever green", "ever green", KINDS["hyphen"]),
    Rule("splendour", "splendor", "splendor", KINDS["spelling"]),
)


def rewriting(rule: Rule) -> Step:
    pattern = re.compile(rf"\b{re.escape(rule.said)}\b")

    def rewrite(text: str) -> str:
        return " ".join(pattern.sub(rule.read, text).split())

    return step(f"planted-{rule.said}", rewrite)


def once(text: str) -> str:
    """Cut the repetitions of its last four words off a text that ends in a loop."""
    words = text.split()
    while len(words) >= 8 and words[-4:] == words[-8:-4]:
        words = words[:-4]
    return " ".join(words)


@dataclass(frozen=True, slots=True)
class Trial:
    """Rows, two conventions, and what was planted: the ids of its rows, and what happened to them."""

    rows: tuple[Row, ...]
    pair: tuple[Convention, Convention]
    planted: frozenset[str]
    kind: str


def plant(rows: Sequence[Row], seed: int) -> Trial:
    """A rule on 1 to 15 rows without faults; a word of it stands in each 3 to 6 times."""
    rng = random.Random(seed)
    clean = [n for n, found in enumerate(faults(rows, TASK)) if not found and len(str(rows[n].reference).split()) >= 5]
    picked = rng.sample(clean, rng.randint(1, 15))
    first, second = (RULES[name] for name in rng.choice(BACKGROUND))
    # A rule that one of the two has anyway changes nothing: Whisper's normaliser spells out contractions.
    kind = rng.choice(
        [*(rule for rule in REWRITES if _read(first, rule) == _read(second, rule) == rule.said), LOOP, DROPPED]
    )
    made = list(rows)
    planted = frozenset(rows[n].id for n in picked)
    change: Callable[[Convention], Convention]
    if kind == LOOP:
        for n in picked:
            text = str(rows[n].reference)
            made[n] = replace(rows[n], hypothesis=" ".join([text, *text.split()[-4:] * 12]))
        change = _with(step("planted-once", once))
    elif kind == DROPPED:
        for n in picked:
            made[n] = replace(rows[n], hypothesis=" ".join(f"zq{i}" for i in range(40)))
        change = _dropping(planted)
    else:
        assert isinstance(kind, Rule)
        for n in picked:
            made[n] = _written(rows[n], kind, rng)
        change = _with(rewriting(kind))
    name = kind if isinstance(kind, str) else kind.kind
    return Trial(tuple(made), (first, change(second)), planted, name)


def _read(rule: Convention, planted: Rule) -> str:
    (value,) = ChainCache([Row("", planted.said, "")]).values(rule.hypothesis_view, rule.hypothesis)
    return value if isinstance(value, str) else " ".join(value)


def _with(planted: Step) -> Callable[[Convention], Convention]:
    return lambda rule: replace(rule, id="planted", hypothesis=(planted, *rule.hypothesis))


def _dropping(ids: frozenset[str]) -> Callable[[Convention], Convention]:
    selection = Selection("planted", lambda row: row.id not in ids, "planted")
    return lambda rule: replace(rule, id="planted", select=(*rule.select, selection))


def _written(row: Row, rule: Rule, rng: random.Random) -> Row:
    said, reference = (str(text).split() for text in (row.hypothesis, row.reference))
    for _ in range(rng.randint(3, 6)):
        # At the end of both, or of a word that both share: where the rest is aligned does not matter.
        at = rng.choice([0.0, 1.0])
        said.insert(round(at * len(said)), rule.said)
        reference.insert(round(at * len(reference)), rule.reference)
    return replace(row, hypothesis=" ".join(said), reference=" ".join(" ".join(reference).split()))


def without_faults(rows: Sequence[Row]) -> list[Row]:
    """The rows in which no detector finds a fault: a phone string pays more than any word."""
    return [row for row, found in zip(rows, faults(rows, TASK), strict=True) if not found]
