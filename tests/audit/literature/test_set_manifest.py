from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from audit.literature.set_manifest import compare, notes
from audit.literature.set_texts import sorted_sha256
from audit.literature.sets import load_set
from audit.schema import IdentityState
from tasks.datasets.manifest import Item, Manifest
from tests.support.paths import ROOT
from tests.support.sets import SENTENCES, SIZE, card, layout, unit


def manifest(items: list[Item]) -> Manifest:
    return Manifest("made", "test", Path("/"), tuple(items))


def units(numbers: range) -> list[Item]:
    return [Item(unit(n), (f"{unit(n)}.wav",), SENTENCES[n]) for n in numbers]


def test_nothing_is_said_about_the_whole_set() -> None:
    whole = manifest(units(range(SIZE)))
    assert compare(whole, card()).state is IdentityState.VERIFIED
    assert notes(whole, card()) == ()


def test_a_part_is_said_with_both_sizes() -> None:
    part = manifest(units(range(4)))
    assert compare(part, card()).state is IdentityState.PART
    assert notes(part, card()) == (f"set card made-set: 4 items; the whole set has {SIZE}.",)


def test_a_part_without_references_is_said_too() -> None:
    part = manifest([replace(item, reference=None) for item in units(range(4))])
    assert notes(part, card()) == (f"set card made-set: 4 items; the whole set has {SIZE}.",)


def test_another_text_of_the_same_set_is_said() -> None:
    items = [replace(item, reference=f"{item.reference} indeed") for item in units(range(SIZE))]
    said = notes(manifest(items), card())
    assert any("reference words; the set has" in text for text in said)


def test_a_set_without_a_card_is_said() -> None:
    assert notes(manifest(units(range(1))), None) == ("the task has no set card; the items could not be checked",)
    assert "Nothing is known" in compare(manifest(units(range(1))), card(layouts=())).reasons[0].text


def test_the_layout_is_said_if_the_card_has_several() -> None:
    two = card(layouts=(layout(), replace(layout(), id="other", units=SIZE + 1)))
    assert notes(manifest(units(range(SIZE))), two)[-1].startswith(
        "set card made-set: compared with the layout utterances"
    )


def test_trials_are_those_of_a_list_or_not() -> None:
    trials = [Item("000001", ("wav/id1/a/1.wav", "wav/id1/b/2.wav"), "Yes"),
              Item("000002", ("wav/id1/a/1.wav", "wav/id2/c/3.wav"), "No")]  # fmt: skip
    known = sorted_sha256(["1 id1/a/1.wav id1/b/2.wav", "0 id1/a/1.wav id2/c/3.wav"])
    plain = layout()
    made = card(layouts=(replace(plain, ids=replace(plain.ids, trials_sha256=known)),))
    codes = {reason.code for reason in compare(manifest(trials), made).reasons}
    assert "trials-equal" in codes
    other = [trials[0], replace(trials[1], audio=("wav/id1/a/1.wav", "wav/id3/c/3.wav"))]
    found = compare(manifest(other), made)
    assert found.state is IdentityState.CONTRADICTED
    assert any("The trials have the hash" in text for text in found.differences)


def test_the_card_of_voxceleb_has_the_hash_of_both_lists() -> None:
    cards = load_set(ROOT / "literature/sets/voxceleb1-trials.yaml")
    assert [item.ids.trials_sha256 is not None for item in cards.layouts] == [True, True]
