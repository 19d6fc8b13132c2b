"""Tokenizers: sacreBLEU's, and steps built on them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from functools import cache

from tasks.sacrebleu import LIBRARY, sacrebleu_module
from tasks.step import Step, step, version_of
from tasks.steps import tokenise_batch
from tasks.steps.code_points import characters, spaced

SOURCES = (
    "module:tasks.sacrebleu",
    "module:tasks.steps.tokenise_batch",
    "module:tasks.steps.code_points",
    "module:tasks.steps.memo",
)
_MODULES = {
    "13a": ("tokenizers.tokenizer_13a", "Tokenizer13a"),
    "none": ("tokenizers.tokenizer_none", "NoneTokenizer"),
    "char": ("tokenizers.tokenizer_char", "TokenizerChar"),
    "zh": ("tokenizers.tokenizer_zh", "TokenizerZh"),
    "intl": ("tokenizers.tokenizer_intl", "TokenizerV14International"),
    "ja-mecab": ("tokenizers.tokenizer_ja_mecab", "TokenizerJaMecab"),
}
_SACREBLEU = version_of(LIBRARY)
_SPACE_MARK = "\u2581"


@cache
def sacrebleu_tokenizer(name: str) -> Callable[[str], str]:
    """sacreBLEU's tokenizer of that name: maps a text to its tokens joined by spaces."""
    module, attribute = _MODULES[name]
    tokenizer = getattr(sacrebleu_module(module), attribute)()
    plain = _uncached(tokenizer)
    if name != "ja-mecab":
        return plain
    # MeCab needs UTF-8, which cannot encode lone surrogates.
    return lambda text: plain(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _uncached(tokenizer: object) -> Callable[[str], str]:
    """The tokenizer without its own cache of 65,536 lines: `ChainCache` already caches texts."""
    raw = type(tokenizer).__call__
    plain = getattr(raw, "__wrapped__", raw)
    return lambda text: str(plain(tokenizer, text))


@cache
def sacrebleu_many(name: str) -> Callable[[Sequence[str]], list[str]]:
    """The same for many texts, see `tasks.steps.tokenise_batch`."""
    if name == "none":
        return tokenise_batch.none
    if name == "char":
        return spaced
    library = sacrebleu_tokenizer(name)
    if name == "13a":
        return tokenise_batch.ThirteenA(library)
    if name == "zh":
        chinese = sacrebleu_module(_MODULES[name][0])
        return tokenise_batch.Chinese(
            chinese.TokenizerZh._is_chinese_char, chinese._UCODE_RANGES, _uncached(chinese.TokenizerRegexp())
        )
    return lambda texts: list(map(library, texts))


def _sources(name: str) -> tuple[str, ...]:
    sources = [
        f"module:{LIBRARY}.{_MODULES[name][0]}",
        f"module:{LIBRARY}.tokenizers.tokenizer_re",
        "module:tasks.steps.tokenise",
        *SOURCES,
    ]
    if name == "ja-mecab":
        sources.append("tree:ipadic/dicdir")
    if name == "intl":
        sources.append("unicode:")
    return tuple(sources)


def _bleu_tokens(name: str) -> Callable[[str], tuple[str, ...]]:
    tokenize = sacrebleu_tokenizer(name)
    return lambda text: tuple(tokenize(text.rstrip()).split())


def _bleu_tokens_of_many(name: str, texts: Sequence[str]) -> list[tuple[str, ...]]:
    if name == "char":
        # `char` separates characters by spaces, so the tokens are the text's characters without white space.
        return characters(texts)
    many = sacrebleu_many(name)
    stripped = list(map(str.rstrip, texts))
    if isinstance(many, tokenise_batch.ThirteenA | tokenise_batch.Chinese):
        return many.tokens(stripped)
    return list(map(tuple, map(str.split, many(stripped))))


def sacrebleu_tokens(name: str) -> Step:
    """Tokens as in sacreBLEU's BLEU: strip trailing white space, tokenise, split on white space."""
    version = _SACREBLEU + ("+" + version_of("ipadic") if name == "ja-mecab" else "")
    return Step(
        f"tok.{name}",
        version,
        lambda: _bleu_tokens(name),
        _sources(name),
        "tokens",
        batch=lambda texts: _bleu_tokens_of_many(name, texts),
    )


def _joined(name: str) -> Callable[[str], str]:
    return sacrebleu_tokenizer(name)


def sacrebleu_joined(name: str) -> Step:
    """The tokenizer's output as a text, for the fairseq steps that follow it."""
    return Step(
        f"join.{name}",
        _SACREBLEU,
        lambda: _joined(name),
        _sources(name),
        batch=lambda texts: sacrebleu_many(name)(texts),  # noqa: PLW0108  # loads sacreBLEU when it is called
    )


def drop_punctuation_tokens(text: str) -> str:
    """Drop space-separated tokens whose characters are all in Unicode category P, and empty tokens.

    fairseq's EvaluationTokenizer: `$` and `€` (category S) are kept, `%` (category P) is dropped.
    """
    # Most tokens consist of letters and digits, which are not in category P: `isalnum` is a fast path.
    return " ".join(t for t in text.split(" ") if t.isalnum() or not all(unicodedata.category(c)[0] == "P" for c in t))


def char_level(text: str) -> str:
    """Replace spaces by U+2581 and make every character a token (fairseq's `--sacrebleu-char-level`)."""
    return " ".join(text.replace(" ", _SPACE_MARK))


def _char_level_of_many(texts: Sequence[str]) -> list[str]:
    return spaced([text.replace(" ", _SPACE_MARK) for text in texts])


def split_words(text: str) -> tuple[str, ...]:
    """Split on white space."""
    return tuple(text.split())


def _split_words_of_many(texts: Sequence[str]) -> list[tuple[str, ...]]:
    return list(map(tuple, map(str.split, texts)))


def split_spaces(text: str) -> tuple[str, ...]:
    """Split on spaces as jiwer does: a single newline or tab does not separate two words."""
    return tuple(word for word in text.split(" ") if word)


def _split_spaces_of_many(texts: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(filter(None, text.split(" "))) for text in texts]


def split_characters(text: str) -> tuple[str, ...]:
    """Make every character a token, including spaces."""
    return tuple(text)


DROP_PUNCTUATION_TOKENS = step("drop-punct-tokens", drop_punctuation_tokens, "unicode:")
CHAR_LEVEL = step("char-level", char_level, batch=_char_level_of_many)
WORDS = step("words", split_words, kind="tokens", batch=_split_words_of_many)
SPACE_WORDS = step("words-between-spaces", split_spaces, kind="tokens", batch=_split_spaces_of_many)
CHARACTERS = step("characters", split_characters, kind="tokens")
TOK_13A, TOK_ZH, TOK_CHAR, TOK_JA_MECAB, TOK_NONE, TOK_INTL = (
    sacrebleu_tokens(name) for name in ("13a", "zh", "char", "ja-mecab", "none", "intl")
)
JOIN_13A, JOIN_ZH, JOIN_NONE = (sacrebleu_joined(name) for name in ("13a", "zh", "none"))
