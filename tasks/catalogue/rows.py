"""Rules for rows, and the parts of a row that a chain can start from, by name."""

from __future__ import annotations

from tasks.analysis.detectors import (
    ECHO,
    EMPTY,
    NOT_CHINESE,
    NOT_GERMAN,
    NOT_JAPANESE,
    NOT_LATIN,
    PHONES,
    REFUSAL,
    RUNAWAY,
)
from tasks.catalogue.parts import ListedRule, ListedView, by_name
from tasks.convention import HYPOTHESIS, REFERENCE
from tasks.families.choices import HAS_CHOICES, QUESTION
from tasks.families.letter_phrases import HAS_LETTER
from tasks.families.slots import TRANSCRIPT, VALUE
from tasks.families.spoken_qa import CANDIDATES, SPOKEN_QUESTION
from tasks.families.verification import LABEL
from tasks.row import Row
from tasks.steps.normalise.open_asr import SCORED_2023, SCORED_2025, SCORED_2026
from tasks.steps.select import FINISHED, HAS_KANA, REFERENCE_AFTER_TAGS, REFERENCE_NOT_EMPTY
from tasks.steps.sentences import TWO_PIECES
from tasks.steps.views import PROMPT


def _row(hypothesis: str, reference: str = "x", prompt: str | None = None) -> Row:
    return Row("example", hypothesis, reference, prompt=prompt)


_R = ListedRule
_CHOICE = Row("example", "a cat", "cat", extra={"choices": ["dog", "cat"]})
RULES = by_name(
    (
        _R("finished", FINISHED, "Outputs with an end token.", _row("hello"), _row("hello</s>")),
        _R("no-empty", EMPTY.selection, "Outputs with text.", _row("<s></s>"), _row("hello")),
        _R("no-phones", PHONES.selection, "Words instead of phones.", _row("HH AH0 L OW1 sil"), _row("hello")),
        _R("no-runaway", RUNAWAY.selection, "No loops of repetitions.", _row("no " * 40), _row("no no")),
        _R("no-refusal", REFUSAL.selection, "No refusals.", _row("I'm sorry, I can't."), _row("sorry")),
        _R(
            "no-echoed-prompt",
            ECHO.selection,
            "No outputs that repeat the prompt.",
            _row("Please transcribe the speech.", prompt="Please transcribe the speech."),
            _row("hello", prompt="Please transcribe the speech."),
        ),
        _R(
            "latin-script",
            NOT_LATIN.selection,
            "Outputs in Latin script.",
            _row("\u6211\u559c\u6b22\u5b83"),
            _row("it"),
        ),
        _R(
            "chinese",
            NOT_CHINESE.selection,
            "Outputs in Chinese.",
            _row("I like it."),
            _row("\u6211\u559c\u6b22\u5b83"),
        ),
        _R(
            "german",
            NOT_GERMAN.selection,
            "Outputs in German.",
            _row("What is it and who?"),
            _row("Das ist so."),
        ),
        _R(
            "japanese",
            NOT_JAPANESE.selection,
            "Outputs in Japanese, by the project's own rule.",
            _row("\u6211\u559c\u6b22\u5b83"),
            _row("\u732b\u304c\u597d\u304d\u3067\u3059"),
        ),
        _R("two-sentences", TWO_PIECES, "Outputs of two sentences.", _row("One."), _row("One. Two.")),
        _R(
            "has-kana", HAS_KANA, "Outputs with any kana.", _row("\u6211\u559c\u6b22\u5b83"), _row("\u732b\u3067\u3059")
        ),
        _R(
            "reference-not-empty",
            REFERENCE_NOT_EMPTY,
            "References with text.",
            _row("hello", ""),
            _row("hello", "hello"),
            "reference",
        ),
        *(
            _R(
                f"open-asr-{year}-reference",
                rule,
                f"References with words by the Open ASR Leaderboard's rule of {year}.",
                _row("hello", "um (noise)"),
                _row("hello", "hello"),
                "reference",
            )
            for year, rule in (("2023", SCORED_2023), ("2025", SCORED_2025), ("2026", SCORED_2026))
        ),
        _R("has-choices", HAS_CHOICES, "Rows that list their options.", _row("a cat", "cat"), _CHOICE, "reference"),
        _R("has-letter", HAS_LETTER, "Rows that give options or a letter.", _row("b", "cat"), _CHOICE, "reference"),
        _R(
            "reference-after-tags",
            REFERENCE_AFTER_TAGS,
            "References with text besides `<...>`.",
            _row("hello", "<NOISE>"),
            _row("hello", "HELLO <COMMA>"),
            "reference",
        ),
    )
)
VIEWS = by_name(
    (
        ListedView("hypothesis", HYPOTHESIS, "The output."),
        ListedView("reference", REFERENCE, "The reference: a text, or a list of texts."),
        ListedView("prompt", PROMPT, "The instruction."),
        ListedView("same-speaker", LABEL, "The label of a pair of voices: yes or no."),
        ListedView("slot-value", VALUE, "The value of a slot."),
        ListedView("slot-transcript", TRANSCRIPT, "The words spoken, of a slot."),
        ListedView("spoken-question", SPOKEN_QUESTION, "The question of a question and answers."),
        ListedView("candidates", CANDIDATES, "The candidate answers, or the answers."),
        ListedView("choices", QUESTION, "A multiple-choice question: options and answer.", "object"),
    )
)
