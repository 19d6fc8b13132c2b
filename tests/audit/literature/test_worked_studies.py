"""The worked studies: their values agree with one another, with the sizes on the set cards, and with what can be counted."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import pytest

from audit.facts import Claim
from audit.literature.known_tasks import find_study
from audit.literature.sets import load_sets
from audit.literature.studies import Study, load_study
from tasks.statistics.printed import rounding_interval

WORKED = ("audiobench-2024", "audiobench-2025", "cmi-bench", "mmau", "mmau-v05-15-25", "sakura", "salmonn")
AUDIOBENCH = ("audiobench-2024", "audiobench-2025")


def study(name: str) -> Study:
    return load_study(find_study(name))


def claims(name: str) -> dict[str, Claim]:
    return {claim.id: claim for claim in study(name).claims}


def half(printed: str) -> Decimal:
    """Half a unit of the last digit."""
    interval = rounding_interval(printed)
    return (interval.high - interval.low) / 2


@pytest.mark.parametrize("name", WORKED)
def test_sources_name_a_repository_at_a_commit(name: str) -> None:
    assert any(re.search(r"\b[0-9a-f]{40}\b", text) for text in study(name).facts.sources.values())


@pytest.mark.parametrize("name", WORKED)
def test_sizes_are_those_of_the_cards(name: str) -> None:
    cards = load_sets()
    found = study(name)
    checked = 0
    for claim in found.claims:
        declaration = found.tasks[claim.task].declaration if claim.task in found.tasks else None
        card = cards.get((declaration.card if declaration else None) or "")
        if card is None or claim.subset or claim.expected_rows is None or claim.model:
            continue
        sizes = {layout.units for layout in card.layouts}
        assert claim.expected_rows in sizes, claim.id
        checked += 1
    assert checked


@pytest.mark.parametrize("name", AUDIOBENCH)
def test_audiobenchs_error_rates_are_whole_errors_over_the_words_of_the_cards(name: str) -> None:
    cards = load_sets()
    found = study(name)
    checked = 0
    for claim in found.claims:
        declaration = found.tasks[claim.task].declaration
        if claim.metric != "wer" or declaration is None or declaration.card is None:
            continue
        layout = next(layout for layout in cards[declaration.card].layouts if layout.id == "normalised")
        words = layout.texts[0].words
        assert words is not None
        errors = Fraction(claim.value) * words
        # A program prints a binary float of about sixteen digits.
        assert abs(errors - round(errors)) < Fraction(1, 10**6), claim.id
        checked += 1
    assert checked == {"audiobench-2024": 8, "audiobench-2025": 37}[name]


def test_audiobenchs_model_gets_other_values_on_the_same_utterances() -> None:
    earlier, later = (claims(name)["audiobench-librispeech-clean.wer"] for name in AUDIOBENCH)
    assert (earlier.value[:6], later.value[:6]) == ("0.5558", "0.1027")
    cards = [study(name).tasks[earlier.task].declaration for name in AUDIOBENCH]
    assert cards[0] is not None
    assert cards[1] is not None
    assert cards[0].card == cards[1].card == "audiobench-librispeech-test-clean"


def test_averages_of_sakura_are_the_means_of_its_cells() -> None:
    found = claims("sakura")
    means = [claim for claim in found.values() if claim.mean_of]
    assert len(means) == 18
    for mean in means:
        parts = [Decimal(found[part].value) for part in mean.mean_of]
        assert len(parts) == (3 if mean.model == "gpt-4o-audio" else 4)
        assert abs(sum(parts) / len(parts) - Decimal(mean.value)) <= half(mean.value), mean.id


def test_sakura_has_nine_models() -> None:
    models = {claim.model for claim in claims("sakura").values()}
    assert len(models) == 9
    assert None in models
    assert claims("sakura")["sakura-language-multi.accuracy@gemini-1-5-pro"].value == "90.6"
    assert "sakura-gender-single.accuracy@gpt-4o-audio" not in claims("sakura")


def test_the_revised_mmau_is_counted_over_all_questions() -> None:
    found = claims("mmau-v05-15-25")
    task = "mmau-v05-15-25-test-mini"
    right = 0
    for part, units in (("sound", 333), ("music", 334), ("speech", 333)):
        claim = found[f"{task}.accuracy@{part}"]
        assert claim.expected_rows == units
        fits = [
            n for n in range(units + 1) if abs(Decimal(100 * n) / units - Decimal(claim.value)) <= half(claim.value)
        ]
        assert len(fits) == 1, claim.id
        right += fits[0]
    assert Decimal(right) / 10 == Decimal(found[f"{task}.accuracy"].value)


def test_three_of_mmaus_cells_are_no_share_of_their_questions() -> None:
    found = claims("mmau")
    for part, units in (("sound", 333), ("music", 334), ("speech", 333)):
        value = Decimal(found[f"mmau-test-mini.accuracy@{part}"].value)
        assert all(abs(Decimal(100 * n) / units - value) > Decimal("0.005") for n in range(units + 1)), part


def test_mmau_has_twenty_one_rows() -> None:
    found = claims("mmau").values()
    assert len({claim.model for claim in found}) == 21
    # Every row has eight values; the human row has none on test.
    assert len(found) == 21 * 8 - 4


def test_salmonns_other_columns_are_claims_on_other_models() -> None:
    found = study("salmonn")
    roles = {name: model.role for name, model in found.facts.models.items()}
    assert roles.pop("salmonn-no-activation") == "ablation"
    assert set(roles.values()) == {"reference"}
    by_label = {
        label: [c for c in found.claims if c.id.endswith(f"@{label}")] for label in ("reference", "no-activation")
    }
    assert len(by_label["no-activation"]) == 23
    assert {c.model for c in by_label["no-activation"]} == {"salmonn-no-activation"}
    # No reference was found for En2De, En2Ja and KE; the paper gives none for SV, Story and SAC.
    assert len(by_label["reference"]) == 15
    assert found.facts.models["whisper-large-v2"].name == "Whisper large v2"
    values = {c.id: c.value for c in by_label["reference"]}
    assert (values["asr-librispeech-clean.wer@reference"], values["sqqa-wikiqa.accuracy@reference"]) == ("2.2", "0.77")


def test_values_that_nobody_read_at_their_place_are_not_verified() -> None:
    assert not any(claim.verified for claim in claims("cmi-bench").values())
