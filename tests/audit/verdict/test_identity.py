from __future__ import annotations

import argparse
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from audit.importers import importers
from audit.literature.known_tasks import known_tasks as tasks
from audit.literature.set_texts import unit_hash
from audit.literature.sets import SETS as FOLDER
from audit.literature.sets import Called, Ids, Repeats, SetCard, load_set
from audit.verdict.identity import Identity, IdentityReason, IdentityState, identity, identity_on_disk
from tasks.datasets.manifest import Item, Manifest
from tasks.row import Row
from tests.support.sets import (
    SENTENCES,
    SIZE,
    SOURCE,
    TASK,
    TOTALS_ALONE,
    UNKNOWN_TEXTS,
    card,
    layout,
    predictions,
    rows,
    texts,
    unit,
)

NO_IDS = Ids(None, False, None, None, False, None, SOURCE)
UNSTATED = Repeats(None, "No source says it.", SOURCE)


def codes(found: Identity, *, against: bool = True) -> set[str]:
    return {reason.code for reason in found.reasons if reason.against is against}


def held(items: list[Row], made: SetCard | None = None, **meta: Any) -> Identity:
    return identity(predictions(items, **meta), made or card())


# The states


def test_all_units_with_the_official_hash_are_verified() -> None:
    found = held(rows())
    assert (found.state, found.card, found.layout) == (IdentityState.VERIFIED, "made-set", "utterances")
    assert (found.rows, found.expected, found.whole, found.share) == (SIZE, SIZE, True, Fraction(1))
    assert codes(found, against=False) >= {"totals-equal", "hash-equal", "texts-inside", "ids-equal", "pairs-equal"}
    assert codes(found) == set()


@pytest.mark.parametrize("part", [replace(texts(SENTENCES), official=False), TOTALS_ALONE])
def test_all_units_with_equal_totals_are_consistent(part: Any) -> None:
    assert held(rows(), card(layout(part))).state is IdentityState.CONSISTENT


def test_fewer_units_are_a_part() -> None:
    found = held(rows([0, 3, 5]))
    assert (found.state, found.whole, found.share) == (IdentityState.PART, False, Fraction(3, SIZE))
    assert held(rows([0, 3, 5]), card(layout(TOTALS_ALONE))).state is IdentityState.PART


def test_without_a_card_or_totals_the_set_is_unknimporters() -> None:
    found = identity(predictions(rows()), None)
    assert (found.state, found.card, found.expected, found.share) == (IdentityState.UNKNOWN, None, None, None)
    assert codes(found, against=False) == {"no-card", "dataset-unnamed"}
    for numbers in (None, [1, 2]):
        found = held(rows(numbers), card(layout(UNKNOWN_TEXTS)))
        assert found.state is IdentityState.UNKNOWN
        assert found.expected == SIZE
        assert "no-totals" in codes(found, against=False)


def test_a_set_that_is_not_public_is_unknimporters() -> None:
    found = held(rows(), card(layouts=()))
    assert (found.state, found.layout, found.expected) == (IdentityState.UNKNOWN, None, None)
    assert "no-layout" in codes(found, against=False)


def test_rows_without_references_confirm_nothing() -> None:
    items = [replace(row, reference=None) for row in rows()]
    found = held(items)
    assert found.state is IdentityState.UNKNOWN
    assert "no-references" in codes(found, against=False)


# What contradicts


def _numbered(items: list[Row]) -> list[Row]:
    return [replace(row, id=unit(n)) for n, row in enumerate(items)]


