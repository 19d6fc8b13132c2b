"""Open answers: matches of strings, the judges of AudioBench; abstentions and contained labels of classifications."""

from __future__ import annotations

import pytest

from tasks.families.classification import cmi_read, llaso_abstained
from tasks.families.open_answers import reference_in_output, same_words
from tasks.judging.conventions import find
from tasks.judging.verdict import BINARY
from tasks.registry import build
from tasks.task import declare


@pytest.mark.parametrize(
    ("output", "reference", "contained", "same"),
    [
        ("Yes, there are waves.", "yes there are waves", 1, 1),
        ("I think so: yes, there are waves!", "Yes, there are waves.", 1, 0),
        ("Yes.", "Yes, there are waves.", 0, 0),
        ("yesterday", "yes", 0, 0),
        ("", "yes", 0, 0),
        ("anything", "...", 0, 0),
    ],
)
def test_matches_of_strings(output: str, reference: str, contained: int, same: int) -> None:
    assert reference_in_output(output, reference) == (contained, 1)
    assert same_words(output, reference) == (same, 1)


def test_the_judges_of_audiobench_read_open_answers_as_they_read_labels() -> None:
    for name in ("audiobench-judge", "audiobench-judge-binary"):
        one, other = find("open-answers", name), find("classification", name)
        assert one is not None
        assert other is not None
        assert (one.template, one.parser, one.scale, one.failure) == (
            other.template,
            other.parser,
            other.scale,
            other.failure,
        )
        assert one.scale != BINARY
    task = build(declare("made", "open-answers"))
    assert [c.id for c in task.conventions["accuracy"] if c.unavailable() is None] == ["string-match", "same-words"]


AGES = ("15-19", "20-24", "30+")


@pytest.mark.parametrize(
    ("labels", "output", "abstained"),
    [
        (("male", "female"), "Female.", 0),  # male stands inside it, and is no word
        (("male", "female"), "Male or female", 1),
        (("male", "female"), "males", 1),
        (("male", "female"), "", 1),
        (("male", "female"), "<s> Male</s>", 0),
        (AGES, "20-24.", 0),
        (AGES, "120-24", 1),
        (AGES, "30+", 0),
        (AGES, "15-19, 20-24", 1),
        (("irish", "northern irish"), "Northern Irish", 1),  # both stand in it, as in the source
        (("Joy.", "Sadness. "), " JOY ", 0),
    ],
)
def test_abstentions(labels: tuple[str, ...], output: str, abstained: int) -> None:
    assert llaso_abstained(labels)(output, "whatever") == (abstained, 1)


@pytest.mark.parametrize(
    ("output", "gold", "correct"),
    [
        ("<s> Lip-trill</s>", "lip_trill", 0),  # trill is another label, and is in it
        ("trill", "trill", 1),
        ("lip trill", "trill", 0),  # another label is in it
        ("belting", "belt", 1),  # parts of words count
        ("", "belt", 0),
    ],
)
def test_cmi_bench(output: str, gold: str, correct: int) -> None:
    assert cmi_read(("belt", "lip_trill", "trill"))(output, gold) == (correct, 1)


def test_cmi_bench_of_labels_that_contain_no_other() -> None:
    read = cmi_read(("lip_trill", "vocal_fry", "f#"))
    assert read("<s> Lip-trill</s>", "lip_trill") == (1, 1)
    assert read("it's in F# minor", "f#") == (1, 1)
    assert read("a vocal fry, or a lip trill", "vocal_fry") == (0, 1)


def test_an_abstention_rate_is_a_metric_of_every_classification() -> None:
    task = build(declare("made", "classification", {"labels": {"male": [], "female": []}}))
    (convention,) = task.conventions["abstention-rate"]
    assert (convention.id, convention.metric.id) == ("llaso", "abstention-rate")
    other = build(declare("other", "classification", {"labels": {"male": [], "man": []}}))
    assert other.conventions["abstention-rate"][0].signature != convention.signature
