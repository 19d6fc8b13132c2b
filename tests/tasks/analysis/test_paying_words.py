from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks.analysis.paying_words import Texts, changed_tokens, paying_words
from tasks.metrics.error_rate import edit_counts

_TOKENS = st.lists(st.sampled_from(["a", "A", "b", "two", "2", "uh", "do", "not", "don't"]), max_size=9).map(tuple)


def texts(hypothesis: str, reference: str) -> Texts:
    return Texts(tuple(hypothesis.split()), tuple(reference.split()))


def test_the_error_that_one_convention_counts() -> None:
    first, second = paying_words(
        texts("the 2 cats don't sit", "the two dogs do not sit"),
        texts("the two cats do not sit", "the two dogs do not sit"),
    )
    assert [(w.tag, w.reference, w.hypothesis, w.pays, w.kind) for w in first] == [
        ("hit", "the", "the", False, None),
        ("substitution", "two", "2", True, "number"),
        ("substitution", "dogs", "cats", False, None),
        ("substitution", "do", "don't", True, "contraction"),
        ("deletion", "not", "", True, "shifted"),
        ("hit", "sit", "sit", False, None),
    ]
    assert [w.pays for w in second] == [False] * 6


@given(_TOKENS, _TOKENS, _TOKENS, _TOKENS)
def test_paying_errors_make_the_difference_of_the_counts(
    a: tuple[str, ...], b: tuple[str, ...], c: tuple[str, ...], d: tuple[str, ...]
) -> None:
    first, second = paying_words(Texts(a, b), Texts(c, d))
    counts = edit_counts([a, c], [b, d])
    errors = counts[:, :3].sum(axis=1)
    paying = [sum(word.pays for word in side) for side in (first, second)]
    assert paying[1] - paying[0] == errors[1] - errors[0]
    for side, texts_of, line in zip((first, second), ((a, b), (c, d)), counts, strict=True):
        assert tuple(w.hypothesis for w in side if w.tag != "deletion") == texts_of[0]
        assert tuple(w.reference for w in side if w.tag != "insertion") == texts_of[1]
        assert [
            sum(w.tag == tag for w in side) for tag in ("substitution", "deletion", "insertion", "hit")
        ] == line.tolist()
        assert all((w.kind is not None) == w.pays for w in side)


@given(_TOKENS, _TOKENS)
def test_the_same_texts_pay_nothing(a: tuple[str, ...], b: tuple[str, ...]) -> None:
    assert not any(word.pays for side in paying_words(Texts(a, b), Texts(a, b)) for word in side)


def test_tokens_that_differ_without_an_alignment() -> None:
    first, second = changed_tokens(("Hallo,", "Welt"), ("Hallo", ",", "Welt"))
    assert [(w.hypothesis, w.pays, w.kind) for w in first] == [("Hallo,", True, "punctuation"), ("Welt", False, None)]
    assert [w.hypothesis for w in second if not w.pays] == ["Welt"]
