"""The Open ASR Leaderboard's text rules on texts whose results its programs printed."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import ScoringError
from tasks.row import Row
from tasks.step import Step
from tasks.steps.normalise.open_asr import (
    _CANONICAL,
    OPEN_ASR_2023,
    OPEN_ASR_2025,
    OPEN_ASR_2026,
    SCORED_2023,
    SCORED_2026,
    Rule,
    joined_acronyms,
    normaliser,
    normaliser_of_many,
)
from tests.support.source_rows import made
from tests.support.strategies import TEXTS

# Printed at 754a8dcf (2023), 6a3e6d4e (2025) and d1e99b25 (2026), white space at the ends aside.
KNOWN = [
    ("The B B C met the U. S. A. at 5 p.m.", "the b b c met the u s a at 5 p m", "the bbc met the usa at 5 pm"),
    ("I a big 5 G network", "i a big 5 g network", "i a big 5g network"),
    (
        "It's the officer's mess, he's here",
        "it is the officer is mess he is here",
        "it is the officer s mess he is here",
    ),
    ("O.K., all right, wi-fi e-mail et cetera", "0 k all right wi fi e mail et cetera", "okay alright wifi email etc"),
    ("uh, huh em ah hmm hello er", "huh em ah hello er", "hello er"),
    ("Jon met Kathryn and Stephen", "jon met kathryn and stephen", "john met catherine and steven"),
    ("A. I. is a b c", "a i is a b c", "a i is abc"),
    ("ok I kay", "ok i kay", "okay i okay"),
    ("Christian and Derrick", "christian and derrick", "christian and derrick"),
    ("one o one 2 2", "101 2 2", "101 22"),
    ("It cost $20.50, about 5% off.", "it cost $20.50 about 5% off", "it cost $20.50 about 5% off"),
    ("...", ".", "."),
]


@pytest.mark.parametrize(("text", "before", "now"), KNOWN)
def test_known_texts(text: str, before: str, now: str) -> None:
    assert OPEN_ASR_2023(text).strip() == OPEN_ASR_2025(text).strip() == before
    assert OPEN_ASR_2026(text).strip() == now


def test_the_spelling_table_was_corrected_in_2025() -> None:
    text = "travelogue cancellation archaeology flyer 5mm"
    assert OPEN_ASR_2023(text).strip() == "travelogue cancellation archeology</span> flyer 5 hmm"
    assert OPEN_ASR_2025(text).strip() == "travelog cancelation archeology flyer 5 hmm"
    assert OPEN_ASR_2026(text).strip() == "travelog cancelation archeology flier 5 hmm"
    # Whisper's table changed these the other way.
    assert OPEN_ASR_2023("cancelation archeological").strip() == "cancellation archaeological"
    assert OPEN_ASR_2025("cancelation archeological").strip() == "cancelation archeological"


def hashed(table: dict[str, str]) -> str:
    text = json.dumps(table, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_tables_are_the_sources() -> None:
    """SHA-256 of the tables at the commits, as sorted compact JSON."""
    assert len(_CANONICAL) == 152
    assert hashed(_CANONICAL) == "43d69f80055ab6b5f6b193692be73f7cd0fcaa51661a962504b173ccb55859a7"
    sizes = {"2023": 1740, "2025": 1740, "2026": 1743}
    hashes = {
        "2023": "6663eaedbb574d1307515797dc5b3973887c80d9c91361a28a31b38ec261ab50",
        "2025": "45a680531ceb02042ebcabc277aa343b1fb002abbaf418284d82bde0b32bb8a7",
        "2026": "e62de4a6cd50858ea24f56d146c5f6d5206b95b197e66abedc486b2f427b05cb",
    }
    from tasks.steps.normalise.open_asr import spellings

    for rule in ("2023", "2025", "2026"):
        table = spellings(rule)
        assert (len(table), hashed(table)) == (sizes[rule], hashes[rule])


def test_runs_of_single_characters() -> None:
    assert joined_acronyms("b b c") == "bbc"
    assert joined_acronyms("5 g a") == "5ga"
    assert joined_acronyms("a b") == "a b"
    assert joined_acronyms("the a i lab") == "the a i lab"
    assert joined_acronyms("x y word 1 2") == "xy word 12"
    assert joined_acronyms("$ x . y") == "$ x . y"
    assert joined_acronyms("") == ""


_MADE = [
    text for kind in ("spellings", "transcripts") for row in made(kind) for text in (row["said"], row["reference"])
]
# Whatever looks across words, or leaves a sign until the end.
_ACROSS = (
    "x .x x.y .. . $ % x% $x (y). um. uh .5 x.5 5. 5 p m y. g a i I wi fi all right half and one two thousand point $5 cents "
    "it's dog's 's been et cetera e mail ray X-ray T-shirt O.K. U.S.A. é [x] \" ' -"
)
_PARTS = st.sampled_from(_ACROSS.split())
STEPS: dict[Rule, Step] = {"2023": OPEN_ASR_2023, "2025": OPEN_ASR_2025, "2026": OPEN_ASR_2026}


@pytest.mark.parametrize("rule", ["2023", "2025", "2026"])
@given(text=st.one_of(st.lists(_PARTS, max_size=9).map(" ".join), st.lists(_PARTS, max_size=4).map("".join), TEXTS))
@settings(max_examples=250, deadline=None)
def test_many_texts_are_each_as_alone(rule: Rule, text: str) -> None:
    assert normaliser_of_many(rule)([text, "x"]) == [STEPS[rule](text), "x"]


@pytest.mark.parametrize("rule", ["2023", "2025", "2026"])
def test_made_texts_are_each_as_alone(rule: Rule) -> None:
    assert normaliser_of_many(rule)(_MADE) == list(map(STEPS[rule], _MADE))


def test_long_numbers_are_read_on_every_machine() -> None:
    digits = "7" * 5000
    assert OPEN_ASR_2026(f"number {digits}").strip() == f"number {digits}"
    with pytest.raises(ScoringError, match="cannot read a number in this text"):
        normaliser("2026")("1" * 100_001 + " million")


def test_which_references_are_scored() -> None:
    for rule in (SCORED_2023, SCORED_2026):
        assert [rule.keep(Row("1", "x", text)) for text in ("words", "uh", "[noise]", "", None)] == [True] + [False] * 4
        assert not rule.keep(Row("1", "x", "Ignore time segment in scoring"))
    # A filler since 2026, a word before.
    assert SCORED_2023.keep(Row("1", "x", "huh"))
    assert not SCORED_2026.keep(Row("1", "x", "huh"))
