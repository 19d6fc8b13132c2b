"""The families' own rules: labels, phones, sentences, yes and no, stories, selections, reference types."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.literature.known_tasks import conventions_of as conventions
from audit.literature.known_tasks import known_tasks as tasks
from tasks.convention import Convention
from tasks.families.classification import fairmllm_label, llaso_points
from tasks.row import ReferenceType, Row
from tasks.step_cache import ChainCache
from tasks.steps.phones import drop_silence, llaso_letters, strip_stress
from tasks.steps.select import FINISHED, HAS_KANA, REFERENCE_AFTER_TAGS, REFERENCE_NOT_EMPTY
from tasks.steps.sentences import split_full_stops, split_sentences, upper_letters
from tasks.steps.yes_no import first_word, yes_no_exact, yes_or_not

KNOWN = conventions()
LABELS = ("neutral", "happy", "sad", "angry")


def fold(convention: Convention, rows: list[Row]) -> tuple[float | None, int]:
    """The value, and how many rows passed the selection."""
    kept = [row for row in rows if all(rule.keep(row) for rule in convention.select)]
    cache = ChainCache(kept)
    counts = convention.metric.count(
        cache.values(convention.hypothesis_view, convention.hypothesis),
        cache.values(convention.reference_view, convention.reference),
    )
    found = convention.metric.fold(counts)
    return (None if found is None else float(found)), len(kept)


def rows(*pairs: tuple[str, Any]) -> list[Row]:
    return [Row(str(i), hypothesis, reference) for i, (hypothesis, reference) in enumerate(pairs)]


class TestEmotion:
    @pytest.mark.parametrize(
        ("text", "label"),
        [
            ("Happy", "happy"),
            ("not sad but ANGRY", "sad"),
            ("hapy", "happy"),
            ("neutrall feeling", "neutral"),
            ("angr sadd", "sad"),
            ("zzz", "unknown"),
            ("", "unknown"),
        ],
    )
    def test_fairmllm(self, text: str, label: str) -> None:
        assert fairmllm_label(LABELS)(text) == label

    @pytest.mark.parametrize(
        ("text", "gold", "right"),
        [("Happy.", "Happy", 1), ("The speaker is sad", "Sad", 1), ("sad or happy", "Sad", 0), ("fine", "Sad", 0)],
    )
    def test_llaso(self, text: str, gold: str, right: int) -> None:
        assert llaso_points(text, gold, LABELS) == (right, 1)

    @pytest.mark.parametrize(
        ("name", "value"), [("iemocap-4way", 0.25), ("qwen-audio", 0.25), ("llaso", 0.75), ("fairmllm", 0.75)]
    )
    def test_the_parser_decides(self, name: str, value: float) -> None:
        outputs = rows(("Happy</s>", "Happy"), ("sad.</s>", "Sad"), ("I am angry", "Angry"), ("Sad", "Neutral"))
        assert fold(KNOWN["er-iemocap", "accuracy", name], outputs)[0] == value


class TestPhones:
    def test_silence_and_stress(self) -> None:
        assert drop_silence("sil AH0 SIL T sil") == "AH0 T"
        assert strip_stress("AH0 T ER2 sil 1") == "AH T ER sil 1"
        assert llaso_letters("AH0 tɪ Z") == "DWTZ"

    @given(st.lists(st.sampled_from(["AH0", "AH1", "T", "sil", "ER2", "0", "a01"]), max_size=8).map(" ".join))
    def test_stripping_twice_is_stripping_once(self, text: str) -> None:
        assert strip_stress(strip_stress(text)) == strip_stress(text)
        assert drop_silence(drop_silence(text)) == drop_silence(text)

    @pytest.mark.parametrize(
        ("name", "value", "kept"),
        [
            ("hufs", 75.0, 2),
            ("hufs-finished", 50.0, 1),
            ("phones-sil-stress", 75.0, 2),
            ("phones-sil-stress-finished", 50.0, 1),
            ("phones-nosil-stress", 200 / 3, 2),
            ("phones-sil-nostress", 25.0, 2),
            ("phones-nosil-nostress", 0.0, 2),
        ],
    )
    def test_the_grid(self, name: str, value: float, kept: int) -> None:
        outputs = rows(("AH0 T</s>", "AH1 T"), ("AH0", "AH1 sil"))
        assert fold(KNOWN["pr-librispeech", "per", name], outputs) == (pytest.approx(value), kept)


class TestOverlap:
    def test_sentences(self) -> None:
        assert split_full_stops("A b. C d. ") == ["A b", "C d"]
        assert split_full_stops("Mr. A. B.") == ["Mr", "A", "B"]
        assert split_full_stops("") == [""]
        assert split_sentences("A? B!\nC...") == ["A", "B", "C"]
        assert split_sentences("A… B。C！D\u200b?") == ["A", "B", "C", "D"]
        assert split_sentences("") == []
        assert upper_letters("It's one-two 3\n!") == "IT'S ONETWO "

    @pytest.mark.parametrize(
        ("name", "value", "kept"),
        [("hufs", 0.0, 1), ("cpwer", 800 / 12, 3), ("cpwer-sentences", 50.0, 3), ("cpwer-merge", 800 / 12, 3)],
    )
    def test_what_is_dropped_and_what_is_charged(self, name: str, value: float, kept: int) -> None:
        outputs = rows(
            ("C d. A b.</s>", ["A B", "C D"]),  # the order of the speakers is free
            ("A b</s>", ["A B", "C D"]),  # one sentence: the other speaker is missing
            ("A b? C d. E f. G h.</s>", ["A B", "C D"]),  # more sentences than speakers
        )
        assert fold(KNOWN["osr-librimix", "wer", name], outputs) == (pytest.approx(value), kept)

    def test_cpwer_counts(self) -> None:
        outputs = rows(("A b</s>", ["A B", "C D"]), ("A b. C d. E.</s>", ["A B", "C D"]))
        assert fold(KNOWN["osr-librimix", "wer", "cpwer"], outputs) == (pytest.approx(100 * 3 / 8), 2)


class TestVerification:
    @pytest.mark.parametrize(
        ("text", "hufs", "exact", "first"),
        [
            ("Yes", "yes", "yes", "yes"),
            ("Yes.", "no", "yes", "yes"),
            ("no", "no", "no", "no"),
            ("No, two people.", "no", "", "no"),
            ("yesterday", "no", "", ""),
            ("I hear yes", "no", "", ""),
            ("", "no", "", ""),
        ],
    )
    def test_the_three_readings(self, text: str, hufs: str, exact: str, first: str) -> None:
        assert (yes_or_not(text), yes_no_exact(text), first_word(text)) == (hufs, exact, first)


class TestStory:
    @pytest.mark.parametrize(("words", "diversity", "rate"), [(50, 50.0, 1.0), (49, 0.0, 0.0)])
    def test_fifty_words(self, words: int, diversity: float, rate: float) -> None:
        outputs = rows((" ".join(f"w{n}" for n in range(words)), None))
        assert fold(KNOWN["story-audiocaps", "diversity", "appendix-e"], outputs)[0] == diversity
        assert fold(KNOWN["story-audiocaps", "following-rate", "appendix-e"], outputs)[0] == rate

    def test_different_words_without_case_and_punctuation(self) -> None:
        outputs = rows(("Word, word. WORD! " * 20 + "other", None), ("too short", None))
        assert fold(KNOWN["story-audiocaps", "diversity", "appendix-e"], outputs)[0] == 1.0


class TestSelection:
    @pytest.mark.parametrize(
        ("hypothesis", "finished", "kept"),
        [("a</s>", None, True), ("a", None, False), ("a", True, True), ("a</s>", False, False), (None, None, False)],
    )
    def test_finished(self, hypothesis: str | None, finished: bool | None, kept: bool) -> None:
        assert FINISHED.keep(Row("1", hypothesis, "r", finished)) is kept

    @pytest.mark.parametrize(
        ("text", "kept"), [("漢字", False), ("漢字か", True), ("ー", True), ("カ", True), ("", False)]
    )
    def test_kana(self, text: str, kept: bool) -> None:
        assert HAS_KANA.keep(Row("1", text, "r")) is kept

    @pytest.mark.parametrize(("reference", "kept"), [("<MUSIC>", False), ("<A> b", True), ("", False), (" ", False)])
    def test_references_of_tags_alone(self, reference: str, kept: bool) -> None:
        assert REFERENCE_AFTER_TAGS.keep(Row("1", "h", reference)) is kept
        assert REFERENCE_NOT_EMPTY.keep(Row("1", "h", reference)) is bool(reference)

    def test_kana_selects_what_is_scored(self) -> None:
        outputs = rows(("私は日本語を話します。", "私は日本語を話します。"), ("中文", "私は学生です。"))
        for name, kept in (("hufs-char", 2), ("hufs-char-kana", 1), ("hufs-ja-mecab-kana", 1)):
            value, scored = fold(KNOWN["st-en-ja", "bleu", name], outputs)
            assert scored == kept
            assert (value == pytest.approx(100)) is (kept == 1)


class TestReferences:
    @pytest.mark.parametrize(
        ("kind", "good", "bad"),
        [
            (ReferenceType.TEXT, ["", "a"], [None, 1, ["a"]]),
            (ReferenceType.CAPTIONS, [["a"], ["a", "b"]], [[], "a", [1], None]),
            (ReferenceType.SPEAKERS, [["a", "b"]], [[], {"a": "b"}]),
            (ReferenceType.KEYPHRASES, [[], ["a"]], ["a", [None]]),
            (
                ReferenceType.QUESTION_ANSWERS,
                [{"question": "q", "answers": []}, {"question": "q", "answers": ["a"]}],
                [{"question": "q"}, {"question": 1, "answers": []}, {"answers": ["a"]}, "q"],
            ),
            (ReferenceType.SLOT, [{"slot": "s", "value": "v", "transcript": "t"}], [{"slot": "s", "value": "v"}, []]),
            (ReferenceType.OPTIONAL, [None, "a", ["a"]], [1, {}]),
        ],
    )
    def test_what_fits(self, kind: ReferenceType, good: list[object], bad: list[object]) -> None:
        assert [kind.problem(value) for value in good] == [None] * len(good)
        for value in bad:
            assert str(kind.problem(value)).startswith(f"must be {kind.value}, not ")

    def test_a_row_without_an_output_says_why(self) -> None:
        assert Row("1", None, "r", extra={"error": "out of memory"}).error == "out of memory"
        assert Row("1", "h", "r").error is None


def test_every_planned_task_of_texts_is_there() -> None:
    known = tasks()
    for name in (
        *("asr-librispeech-clean", "asr-librispeech-other", "asr-gigaspeech", "st-en-zh", "st-en-de", "st-en-ja"),
        *(
            "pr-librispeech",
            "er-iemocap",
            "mc-musiccaps",
            "osr-librimix",
            "sv-voxceleb1",
            "ke-inspec",
            "story-audiocaps",
        ),
    ):
        assert known[name].id == name
        assert known[name].conventions
