from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit._util.paths import LITERATURE
from audit.errors import InputError, MissingError
from audit.literature.known_tasks import known_tasks as tasks
from audit.literature.lint_sets import lint_sets
from audit.literature.make_set import card_text, draft, units_text
from audit.literature.reproductions import load_reproduction
from audit.literature.set_texts import (
    are_positions,
    normalise,
    pairs_sha256,
    prepared,
    sorted_sha256,
    texts,
    totals,
    unit_hash,
    unit_id,
)
from audit.literature.set_words import card_words, table
from audit.literature.sets import SETS, SetCard, card_of, load_set, load_sets
from audit.literature.studies import load_study
from tasks.datasets.registry import READERS
from tasks.row import ReferenceType

CARDS = load_sets()


# The cards


def test_every_task_of_the_first_two_studies_has_a_card() -> None:
    for name in ("salmonn", "sakura"):
        for task in load_study(LITERATURE / "studies" / f"{name}.yaml").tasks.values():
            assert card_of(task, CARDS) is not None, task.id
    assert lint_sets(tasks().values())[1] == []


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.id)
def test_a_cards_facts_agree_with_each_other(card: SetCard) -> None:
    for layout in card.layouts:
        assert layout.units
        for part in layout.texts:
            if part.units is not None and part.count is not None:
                assert part.count - 2 <= len(part.units) <= part.count
            if part.labels is not None:
                listed = sorted(label for label, count in part.labels.items() for _ in range(count))
                summed = totals(listed)
                assert (summed.words, summed.characters, summed.sha256) == (part.words, part.characters, part.sha256)
            if part.words is not None and part.characters is not None:
                assert part.words <= part.characters
    for words in card_words(card, tasks().values()):
        assert not re.search(r"/work|/tmp|shared/", words)


def test_layouts_of_one_set_hold_the_same_texts() -> None:
    clips, captions = CARDS["audiocaps-test"].layouts
    assert (clips.units, captions.units) == (975, 4875)
    assert clips.texts == captions.texts


def test_phones_have_the_ids_of_test_clean() -> None:
    words, phones = (CARDS[f"librispeech-test-clean{name}"].layouts[0] for name in ("", "-phones"))
    assert words.ids.sha256 == phones.ids.sha256


def test_the_official_scoring_of_gigaspeech() -> None:
    card = CARDS["gigaspeech-test"]
    assert card.selection is not None
    kept, of = card.layout(card.selection.layout), card.layout(card.selection.of)
    assert (kept.units, of.units, kept.texts[0].words) == (19930, 25619, 390744)
    assert [other.id for other in CARDS.values() if other.selection] == ["gigaspeech-test"]


def test_what_is_not_public_says_so() -> None:
    card = CARDS["sac-inhouse"]
    assert (card.public.state, card.layouts, card.layout_for(1)) == ("no", (), None)


def test_the_smallest_layout_that_holds_so_many_rows() -> None:
    card = CARDS["audiocaps-test"]
    assert [getattr(card.layout_for(n), "id", None) for n in (1, 975, 976, 4411, 4875, 4876)] == [
        "clips", "clips", "captions", "captions", "captions", None,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["salmonn", "sakura"])
def test_the_sizes_that_studies_state_are_the_cards(name: str) -> None:
    study = load_study(LITERATURE / "studies" / f"{name}.yaml")
    stated = {claim.task: claim.expected_rows for claim in study.claims if claim.model is None and not claim.mean_of}
    for task, size in stated.items():
        card = card_of(study.tasks[task], CARDS)
        assert card is not None
        if size is not None:
            assert size in {layout.units for layout in card.layouts}
    # The paper does not say which part, list or row it scored; the public set has a size all the same.
    unstated = {task for task, size in stated.items() if size is None}
    assert unstated == (
        {"aac-audiocaps", "mc-musiccaps", "sac-inhouse", "sf-slurp", "story-audiocaps", "sv-voxceleb1"}
        if name == "salmonn"
        else set()
    )


