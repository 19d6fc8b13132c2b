"""Steps on strings of phones: silence, stress, the letters of their names."""

from __future__ import annotations

from tasks.step import step


def drop_silence(text: str) -> str:
    """Drop the token `sil`."""
    return " ".join(token for token in text.split() if token.lower() != "sil")


def strip_stress(text: str) -> str:
    """Remove the stress digit from the end of a phone."""
    return " ".join(token.rstrip("012") if token[:-1].isalpha() else token for token in text.split())


# The source takes the letters' numbers for those of the 61 TIMIT phones and merges them to 39, by which these fall together.
_MERGED = str.maketrans({"A": "D", "C": "F", "G": "F", "H": "W", "K": "N", "V": "N"})


def llaso_letters(text: str) -> str:
    """The letters A to Z of the text in upper case, some of them merged.

    EIT-NLP/LLaSO@0907788:llaso/evaluation/metrics/error_rate/assess_per_eval.py:19-26,86-93, made for references in IPA.
    """
    return "".join(c for c in text.upper() if "A" <= c <= "Z").translate(_MERGED)


DROP_SILENCE = step("drop-sil", drop_silence)
STRIP_STRESS = step("strip-stress", strip_stress)
LLASO_LETTERS = step("llaso-letters", llaso_letters, "unicode:")