@pytest.mark.parametrize(
    ("items", "wanted"),
    [
        ([*rows(), Row(unit(SIZE), "x", "one more")], "units-above"),
        ([replace(row, reference=f"{row.reference} more") for row in rows([1, 2])], "texts-outside"),
        ([replace(row, reference="word " * 3000) for row in rows([1])], "totals-above"),
        ([*rows(range(SIZE - 1)), Row(unit(SIZE - 1), "x", "another sentence")], "totals-differ"),
        (_numbered(rows(list(range(4)) * (SIZE // 4))), "repeated-units"),
        (_numbered(rows([1, 1, 1])), "repeated-texts"),
        ([*rows([1, 2]), *rows([2])], "duplicate-ids"),
        ([replace(row, id=f"utt {row.id}") for row in rows([1, 2])], "id-pattern"),
        ([Row("a/1-2-0001.wav", "x", SENTENCES[1]), Row("b/1-2-0001.flac", "x", SENTENCES[2])], "duplicate-units"),
        (
            [replace(row, reference=SENTENCES[{3: 4, 4: 3}.get(n, n)]) for n, row in enumerate(rows())],
            "pairs-differ",
        ),
    ],
)
def test_what_contradicts(items: list[Row], wanted: str) -> None:
    found = held(items)
    assert found.state is IdentityState.CONTRADICTED
    assert found.contradicted
    assert wanted in codes(found)
    assert found.reasons[0].against, "what contradicts comes first"


def test_a_hash_contradicts_only_where_it_is_official() -> None:
    # The same counts of words and characters, and two letters swapped.
    items = [replace(row, reference=row.reference.replace("number 7", "nubmer 7")) for row in rows()]
    for official, state in ((True, IdentityState.CONTRADICTED), (False, IdentityState.CONSISTENT)):
        part = replace(texts(SENTENCES), official=official, units=None)
        found = held(items, card(layout(part, ids=NO_IDS)))
        assert found.state is state
        assert "hash-differs" in codes(found, against=official)


def test_case_and_white_space_do_not_count_where_the_card_says_so() -> None:
    part = texts([text.upper() for text in SENTENCES], case="upper")
    items = [replace(row, reference=f"  {row.reference}  ".replace(" ", "  ")) for row in rows()]
    assert held(items, card(layout(part, ids=NO_IDS))).state is IdentityState.VERIFIED


def test_ids_other_than_the_sets_do_not_matter_where_references_are_confirmed() -> None:
    items = [replace(row, id=f"mine {n}") for n, row in enumerate(rows())]
    found = held(items)
    assert found.state is IdentityState.VERIFIED
    assert "id-pattern" in codes(found, against=False)


def test_ids_as_paths_and_as_positions_are_read_as_such() -> None:
    paths = [replace(row, id=f"LibriSpeech/test-clean/1/2/{row.id}.flac") for row in rows()]
    assert {"ids-equal", "pairs-equal"} <= codes(held(paths), against=False)
    positions = [replace(row, id=f"{n:06d}") for n, row in enumerate(rows([4, 5, 6]))]
    found = held(positions)
    assert found.state is IdentityState.PART
    assert "ids-are-positions" in codes(found, against=False)


def test_as_many_ids_as_the_set_and_others() -> None:
    items = [replace(row, id=unit(n + 100)) for n, row in enumerate(rows())]
    found = held(items, card(layout(UNKNOWN_TEXTS)))
    assert codes(found) == {"ids-differ"}


def test_ids_alone_never_confirm() -> None:
    items = [replace(row, reference=None) for row in rows()]
    assert held(items, card(layout(UNKNOWN_TEXTS))).state is IdentityState.UNKNOWN


def test_an_unofficial_copy_may_spell_some_texts_differently() -> None:
    part = replace(texts(SENTENCES), official=False)
    few = [*rows([1, 2, 3]), Row(unit(4), "x", "not in it")]
    found = held(few, card(layout(part)))
    assert found.state is IdentityState.UNKNOWN
    assert "texts-outside" in codes(found, against=False)
    many = [*rows([1]), *(Row(unit(n), "x", f"not in it {n}") for n in (2, 3))]
    assert held(many, card(layout(part))).state is IdentityState.CONTRADICTED


def test_a_copy_that_lacks_two_texts() -> None:
    part = replace(UNKNOWN_TEXTS, made="A copy.", units=tuple(sorted(unit_hash(text) for text in SENTENCES[:-2])))
    made = card(layout(part, ids=NO_IDS, repeats=Repeats(3, "At most.", SOURCE)))
    assert held(rows(), made).state is IdentityState.CONSISTENT
    three = [*rows(range(SIZE - 3)), *(Row(unit(n), "x", f"foreign {n}") for n in range(SIZE - 3, SIZE))]
    assert held(three, made).state is IdentityState.UNKNOWN
    assert held(rows([1, 2]), made).state is IdentityState.PART


def test_copies_and_foreign_texts_together_are_more_than_a_copy_lacks() -> None:
    part = replace(UNKNOWN_TEXTS, made="A copy.", units=tuple(sorted(unit_hash(text) for text in SENTENCES[:-2])))
    made = card(layout(part, ids=NO_IDS, repeats=Repeats(4, "At most.", SOURCE)))
    items = [*rows(range(1, SIZE - 3)), *rows([1, 2]), *(Row(unit(n), "x", f"foreign {n}") for n in (1, 2))]
    found = held(_numbered(items), made)
    assert (len(items), found.state) == (SIZE, IdentityState.UNKNOWN)
    (outside,) = [reason for reason in found.reasons if reason.code == "texts-outside"]
    assert (outside.found, outside.expected, outside.against) == (2, 2, False)


def test_one_text_too_many_is_seen_where_the_card_states_no_repeats() -> None:
    found = held(_numbered(rows([1, 1])), card(layout(repeats=UNSTATED)))
    (repeated,) = [reason for reason in found.reasons if reason.against]
    assert (repeated.code, repeated.found, repeated.expected) == ("repeated-texts", 1, 0)


def test_totals_of_a_part_may_reach_those_of_the_set_and_no_more() -> None:
    part = replace(TOTALS_ALONE, characters=None)
    joined = [*rows(range(SIZE - 2)), Row(unit(SIZE - 1), "x", f"{SENTENCES[-2]} {SENTENCES[-1]}")]
    assert held(joined, card(layout(part))).state is IdentityState.PART
    more = [*joined[:-1], replace(joined[-1], reference=f"{joined[-1].reference} word")]
    assert codes(held(more, card(layout(part)))) == {"totals-above"}


def test_two_ids_of_one_unit_contradict_only_where_ids_are_the_sets_importers() -> None:
    items = [Row("a/1-2-0001.wav", "x", SENTENCES[1]), Row("b/1-2-0001.flac", "x", SENTENCES[2])]
    assert held(items, card(layout(ids=NO_IDS))).state is IdentityState.PART


def test_where_no_card_says_how_often_units_repeat_half_is_too_many() -> None:
    made = card(layout(UNKNOWN_TEXTS, repeats=UNSTATED))
    two_each = _numbered(rows([1, 2, 1, 2]))
    assert held(two_each, made).state is IdentityState.UNKNOWN
    three_each = _numbered(rows([1, 2, 1, 2, 1, 2]))
    found = held(three_each, made)
    assert codes(found) == {"repeated-units"}
    others = [replace(row, hypothesis=f"{row.hypothesis} {n}") for n, row in enumerate(three_each)]
    assert held(others, made).state is IdentityState.UNKNOWN


def test_labels_are_counted() -> None:
    part = replace(texts(["yes"] * 3 + ["no"] * 2, case="lower"), labels={"no": 2, "yes": 3}, units=None)
    made = card(layout(part, units=5, ids=NO_IDS, repeats=Repeats(3, "Labels.", SOURCE)))
    answers = ["Yes", "No", "Yes"]
    found = held([Row(unit(n), "yes", text) for n, text in enumerate(answers)], made)
    assert (found.state, codes(found)) == (IdentityState.UNKNOWN, set())
    assert "labels-alone" in codes(found, against=False)
    assert "label-above" in codes(held([Row(unit(n), "yes", "No") for n in range(3)], made))
    assert "foreign-labels" in codes(held([Row(unit(0), "yes", "Maybe")], made))


# Layouts


def _captions() -> SetCard:
    clips = [[f"clip {c} caption {k}" for k in range(5)] for c in range(4)]
    flat = [caption for clip in clips for caption in clip]
    one = layout(texts(flat), id="clips", units=4, texts_per_row=5, ids=NO_IDS, repeats=Repeats(0, "None.", SOURCE))
    return card(one, replace(one, id="captions", units=20, texts_per_row=1))


def test_the_layout_is_the_one_that_fits() -> None:
    made = _captions()
    clips = [Row(f"c{c}", "x", [f"clip {c} caption {k}" for k in range(5)]) for c in range(4)]
    captions = [Row(f"c{c}k{k}", "x", [f"clip {c} caption {k}"]) for c in range(4) for k in range(5)]
    for items, name, size in ((clips, "clips", 4), (captions, "captions", 20)):
        found = held(items, made)
        assert (found.state, found.layout, found.expected) == (IdentityState.VERIFIED, name, size)
    found = held(captions[:3], made)
    assert (found.state, found.layout, found.expected) == (IdentityState.PART, "captions", 20)
    found = held([*clips[:3], Row("c3", "x", ["clip 3 caption 0"])], made)
    assert "row-shape" in codes(found)


def test_rows_that_fit_two_layouts_are_said_to() -> None:
    made = _captions()
    found = held([Row(f"s{n}", "a story", None) for n in range(3)], made)
    assert (found.state, found.layout) == (IdentityState.UNKNOWN, "clips")
    assert "layout-ambiguous" in codes(found, against=False)
    found = held([Row(f"s{n}", "a story", None) for n in range(17)], made)
    assert (found.state, found.layout, found.expected) == (IdentityState.UNKNOWN, "captions", 20)


def test_the_official_scoring_of_gigaspeech_belongs_to_the_set() -> None:
    made = load_set(FOLDER / "gigaspeech-test.yaml")

    def part(segments: int, spoken: int, words: int) -> SetCard:
        scored = replace(made.layout("scored").texts[0], count=spoken, words=words)
        return replace(
            made,
            layouts=(
                replace(made.layout("segments"), units=segments, texts=(scored,)),
                replace(made.layout("scored"), units=spoken, texts=(scored,)),
            ),
        )

    small = part(3, 2, 4)
    items = [
        Row("YOU1_S0000001", "a", "WELL-KNOWN WORDS <COMMA>"),
        Row("YOU1_S0000002", "b", "UH YES"),
        Row("YOU1_S0000003", "c", "<MUSIC>"),
    ]
    whole = identity(predictions(items, task="asr-gigaspeech"), small)
    assert (whole.state, whole.layout, whole.expected) == (IdentityState.CONSISTENT, "segments", 3)
    kept = identity(predictions(items[:2], task="asr-gigaspeech"), small)
    assert (kept.state, kept.layout, kept.expected) == (IdentityState.CONSISTENT, "scored", 2)
    less = identity(predictions([items[0], items[2]], task="asr-gigaspeech"), small)
    assert (less.state, less.layout, less.expected) == (IdentityState.PART, "segments", 3)


# What the meta file says


@pytest.mark.parametrize(
    ("dataset", "wanted"),
    [
        ({"name": "TED-LIUM", "split": "test"}, "other-dataset"),
        ({"name": "TED-LIUM"}, "other-dataset"),
        ({"name": "Made Set", "split": "test-other"}, "other-split"),
        ({"name": "made_set", "split": "dev"}, "other-split"),
        ({"name": "Made Set test-other"}, "other-split"),
        ({"name": None, "split": "test-other"}, "other-split"),
    ],
)
def test_the_meta_file_names_another_set(dataset: dict[str, str], wanted: str) -> None:
    found = held(rows(), dataset=dataset)
    assert (found.state, codes(found)) == (IdentityState.CONTRADICTED, {wanted})


@pytest.mark.parametrize(
    ("dataset", "wanted"),
    [
        ({"name": "made-set", "split": "Test Clean"}, "dataset-named"),
        ({"name": "made-set", "split": None}, "dataset-named"),
        ({"name": "made-set", "split": "test"}, "split-unclear"),
        ({"name": " ", "manifest_sha256": "0"}, "dataset-unnamed"),
        (None, "dataset-unnamed"),
    ],
)
def test_the_meta_file_names_the_set_or_none(dataset: object, wanted: str) -> None:
    found = held(rows(), dataset=dataset)
    assert found.state is IdentityState.VERIFIED
    assert wanted in codes(found, against=False)


@pytest.mark.parametrize(
    ("model", "variant", "contradicted"),
    [
        ("SALMONN-7B", "13b", True),
        ("SALMONN-13B", "7B", True),
        ("SALMONN 7.5B", "13b", True),
        ("SALMONN-13B", "13b", False),
        ("SALMONN 7.5B", "7b", False),
        ("SALMONN (Vicuna-13B, Whisper 1.5B)", "13b", False),
        ("SALMONN in 8bit", "13b", False),
        ("SALMONN", "13b", False),
        ("SALMONN-7B", "base", False),
    ],
)
def test_model_and_variant(model: str, variant: str, contradicted: bool) -> None:
    found = held(rows(), model=model, variant=variant)
    assert found.contradicted is contradicted
    assert ("other-variant" in codes(found)) is contradicted
    assert identity(predictions(rows(), model=model, variant=variant), None).contradicted is contradicted


# Tampering

CARDS = st.sampled_from(
    [
        card(),
        card(layout(replace(texts(SENTENCES), official=False))),
        card(layout(TOTALS_ALONE, repeats=UNSTATED)),
        card(layout(replace(texts(SENTENCES), units=None), ids=NO_IDS)),
        card(layout(UNKNOWN_TEXTS, repeats=UNSTATED)),
    ]
)
NUMBERS = st.integers(0, SIZE - 1)
WORDS = st.text("ab c", max_size=12)


@st.composite
def tampered(draw: st.DrawFn) -> tuple[list[Row], dict[str, Any]]:
    """Rows that are not the set's: foreign texts, repeated units, too many rows, or another data set by name."""
    items = rows(draw(st.lists(NUMBERS, min_size=1, max_size=SIZE, unique=True)))
    kind = draw(st.sampled_from(["foreign", "repeated", "above", "named", "ids"]))
    if kind == "foreign":
        items = [replace(row, reference=draw(WORDS)) if draw(st.booleans()) else row for row in items]
    elif kind == "repeated":
        items = _numbered((items * SIZE)[:SIZE])
    elif kind == "above":
        items = _numbered([*rows(), *items])
    elif kind == "ids":
        items = [replace(row, id=f"x{row.id}") for row in items]
    return items, {"dataset": {"name": "TED-LIUM"}} if kind == "named" else {}


@st.composite
def moved(draw: st.DrawFn, items: list[Row]) -> list[Row]:
    """The rows permuted, duplicated, padded and relabelled, in any order and number."""
    for step in draw(
        st.lists(st.sampled_from(["permute", "duplicate", "pad", "number", "relabel", "copy-id"]), max_size=4)
    ):
        fresh = f"9-9-{len(items):04d}"
        if step == "permute":
            items = draw(st.permutations(items))
        elif step == "duplicate":
            items = [*items, replace(draw(st.sampled_from(items)), id=fresh)]
        elif step == "copy-id":
            items = [*items, draw(st.sampled_from(items))]
        elif step == "pad":
            items = [*items, Row(fresh, draw(WORDS), draw(st.one_of(WORDS, st.just(SENTENCES[0]))))]
        elif step == "number":
            items = [replace(row, id=f"{n:06d}") for n, row in enumerate(items)]
        else:
            items = [replace(row, id=unit(n)) for n, row in enumerate(items)]
    return items


@given(CARDS, tampered(), st.data())
def test_no_tampering_confirms_a_contradicted_set(
    made: SetCard, start: tuple[list[Row], dict[str, Any]], data: st.DataObject
) -> None:
    items, meta = start
    assume(held(items, made, **meta).contradicted)
    after = held(data.draw(moved(items)), made, **meta)
    assert after.state not in {IdentityState.VERIFIED, IdentityState.CONSISTENT}


@given(CARDS, st.lists(NUMBERS, min_size=1, max_size=SIZE - 1, unique=True), st.data())
def test_a_part_is_not_completed_by_copies_and_padding(made: SetCard, numbers: list[int], data: st.DataObject) -> None:
    items = rows(numbers)
    assert not held(items, made).contradicted
    after = data.draw(moved(items))
    assume(len(after) > len(items))
    if sorted(str(row.reference) for row in after) == sorted(SENTENCES):
        return  # the padding was the missing row itself
    assert held(after, made).state not in {IdentityState.VERIFIED, IdentityState.CONSISTENT}


@given(st.permutations(rows()))
def test_order_does_not_matter(items: list[Row]) -> None:
    assert held(items) == held(rows())


# Real outputs


def _real(shared_real: Path, importer: str, file: str, task: str) -> list[Row]:
    reader = next(item for item in importers() if item.name == importer)
    options = argparse.Namespace(file=shared_real / file, cluster_by_audio=False)
    return list(reader.read(options, tasks()[task]).rows)


def _real_card(name: str) -> SetCard:
    return load_set(FOLDER / f"{name}.yaml")


def test_audiobench_is_a_part_of_test_clean(shared_real: Path) -> None:
    items = _real(shared_real, "audiobench", "audiobench/librispeech_test_clean.json", TASK)
    found = held(items, _real_card("librispeech-test-clean"))
    assert (found.state, found.rows, found.expected) == (IdentityState.PART, 2617, 2620)
    lower = [replace(row, reference=row.reference.lower()) for row in items]
    assert held(lower, _real_card("librispeech-test-clean")).state is IdentityState.PART


def test_audiobenchs_normalised_references_are_another_text(shared_real: Path) -> None:
    items = _real(shared_real, "audiobench", "audiobench/librispeech_test_clean_wer_score.2025.json", TASK)
    found = held(items, _real_card("librispeech-test-clean"))
    assert codes(found) == {"totals-above", "texts-outside"}
    (words,) = [r for r in found.reasons if r.code == "totals-above"]
    assert (words.found, words.expected) == (53014, 52576)


def test_lyrics_are_not_test_clean(shared_real: Path) -> None:
    items = _real(shared_real, "cmi-bench", "cmi-bench/salmonn_DSing.jsonl", TASK)
    made = _real_card("librispeech-test-clean")
    assert "texts-outside" in codes(held(items, made))
    whole = [replace(row, id=f"1-2-{n:04d}") for n, row in enumerate((items * 6)[:2620])]
    assert {"totals-differ", "texts-outside", "repeated-units"} <= codes(held(whole, made))


def test_a_hundred_utterances_repeated_are_not_test_clean(shared_real: Path) -> None:
    items = _real(shared_real, "audiobench", "audiobench/librispeech_test_clean.json", TASK)[:100]
    whole = [replace(row, id=f"1-2-{n:04d}") for n, row in enumerate((items * 27)[:2620])]
    found = held(whole, _real_card("librispeech-test-clean"))
    assert {"totals-differ", "repeated-texts", "repeated-units"} <= codes(found)


@pytest.mark.parametrize(
    ("importer", "file", "task", "name", "layout_id", "size"),
    [
        ("audiobench", "audiobench/audiocaps_test.json", "aac-audiocaps", "audiocaps-test", "captions", 4875),
        ("audiobench", "audiobench/audiocaps_test.json", "story-audiocaps", "audiocaps-test", "captions", 4875),
        ("audiobench", "audiobench/covost2_en_zh_test.json", "st-en-zh", "covost2-en-zh-test", "clips", 15531),
        ("cmi-bench", "cmi-bench/salmonn_MusicCaps.jsonl", "mc-musiccaps", "musiccaps-eval", "clips", 2858),
    ],
)
def test_other_real_outputs_are_parts(
    shared_real: Path, importer: str, file: str, task: str, name: str, layout_id: str, size: int
) -> None:
    found = identity(predictions(_real(shared_real, importer, file, task), task=task), _real_card(name))
    assert (found.state, found.layout, found.expected) == (IdentityState.PART, layout_id, size)


def test_sentences_about_emotions_are_not_iemocaps_labels(shared_real: Path) -> None:
    items = _real(shared_real, "audiobench", "audiobench/iemocap_emotion_test.json", "er-iemocap")
    found = identity(predictions(items, task="er-iemocap"), _real_card("iemocap-session5"))
    assert {"foreign-labels", "totals-above"} == codes(found)


# The words


WANTED = "Made Set, test-clean"


OTHER = "The meta file names the data set {}; the task's is " + WANTED + "."
SPLIT = "The meta file names {}, a different set or split from " + WANTED + "."
UNCLEAR = "The meta file names the split {}; whether it is that of " + WANTED + " is not known."
NAMED = "The meta file names the data set {}."


@pytest.mark.parametrize(
    ("name", "split", "code", "text", "shown"),
    [
        ("Lyrics", "test-clean", "other-dataset", OTHER, "Lyrics / test-clean"),
        ("Lyrics", None, "other-dataset", OTHER, "Lyrics"),
        ("Lyrics", "made set", "other-dataset", OTHER, "Lyrics / made set"),
        ("Made Set", "test-other", "other-split", SPLIT, "Made Set / test-other"),
        (None, "dev", "other-split", SPLIT, "dev"),
        ("Made Set", "part 7", "split-unclear", UNCLEAR, "Made Set / part 7"),
        ("MADE-SET", "TEST clean", "dataset-named", NAMED, "MADE-SET / TEST clean"),
        (" Made Set ", " ", "dataset-named", NAMED, "Made Set"),
    ],
)
def test_what_the_meta_file_names_is_told_with_what_was_wanted(
    name: str | None, split: str | None, code: str, text: str, shown: str
) -> None:
    wanted = IdentityReason(code, text.format(shown), shown, WANTED, against=code.startswith("other"))
    dataset = {key: value for key, value in (("name", name), ("split", split)) if value}
    assert [r for r in held(rows(), dataset=dataset).reasons if r.code == code] == [wanted]


def test_a_set_without_splits_needs_none() -> None:
    alone = card(called=Called("made.?set", None, None))
    found = held(rows(), alone, dataset={"name": "Made Set", "split": "anything"})
    assert "dataset-named" in codes(found, against=False)


def test_a_meta_file_that_names_nothing_says_so() -> None:
    unnamed = IdentityReason("dataset-unnamed", "The meta file names no data set.")
    for dataset in (None, {}, {"name": " ", "split": ""}):
        assert unnamed in held(rows(), dataset=dataset).reasons
    found = identity(predictions(rows(), dataset={"name": "Anything", "split": "x"}), None)
    assert found.reasons == (
        IdentityReason("dataset-named", "The meta file names the data set Anything / x.", "Anything / x"),
        IdentityReason("no-card", f"The task {TASK} has no set card."),
    )
    assert (found.state, found.card, found.layout, found.rows, found.expected) == (
        IdentityState.UNKNOWN, None, None, SIZE, None)  # fmt: skip


def test_other_reasons_in_words() -> None:
    found = held([*rows([1, 2]), *rows([2])])
    text = "1 of 3 rows have the id of an earlier row."
    assert IdentityReason("duplicate-ids", text, 1, 0, against=True) in found.reasons
    nothing = held(rows(), card(layouts=()))
    text = "Nothing is known about the rows of Made Set: Made for a test."
    assert IdentityReason("no-layout", text) in nothing.reasons
    named = held(rows(), model="SALMONN-7B", variant="13b")
    text = "The model is named SALMONN-7B, but its variant 13b."
    assert IdentityReason("other-variant", text, "SALMONN-7B", "13b", against=True) in named.reasons
    assert named.state is IdentityState.CONTRADICTED
    assert named.contradicted
    assert named.reasons[0].against  # contradictions come first
    assert [r.against for r in named.reasons] == sorted((r.against for r in named.reasons), reverse=True)


@pytest.mark.parametrize(
    ("model", "variant", "same"),
    [
        ("SALMONN-13B", "13b", True),
        ("SALMONN 7.0 B", "7b", True),
        ("Qwen2.5-7B", "7b", True),  # the 5 belongs to a version
        ("SALMONN-7b and 13b", "13b", True),
        ("SALMONN", "13b", True),
        ("SALMONN-7B", "large", True),
        ("7bit SALMONN", "13b", True),
        ("SALMONN-7B", "13b", False),
        ("SALMONN-1.3B", "13b", False),
    ],
)
def test_sizes_of_models_are_compared_by_their_billions(model: str, variant: str, same: bool) -> None:
    assert ("other-variant" not in codes(held(rows(), model=model, variant=variant))) == same


# A data set on disk


def on_disk(numbers: range, **changes: Any) -> Manifest:
    items = tuple(Item(unit(n), (f"{n}.wav",), SENTENCES[n]) for n in numbers)
    return Manifest("Made Set", "test-clean", Path("made"), items, **changes)


def test_a_data_set_on_disk_is_compared_by_its_items() -> None:
    found = identity_on_disk(on_disk(range(SIZE)), card())
    assert (found.state, found.card, found.layout, found.rows, found.expected) == (
        IdentityState.VERIFIED, "made-set", "utterances", SIZE, SIZE)  # fmt: skip
    assert found.reasons == tuple(r for r in held(rows()).reasons if r.code != "dataset-unnamed")
    part = identity_on_disk(on_disk(range(3)), card())
    assert (part.state, part.rows, part.expected, part.contradicted) == (IdentityState.PART, 3, SIZE, False)
    assert "units-below" in codes(part, against=False)
    other = tuple(replace(item, reference=f"{item.reference} more") for item in on_disk(range(3)).items)
    foreign = identity_on_disk(replace(on_disk(range(3)), items=other), card())
    assert (foreign.state, foreign.contradicted, foreign.reasons[0].against) == (IdentityState.CONTRADICTED, True, True)


def test_a_data_set_on_disk_without_a_card_is_unknimporters() -> None:
    found = identity_on_disk(on_disk(range(3)), None)
    missing = IdentityReason("no-card", "No set card.")
    assert found == Identity(IdentityState.UNKNOWN, None, None, 3, None, (missing,))
