"""Random texts for property tests: several scripts, markup, odd white space, empty texts, lone surrogates."""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = (
    "the", "The", "cat", "don't", "well-known", "20.50", "1,000", "3-4", "$5", "50%", "U.S.", "e.g.", "(a)", "&amp;", "</s>",
    "<s>", "<skipped>", "sil", "AH0", "über", "Straße", "naïve", "İ", "Привет", "مرحبا", "नमस्ते", "你好", "他在Python写代码。",
    "东京，", "こんにちは", "カナ。", "한국어", "😀", "👩‍👩‍👧", "𠮷", "—", "…", "“q”", "1", "25", "²", "٣",
    ",", ".", "!", "?", ":", ";",
)  # fmt: skip
SPACES = (" ", " ", " ", "  ", "\t", "\n", "\u00a0", "\u3000", "\u2028")
ANY = st.text(st.characters(exclude_categories=()), max_size=8)  # lone surrogates too
SOUND = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)


def _join(parts: list[tuple[str, str]]) -> str:
    return "".join(word + space for word, space in parts)


def _texts(words: st.SearchStrategy[str], spaces: tuple[str, ...] = SPACES) -> st.SearchStrategy[str]:
    part = st.tuples(words, st.sampled_from(spaces))
    return st.one_of(st.just(""), st.lists(part, max_size=10).map(_join))


TEXTS = _texts(st.one_of(st.sampled_from(WORDS), st.sampled_from(WORDS), ANY))
SOUND_TEXTS = _texts(st.one_of(st.sampled_from(WORDS), st.sampled_from(WORDS), SOUND))
# Few different words, so that hypotheses and references share some.
FEW = _texts(st.sampled_from(("a", "b", "c", "你好", "\ud800", "x-y", "。")), (" ", " ", "  "))


def pairs(texts: st.SearchStrategy[str], size: int = 5) -> st.SearchStrategy[list[tuple[str, str]]]:
    return st.lists(st.tuples(texts, texts), min_size=1, max_size=size)
