"""Seeded fuzz of everything that reads a row or a reply: steps, metrics, detectors, options, labels, judges' parsers.

5,000 mutations by default; `REPRO_AUDIT_FUZZ` sets another number, `nox -s long` 100,000. A mutated row ends in counts, in an
error row or in an `InputError`; a mutated reply in a verdict. Mutation N is the same in every run: `REPRO_AUDIT_FUZZ_ONLY=N`
repeats the one that a failure names.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
from collections import Counter
from typing import Any

from audit.errors import InputError
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring.counting import count
from audit.scoring.predictions import parse_row
from tasks.analysis.detectors import detectors_of
from tasks.analysis.multiverse import universe
from tasks.analysis.specifications import specification
from tasks.errors import ScoringError
from tasks.families.letters import named_letter
from tasks.families.options import given_choices, listed_choices
from tasks.judging.conventions import CONVENTIONS
from tasks.judging.fields import FieldError
from tasks.judging.parsers import PARSERS
from tasks.row import Row
from tasks.statistics.compact import wide

MUTATIONS = int(os.environ.get("REPRO_AUDIT_FUZZ", "5000"))
ONLY = os.environ.get("REPRO_AUDIT_FUZZ_ONLY")
SEED = 20260415

OUTPUTS = (
    "<s> He hoped there would be stew for dinner, turnips and carrots.</s>",
    "约翰・史密斯昨天去了公园。</s>[PAD]",
    "ｶﾀｶﾅﾃﾞｽ。昨日、公園に行きました。</s></s>",
    "Der Hund schläft, die Katze nicht.</s><unk>",
    "HH AH0 L OW1 sil W ER1 L D",
    "The answer is **B**. (b) cat, not (a) dog.",
    "<think>It may be (a).</think>\nFinal answer: \\boxed{\\text{B}}",
    "Happy", "Yes.", "No, they are different.", "0.18 micron CMOS, 2.5D graphics; and AND gates\n1. robot arm",
    "The date is “tomorrow”.", "one two three. four five six.", "Once upon a time " * 20, "½ of 10,000 is £5,000.00 or 1e99",
    'Transcription: <Speech>hello</Speech> lyrics are: is "x"',
)  # fmt: skip
PROMPTS = (
    "What animal is it?\nOptions:\n(A) dog\n(B) cat\n(C) cow\n(D) frog\nAnswer with the letter only.",
    "Which? A. dog B. cat C. cow D. frog",
    "USER: <Speech><SpeechHere></Speech> Which sound? (a) rain, (b) wind or (c) fire?\nASSISTANT:",
)
CHOICES = (
    ["dog", "cat", "cow", "dog"],
    ["(a) dog", "(b) cat"],
    {"A": "dog", "B": "cat"},
    "dog; cat; cow",
    "['dog', 'cat']",
    [],
)
REFERENCES: dict[str, tuple[Any, ...]] = {
    "asr-librispeech-clean": ("HE HOPED THERE WOULD BE STEW", ""),
    "asr-gigaspeech": ("THIS IS IT <PERIOD>", "<NOISE>"),
    "st-en-de": ("Der Hund schläft.",),
    "st-en-zh": ("约翰昨天去了公园。",),
    "st-en-ja": ("昨日、公園に行きました。",),
    "pr-librispeech": ("HH AH0 L OW1 sil",),
    "er-iemocap": ("Happy", "exc", "frustrated", "bored"),
    "mc-musiccaps": ("A slow piano piece.",),
    "osr-librimix": (["ONE TWO THREE", "FOUR FIVE SIX"],),
    "sv-voxceleb1": ("Yes", "0"),
    "ke-inspec": (["neural networks", "fuzzy logic"], []),
    "sqqa-wikiqa": (
        {
            "question": "who?",
            "answers": ["he"],
            "candidates": [{"text": "he", "label": 1}, {"text": "she", "label": 0}],
        },
        {"question": "who?", "answers": []},
    ),
    "sf-slurp": ({"slot": "date", "value": "tomorrow", "transcript": "wake me tomorrow"},),
    "story-audiocaps": (None, "a dog"),
    "sakura-animal-single": ("cat", "(b) cat", "B"),
    "sac-inhouse": ({"question": "what?", "answers": ["x"], "audio": "rain"},),
}
REPLIES = (
    '{"Correct": True, "Reason": "x"}', '{"Correct": true, "Correct": false}', "Explanation: a\nJudgement: correct\n\nNote",
    "Rating: 4.5", "Yes/No", "<think>no</think>Yes", "Rating: 2\nOrientation: Good", "Score: 4/5", "The answer is A.",
    "{'Response': 'Yes', 'x': [1, {2: (3,)}]}",
)  # fmt: skip
NASTY = (
    "\u200b", "\u202e", "\u2066", "\ufeff", "\x00", "\ud800", "\u0301", "\u2028", "\x85", "İ", "ß", "Ａ", "（Ｂ）", "。", "…",
    "“", "<s>", "</s>", "<unk>", "[PAD]", "<think>", "</think>", "\\boxed{", "}", "**", "(", ")", "(a)", "(b)", "A.", "B)",
    "Answer: ", "answer is ", "Judgement: ", "Rating: ", '{"Correct": ', "true", "/", " or ", "9" * 50, "-0", "1e999", "nan",
    "\n", "\t", "'", '"', "<|", "|>", "{" * 40, "[" * 40, "\U0001f600", "\U00020000", "क्षि", "ไทย", ";", ",",
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    "",
    "x",
    [],
    {},
    [None],
    {"text": 3},
    [[]],
    10**400,
)


def mutated(generator: random.Random, text: str) -> str:
    """A text after one to four random edits; long ones are cut."""
    for _ in range(generator.randint(1, 4)):
        a, b = sorted((generator.randint(0, len(text)), generator.randint(0, len(text))))
        match generator.randrange(7):
            case 0:
                text = text[:a] + text[b:]
            case 1:
                text = text[:b] + text[a:b] * generator.randint(1, 5) + text[b:]
            case 2:
                text = text[:a] + generator.choice(NASTY) + text[a:]
            case 3:
                text = text[:a] + generator.choice(NASTY) * generator.randint(1, 60) + text[b:]
            case 4:
                text = text[:a] + generator.choice((str.upper, str.lower, str.title))(text[a:b]) + text[b:]
            case 5:
                text = text[:a] + generator.choice((*OUTPUTS, *PROMPTS, *REPLIES)) + text[b:]
            case _:
                text = text[:a] + chr(generator.randrange(1, 0x3000)) + text[b:]
    return text[:3000]


def mutated_value(generator: random.Random, value: Any) -> Any:
    """A JSON value in which one part is another text, another type or missing."""
    if generator.random() < 0.1:
        return generator.choice(ODD)
    if isinstance(value, str):
        return mutated(generator, value)
    if isinstance(value, list):
        items = list(value)
        if items and generator.random() < 0.8:
            at = generator.randrange(len(items))
            items[at] = mutated_value(generator, items[at])
        return items * generator.choice((1, 1, 1, 2, 9))
    if isinstance(value, dict) and value:
        key = generator.choice(sorted(value))
        changed = {**value, key: mutated_value(generator, value[key])}
        if generator.random() < 0.1:
            del changed[key]
        return changed
    return generator.choice(ODD) if generator.random() < 0.5 else value


def plain_conventions(task: str) -> list[tuple[str, Any]]:
    """The conventions that need no Java program, which would be started for every row."""
    return [
        (metric, convention)
        for metric, items in tasks()[task].conventions.items()
        for convention in items
        if convention.unavailable() is None
        and not any(step.name == "ptb" for step in convention.hypothesis)
        and not any("pycocoevalcap" in source for source in convention.metric.sources)
    ]


KNOWN = {task: plain_conventions(task) for task in REFERENCES}


def fuzz_row(generator: random.Random) -> str:
    task = generator.choice(sorted(REFERENCES))
    extra: dict[str, Any] = {}
    if generator.random() < 0.5:
        extra["choices"] = mutated_value(generator, generator.choice(CHOICES))
    if generator.random() < 0.1:
        extra |= {"scores": mutated_value(generator, [0.2, 0.1]), "recording": generator.choice(ODD)}
    reference = generator.choice(REFERENCES[task])
    record = {
        "id": "r",
        "hypothesis": mutated(generator, generator.choice(OUTPUTS)),
        "finished": generator.choice((True, False, None)),
        "reference": mutated_value(generator, reference) if generator.random() < 0.7 else reference,
        "prompt": mutated(generator, generator.choice(PROMPTS)),
        "extra": extra,
    }
    try:
        raw = json.dumps(record).encode()
        row = parse_row(raw, "x.jsonl:1", tasks()[task].reference_type)
    except InputError:
        return "refused"
    counted = count([row], KNOWN[task])
    for (metric, convention), found in zip(KNOWN[task], counted.values(), strict=True):
        assert found.failure is None or found.failure[1] == "r", (task, metric, convention.id)
        if found.counts is not None:
            assert len(found.counts) == len(found.kept)
            convention.metric.fold(wide(found.counts))
    for detector in detectors_of(tasks()[task]):
        if detector.judged(row):
            detector.found(row)
    for judged in CONVENTIONS:
        if tasks()[task].family == judged.family:
            judge_row(judged, row, mutated(generator, generator.choice(REPLIES)))
    return "unreadable" if any(found.unreadable or found.failure for found in counted.values()) else "counted"


def judge_row(judged: Any, row: Row, reply: str) -> None:
    with contextlib.suppress(FieldError):
        names = judged.part_names(row)
        assert [part.name for part in judged.parts(row, "")] == names
        judged.read(row, reply)


def fuzz_reply(generator: random.Random) -> str:
    reply = mutated(generator, generator.choice(REPLIES))
    for parser in PARSERS.values():
        verdict = parser(reply)
        assert (verdict.grade is None) == (verdict.status not in {"ok", "off-scale"}), reply
    return "reply"


def fuzz_text(generator: random.Random) -> str:
    text = mutated(generator, generator.choice((*OUTPUTS, *PROMPTS)))
    assert len(listed_choices(text)) != 1
    options = generator.randint(2, 26)
    letter = named_letter(text, options)
    assert letter == "" or letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:options]
    with contextlib.suppress(ScoringError):
        found = given_choices(mutated_value(generator, generator.choice(CHOICES)), "r")
        assert found == () or 2 <= len(found) <= 26
    return "text"


def test_nothing_ends_in_an_undeclared_error() -> None:
    ends: Counter[str] = Counter()
    for number in range(MUTATIONS) if ONLY is None else [int(ONLY)]:
        generator = random.Random(f"{SEED} {number}")
        try:
            ends[generator.choice((fuzz_row, fuzz_row, fuzz_reply, fuzz_text))(generator)] += 1
        except Exception as error:
            raise AssertionError(f"mutation {number}: {type(error).__name__}: {error}") from error
    if ONLY is not None:
        return
    assert sum(ends.values()) == MUTATIONS
    # Every way to end is met, so that the fuzz reaches behind the first check.
    assert all(ends[end] > MUTATIONS / 100 for end in ("refused", "unreadable", "counted", "reply", "text")), ends


def test_pipelines_of_a_multiverse_survive_the_same_rows() -> None:
    for number in range(MUTATIONS // 500):
        generator = random.Random(f"{SEED} pipelines {number}")
        rows = []
        for index in range(20):
            record = {"id": f"{index:02}", "hypothesis": mutated(generator, generator.choice(OUTPUTS)),
                      "reference": generator.choice(REFERENCES["er-iemocap"])}  # fmt: skip
            rows.append(parse_row(json.dumps(record).encode(), "x", tasks()["er-iemocap"].reference_type))
        task = tasks()["er-iemocap"]
        pipelines = specification(task, "accuracy").pipelines(task.conventions["accuracy"])
        found = universe(rows, pipelines)
        bad = {row.id for row in rows if row.reference == "bored"}
        assert {row for row, _ in found.unreadable} == bad
        assert len(found.live) == 20 - len(bad)