def test_where_recorded_sizes_are_not_the_cards() -> None:
    """What a team had at hand, for every task where it is not the whole set; the cards' sources are the data sets' own."""
    study = load_study(LITERATURE / "studies/salmonn.yaml")
    recorded = load_reproduction(LITERATURE / "reproductions/hufs.yaml", study).recorded
    found = {}
    for value in recorded:
        card = card_of(study.tasks[value.task], CARDS)
        assert card is not None
        sizes = {layout.units for layout in card.layouts}
        if value.total is not None and value.total not in sizes:
            layout = card.layout_for(value.total)
            found[value.task] = (value.total, layout.units if layout else None)
    assert found == {
        "aac-audiocaps": (4411, 4875),
        "mc-musiccaps": (2828, 2858),
        "story-audiocaps": (4411, 4875),
        "sv-voxceleb1": (4874, 37611),
    }


# Benchmarks' own copies go by the set's name.
COPIES = ("audiobench-", "cmi-bench-")


@pytest.mark.parametrize(
    ("task", "name", "split"),
    [
        ("asr-librispeech-clean", "LibriSpeech", "test-clean"),
        ("asr-librispeech-clean", "librispeech_asr clean", "test"),
        ("asr-librispeech-other", "LibriSpeech", "test-other"),
        ("pr-librispeech", "LibriSpeech (MFA phones)", "test-clean"),
        ("asr-gigaspeech", "GigaSpeech", "test"),
        ("st-en-zh", "CoVoST 2 en-zh", "test"),
        ("st-en-de", "CoVoST 2 en-de", "test"),
        ("st-en-ja", "CoVoST2-En2Ja", "test"),
        ("aac-audiocaps", "AudioCaps", "test"),
        ("story-audiocaps", "AudioCaps", "test"),
        ("er-iemocap", "IEMOCAP", "Session 5"),
        ("mc-musiccaps", "MusicCaps", "eval"),
        ("osr-librimix", "Libri2Mix wav16k max mix_clean", "test"),
        ("sv-voxceleb1", "VoxCeleb1", "veri_test.txt"),
        ("ke-inspec", "Inspec", "Test"),
        ("sqqa-wikiqa", "WikiQA", "test"),
        ("sf-slurp", "SLURP", "test"),
        *(
            (f"sakura-{track}-{hop}", f"SAKURA {track.capitalize()}", hop)
            for track in ("animal", "emotion", "gender", "language")
            for hop in ("single", "multi")
        ),
    ],
)
def test_the_names_that_our_readers_write_are_the_sets(task: str, name: str, split: str) -> None:
    assert task in READERS
    for other in CARDS.values():
        called = other.called
        shown = f"{name} / {split}"
        fits = re.search(called.name, name, re.IGNORECASE) and not (
            called.other and re.search(called.other, shown, re.IGNORECASE)
        )
        fits = fits and (called.split is None or re.search(called.split, shown, re.IGNORECASE))
        if tasks()[task].card == other.id:
            assert fits, other.id
        elif other.id.startswith(COPIES):
            continue
        elif other.id != "librispeech-test-clean-phones" or task != "asr-librispeech-clean":
            assert not fits, other.id


# Texts


def test_counts_and_hash() -> None:
    found = totals(["b c", "a"])
    assert (found.count, found.words, found.characters) == (2, 3, 4)
    assert found.sha256 == hashlib.sha256(b"a\nb c\n").hexdigest()
    assert sorted_sha256([]) == hashlib.sha256(b"").hexdigest()
    assert unit_hash("a") == hashlib.sha256(b"a").hexdigest()[:12]
    assert pairs_sha256([("2", ["y", "x"]), ("1", ["z"])]) == hashlib.sha256(b"1\tz\n2\tx\ty\n").hexdigest()


def test_texts_are_normalised() -> None:
    assert normalise("  e\u0301\n\tA  ") == "\u00e9 A"
    assert (normalise("Ab", "upper"), normalise("Ab", "lower")) == ("AB", "ab")
    assert len(unit_hash("\ud800")) == 12


def test_the_parts_of_a_reference() -> None:
    answers = {"question": "q", "answers": ["a", "b"], "candidates": [{"text": "c", "label": 0}, "d"]}
    assert [texts(answers, part) for part in ("question", "answers", "candidates")] == [("q",), ("a", "b"), ("c", "d")]
    slot = {"slot": "date", "value": "today", "transcript": "what is today"}
    assert (texts(slot, "slot"), texts(slot, "transcript")) == (("date : today",), ("what is today",))
    assert (texts("a", "reference"), texts(["a", "b"], "reference"), texts(None, "reference")) == (
        ("a",),
        ("a", "b"),
        (),
    )
    assert texts("a", "slot") == ()
    assert prepared("UH <MUSIC>", "reference", "upper", "gigaspeech-official") == ()
    assert prepared("a-b uh", "reference", "upper", "gigaspeech-official") == ("A B",)


