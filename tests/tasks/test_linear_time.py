"""Every step, parser, rule and detector takes time that grows as the text does: operations are counted, no time is measured.

`tests.support.operations` says how. It runs in processes of their own: it must be there before anything is imported.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys

import pytest
import regex

from tasks.catalogue.rows import RULES
from tasks.catalogue.steps import STEPS
from tasks.judging.parsers import PARSERS
from tests.support.operations.backtracking import Pattern, TooManyError
from tests.support.operations.subjects import GROUPS, NOT_HERE
from tests.support.paths import ROOT

# What must be among the subjects, whichever way they are found.
NAMES = {
    "steps": {name for name, one in STEPS.items() if one.step.name not in NOT_HERE and not one.missing()},
    "batches": {"whisper-english", "open-asr-2026", "13a"},
    "parsers": set(PARSERS),
    "rules": set(RULES),
    "detectors": {"phones 1", "unfinished 2"},
}


def found(group: str) -> dict[str, list[list[str]]]:
    command = [sys.executable, "-m", "tests.support.operations", group]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    faults: dict[str, list[list[str]]] = json.loads(done.stdout)
    return {name.removeprefix(f"{group} "): value for name, value in faults.items()}


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_nothing_takes_more_than_linear_time(group: str) -> None:
    faults = found(group)
    assert set(faults) >= NAMES.get(group, set())
    assert faults
    assert {name: value for name, value in faults.items() if value} == {}


@pytest.mark.slow
def test_what_is_quadratic_is_found() -> None:
    faults = found("planted")
    assert {name for name, value in faults.items() if not value} == {
        name for name in faults if name.startswith("linear")
    }
    assert len([value for value in faults.values() if value]) >= 11


@pytest.mark.parametrize(
    ("source", "unit", "growth"), [(r"a+b", "a", 16), (r"<[^>]*>", "<", 16), (r"<[^<>]*>", "<", 4), (r"\s+$", " x", 4)]
)
def test_steps_grow_as_the_engine_works(source: str, unit: str, growth: int) -> None:
    pattern = Pattern(source, 0, re)
    texts = [unit * (200 * times) + "x" for times in (1, 4)]
    one, four = (pattern.count(text, "search", 0, len(text), 10**7)[0] for text in texts)
    assert four == pytest.approx(growth * one, rel=0.05)


def test_a_match_without_end_is_stopped() -> None:
    with pytest.raises(TooManyError):
        Pattern(r"(?:a+)+b", 0, re).count("a" * 40, "search", 0, 40, 10_000)


SOURCES = (
    r"a*b", r"(a|ab)(c|bcd)(d*)", r"(?:a+)+?b", r"\b\w+\b", r"^\s*a|b$", r"(?i)A[^b]?", r"(?=a)\w{2}", r"(?<!a)b+",
    r"(?<=ab)\s", r"(a)\1+", r"a*?", r"x*", r"(?:)", r"(?:a?){3}b", r"[^\W\d_]+", r"(?m)^a*$", r"(?s)a.*b", r"a++b",
    r"(?>a+)b", r".{2,3}?b", r"(?:(a)|b)*\s", r"\B.", r"[\s\S]a", r"(?:ab|a)*+c?", r"\Aa|b\Z", r"(?:a*)*b",
    r"(?:|a)+b",
)  # fmt: skip
PROPERTIES = (
    r"\p{L}+",
    r"[\p{P}\p{S}]+a",
    r"(?:(?!(?<=\p{N})\.(?=\p{N}))[\p{P}\p{S}])+",
    r"(?:\p{L}\.)++\p{L}?+",
    r"[^\p{L}\d]a?",
)


@pytest.mark.parametrize("source", [*SOURCES, *PROPERTIES])
def test_what_is_counted_is_the_match_of_the_engine(source: str) -> None:
    engine = regex if r"\p" in source else re
    real, pattern = engine.compile(source), Pattern(source, 0, engine)
    rng = random.Random(5)
    lengths = set()
    for _ in range(400):
        text = "".join(rng.choice("aabbcd  \nA_1.,(é中") for _ in range(rng.randint(0, 9)))
        for method in ("match", "fullmatch", "search"):
            match = getattr(real, method)(text)
            assert pattern.count(text, method, 0, len(text), 10**6)[1] == ([match.span()] if match else []), text
        spans = [match.span() for match in real.finditer(text)]
        assert pattern.count(text, "finditer", 0, len(text), 10**6)[1] == spans, text
        lengths.add(len(spans))
    assert len(lengths) > 1
