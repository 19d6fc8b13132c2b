"""GigaSpeech's tags and official text rule (SpeechColab/GigaSpeech@62ca257: utils/gigaspeech_scoring.py)."""

from __future__ import annotations

from tasks.step import step

_FILLERS = frozenset(["UH", "UHH", "UM", "EH", "MM", "HM", "AH", "HUH", "HA", "ER", "OOF", "HEE", "ACH", "EEE", "EW"])
_PUNCTUATION_TAGS = frozenset(["<COMMA>", "<PERIOD>", "<QUESTIONMARK>", "<EXCLAMATIONPOINT>"])
_GARBAGE_TAGS = frozenset(["<SIL>", "<NOISE>", "<MUSIC>", "<OTHER>"])
_DROPPED = _FILLERS | _PUNCTUATION_TAGS | _GARBAGE_TAGS | {"<UNK>"}
_TAG_TO_MARK = {"<COMMA>": ",", "<PERIOD>": ".", "<QUESTIONMARK>": "?", "<EXCLAMATIONPOINT>": "!"}


def gigaspeech_official(text: str) -> str:
    """Upper-case, replace `-` by a space, drop fillers and tags. Keeps ordinary punctuation: clean outputs first."""
    return " ".join(word for word in text.upper().replace("-", " ").split() if word not in _DROPPED)


def gigaspeech_marks(text: str) -> str:
    """Replace punctuation tags by punctuation marks (EvolvingLMMs-Lab/lmms-eval@75571cf: tasks/gigaspeech)."""
    for tag, mark in _TAG_TO_MARK.items():
        text = text.replace(f" {tag}", mark).replace(tag, mark)
    return text


GIGASPEECH_OFFICIAL = step("gigaspeech-official", gigaspeech_official, "unicode:")
GIGASPEECH_MARKS = step("gigaspeech-marks", gigaspeech_marks)