def test_ids_as_the_set_writes_them() -> None:
    assert [unit_id(name) for name in ("a/b/1-2-3.flac", "1-2-3.WAV", "1-2-3", "a.b")] == [
        "1-2-3",
        "1-2-3",
        "1-2-3",
        "a.b",
    ]
    assert are_positions(["000000", "000001"])
    assert not are_positions(["000000", "1-2-3"])
    assert not are_positions(["123"])


# Broken cards


def made(tmp_path: Path, *changes: tuple[str, Any], name: str = "librispeech-test-clean") -> Path:
    """A real card with some fields changed; `a.b.0` names a field."""
    data = yaml.safe_load((SETS / f"{name}.yaml").read_text(encoding="utf-8"))
    for field, value in changes:
        place = data
        *path, last = [int(part) if part.isdigit() else part for part in field.split(".")]
        for part in path:
            place = place[part]
        place[last] = value
    (tmp_path / "units").mkdir(exist_ok=True)
    unit = SETS / "units" / f"{name}.reference.txt"
    (tmp_path / "units" / unit.name).write_bytes(unit.read_bytes())
    target = tmp_path / f"{name}.yaml"
    target.write_text(card_text(data), encoding="utf-8")
    return target


@pytest.mark.parametrize(
    ("field", "value", "place", "what"),
    [
        ("colour", "red", "colour", "unknown key `colour`"),
        ("layouts.0.texts.0.word", 1, "layouts[0].texts[0].word", "unknown key `word`"),
        ("hub.owner", "x", "hub.owner", "unknown key `owner`"),
        ("public.source", [], "public.source", "it is empty"),
        ("public.source", ["nobody"], "public.source[0]", "unknown source `nobody`"),
        ("sources.idle", {"text": "x", "where": "y"}, "sources.idle", "no fact names the source `idle`"),
        ("layouts.0.units", None, "layouts[0].units", "a number is null without a reason"),
        ("layouts.0.texts.0.words", None, "layouts[0].texts[0].reason", "a number is null without a reason"),
        ("layouts.0.texts.0.made", None, "layouts[0].texts[0].made", "a hash without its source"),
        ("layouts.0.ids.made", None, "layouts[0].ids.made", "a hash without its source"),
        ("layouts.0.ids.pattern", "[0-9", "layouts[0].ids.pattern", "invalid regular expression"),
        ("called.name", "(", "called.name", "invalid regular expression"),
        ("called.name", "x[[a]", "called.name", "invalid regular expression: Possible nested set"),
        ("called.name", "x{99999999999999999999}", "called.name", "invalid regular expression"),
        ("layouts.0.texts.0.count", 2621, "layouts[0].texts[0].count", "2620 rows of 1 texts do not make 2621 texts"),
        ("layouts.0.texts.0.count", 2000, "layouts[0].texts[0].count", "2620 rows of 1 texts do not make 2000 texts"),
        ("layouts.0.texts.0.labels", {"a": 1}, "layouts[0].texts[0].labels", "the label counts sum to 1, not 2620"),
        ("layouts.0.texts.0.units", "units/none.txt", "layouts[0].texts[0].units", "units/none.txt cannot be read"),
        ("layouts.0.texts.0.units", "units/../x.txt", "layouts[0].texts[0].units", "leaves the folder of cards"),
        ("layouts.0.texts.0.sha256", "abc", "layouts[0].texts[0].sha256", "is not well-formed"),
        ("layouts", [], "layouts", "a public set without a layout"),
        (
            "selection",
            {"layout": "kept", "of": "utterances", "rule": "x", "source": ["openslr"]},
            "selection.layout",
            "unknown layout `kept`",
        ),
    ],
)
def test_a_broken_card_is_named_by_file_line_and_field(
    tmp_path: Path, field: str, value: Any, place: str, what: str
) -> None:
    path = made(tmp_path, (field, value))
    if field == "layouts":
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        del data["sources"]["kanda"], data["sources"]["second-copy"], data["sources"]["chapters"]
        path.write_text(card_text(data), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_set(path)
    assert re.fullmatch(rf"{re.escape(str(path))}:\d+: {re.escape(place)}", caught.value.where or "")
    assert what in caught.value.what
    assert caught.value.fix
    assert any(what in problem.what for problem in lint_sets([tasks()["asr-librispeech-clean"]], tmp_path)[1])


def test_two_layouts_of_one_name(tmp_path: Path) -> None:
    path = made(tmp_path)
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    data["layouts"] *= 2
    path.write_text(card_text(data), encoding="utf-8")
    with pytest.raises(InputError, match="duplicate layout `utterances`"):
        load_set(path)


def test_more_hashes_than_texts(tmp_path: Path) -> None:
    path = made(tmp_path, ("layouts.0.units", 2000), ("layouts.0.texts.0.count", 2000))
    with pytest.raises(InputError, match="2620 truncated hashes for 2000 texts"):
        load_set(path)


@pytest.mark.parametrize("text", ["xyz\n", "b" * 12 + "\n" + "a" * 12 + "\n", "a" * 12])
def test_a_broken_file_of_hashes(tmp_path: Path, text: str) -> None:
    path = made(tmp_path)
    (tmp_path / "units/librispeech-test-clean.reference.txt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="not sorted lines of 12") as caught:
        load_set(path)
    assert "librispeech-test-clean.reference.txt:" in str(caught.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        load_sets(tmp_path / "none")


def test_the_lint_of_cards(tmp_path: Path) -> None:
    made(tmp_path, ("id", "other-name"), ("notes", "TODO"))
    (tmp_path / "units/stray.txt").write_text("", encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("a: 1.5\n", encoding="utf-8")
    found = [
        problem.what for problem in lint_sets([tasks()["asr-librispeech-clean"], tasks()["st-en-zh"]], tmp_path)[1]
    ]
    for what in (
        "1.5 is a float",
        "the id `other-name` differs from the file name",
        "placeholder `TODO`",
        "there is no card `covost2-en-zh-test`, which the task `st-en-zh` names",
        "no card names this file",
    ):
        assert any(what in text for text in found), what


# Drafts


def test_a_draft_counts_and_holds_no_text(tmp_path: Path) -> None:
    rows = [(f"u{n}", f"SECRET WORDS {n}") for n in range(20)]
    drafted = draft(rows, ReferenceType.TEXT, name="mine", dataset="Mine", split="test", made="Rows.")
    assert "SECRET" not in drafted.card
    assert all("SECRET" not in text for text in drafted.units.values())
    (tmp_path / "mine.yaml").write_text(drafted.card, encoding="utf-8")
    for name, text in drafted.units.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (part,) = load_set(tmp_path / "mine.yaml").layouts[0].texts
    assert (part.count, part.words, part.case, len(part.units or ())) == (20, 60, "upper", 20)
    assert part.sha256 == sorted_sha256(text for _, text in rows)
    problems = lint_sets([], tmp_path)[1]
    assert {problem.what for problem in problems} == {"placeholder `REPLACE`"}


def test_a_draft_gives_no_labels_away() -> None:
    rows = [(f"u{n}", "Happy" if n % 2 else "Sad") for n in range(30)]
    drafted = draft(rows, ReferenceType.TEXT, name="m", dataset="M", split="5", made="Rows.")
    assert drafted.units == {}
    assert "appy" not in drafted.card


def test_a_draft_of_rows_without_references(tmp_path: Path) -> None:
    rows = [(f"u{n}", None) for n in range(3)]
    drafted = draft(rows, ReferenceType.OPTIONAL, name="m", dataset="M", split="t", made="Rows.")
    path = tmp_path / "m.yaml"
    path.write_text(drafted.card, encoding="utf-8")
    assert load_set(path).layouts[0].units == 3


def test_a_draft_of_objects() -> None:
    rows = [(f"q{n}", {"question": f"question {n}", "answers": [f"a {n}"]}) for n in range(20)]
    drafted = draft(rows, ReferenceType.QUESTION_ANSWERS, name="m", dataset="M", split="t", made="R.")
    assert sorted(drafted.units) == ["units/m.answers.txt", "units/m.question.txt"]
    assert units_text(["b", "a"]) == "a\nb\n"


# Words


def test_the_table_has_a_line_a_layout() -> None:
    lines = table(CARDS.values(), tasks().values())
    assert len(lines) == 1 + sum(max(1, len(card.layouts)) for card in CARDS.values())
    assert any(line.split()[:3] == ["audiocaps-test", "clips", "975"] for line in lines)
    assert any(line.startswith("sac-inhouse") and "not public" in line for line in lines)
