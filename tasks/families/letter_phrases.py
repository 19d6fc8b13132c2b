"""VoiceBench's way to read a letter, and UltraEval-Audio's: the first of 163 phrases that an output contains.

MatthewCYM/VoiceBench@533815410e3f4d602bd15a1de7105aea4acd828c:src/evaluator/mcq.py:6-212, with this table since
9f8db6cdf66ed30fb5e1f2afc00be254c1d44a5d; OpenBMB/UltraEval-Audio@9b69da645d53cbc90b30179339a1dce7f0117b42:
audio_evals/evaluator/mcq.py:7-235. Both know the letters A to D; the order of the phrases decides, then that of the letters.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasks.convention import Selection
from tasks.families import choices
from tasks.families.choices import Question, question
from tasks.families.options import LETTERS
from tasks.row import Row

SOURCES = ("module:tasks.families.choices", *choices.SOURCES)
FOUR = LETTERS[:4]
# `§` stands for the letter, in lower case as the output is.
PHRASES = (
    "答案是§",
    "答案是 §",
    "答案是选项§",
    "答案应该是§",
    "答案应该是 §",
    "答案就是选项§",
    "答案是‘§",
    "是§：",
    "答案选§",
    "§是正确",
    "选项§是最合适的",
    "answer is: **§",
    "answer is **§",
    "the answer to the question is: **§",
    "the answer to the multiple-choice question is **§",
    "the answer is '§'",
    "§ is the best answer",
    "the answer is §",
    "the correct answer is §",
    "would select §",
    "would choose §",
    "would select option §",
    "would choose option §",
    'is "§"',
    'is "§.',
    "is: **§)",
    "is **§,",
    "is **§:",
    "is **§)",
    "is: **§.",
    "is: **§:",
    "is **§.",
    "be **§,",
    "is: **§**",
    "is therefore option **§:",
    "is: \n\n**§)",
    "as **§:",
    "be **§)",
    "be **§:",
    "is: \n\n**§**",
    "suggests **§)",
    "be option **§:",
    "with **§)",
    'is typically "§)',
    "be to **§)",
    "is: \n\n§)",
    "is likely to be: **§.",
    "is **§ (",
    "is option **§**",
    "is likely **§**",
    "is:\n**§.",
    "is:\n\n**§.",
    "would be §",
    "would be option §",
    "would be (§)",
    "would be option (§)",
    "is §,",
    "is typically §,",
    "is typically §.",
    "i'd say §.",
    "option §.",
    "option §:",
    "option §,",
    "the answer is:\n**§",
    "is §:",
    "is §.",
    "is §,",
    "is: §.",
    "is (§)",
    "is:\n**§)",
    "is likely **§:",
    "is the **§)",
    ":\n§.",
    ":\n§)",
    ":\n§,",
    ": \n§.",
    ":  \n§.",
    ":\n\n§.",
    ":\n\n§)",
    "is most likely **§:",
    ":\n\n§,",
    ": \n\n§.",
    "is option §,",
    "(§) would be",
    "is (§).",
    "is §)",
    "is: §)",
    "is:\n\n§:",
    "is: **§,",
    "(option §)",
    "answer is (§)",
    'select option "§"',
    "is: §",
    "is typically **§,",
    "is **§**",
    "is likely '§'",
    "is option '§'",
    "is:\n**§:",
    "is \\( \\boxed{§ ",
    "would be '§'",
    "is the **§** ",
    "question is § (",
    "is:\n\n**§)",
    "closest to option **§**",
    "is most likely **§)",
    "the answer to the question is '§'",
    "question is **§**",
    "known as '§'",
    "is '§)",
    "is typically **§:",
    "is \\( \\boxed{\\text{§}} \\)",
    "is \\( \\text{§) }",
    "is \\( \\text{§} \\)",
    "is \\( \\text{§:",
    "is \\( \\text{§)",
    "is \\(\\text{§.",
    "is:\n\n**§",
    "is \\( \\text{§.}",
    "is \\( \\text{§.",
    "is \\( \\boxed{§}",
    "is:\n\\[ \\boxed{\\text{§}}",
    "is:\n\\[ \\text{§)",
    "is:\n\n\\[ \\text{§)",
    "is \\( \\textbf{§)",
    "is \\( \\text{§}",
    "is: \\( \\text{§.",
    "corresponds to:\n- **§:",
    "would be: **§**.",
    "is \\( § \\)",
    "is:\n**§ ",
    "corresponds to option **§**",
    "be **§**",
    "be: \n\n§)",
    "is:\n\\[ \\boxed{§}",
    "is:  \n**§:",
    "is: \\( \\text{§)",
    "is likely: **§,",
    "is } \\mathbf{§.",
    "is \\( \\boxed{§)",
    "is \\( \\textbf{§}",
    "is \\(§\\)",
    "is:\n  \n**§:",
    "is option **§ ",
    "is:\n\\( \\textbf{§.",
    "is \\( \\mathbf{§}",
    "was option **§**",
    'is likely "§)',
    "option **§:",
    'is "§)',
    "is most likely **§,",
    "is often **§:",
    "is:  \n§)",
    " §.",
    " §,",
    " §:",
    " §)",
    "**§.",
    "**§)",
    '"§.',
    '"§,',
    '"§:',
    "(§)",
    '"§"',
)
# UltraEval-Audio has two more after the first, and writes one with a straight quote.
ULTRAEVAL_PHRASES = tuple(phrase.replace("‘", "'") for phrase in (PHRASES[0], "答案是:§", "答案是：§", *PHRASES[1:]))
_NUMBERED = ("<1>", "<2>", "<3>")
_AFTER_LETTER = (".", ",", ":", ")")
# Three phrases of single answers stand after the table.
_OPTION_A = ("would be a.", 'would be "a.', "the best option from the given choices would be a scorpion (a)")


def phrased_letter(text: str, phrases: Sequence[str] = PHRASES) -> str:
    """The letter that an output names, in upper case; empty if there is none."""
    text = text.lower()
    if text.startswith(_NUMBERED):
        text = text[3:].strip()
    for phrase in phrases:
        before, _, after = phrase.partition("§")
        for letter in FOUR.lower():
            if f"{before}{letter}{after}" in text:
                return letter.upper()
    for letter in FOUR.lower():
        if text == letter or text.startswith(tuple(letter + mark for mark in _AFTER_LETTER)):
            return letter.upper()
    return "A" if any(phrase in text for phrase in _OPTION_A) else ""


def gold_letter(asked: Question) -> str:
    """The letter of the correct option; a reference that is a letter stands for itself if the row lists no options."""
    return asked.letter if asked.choices else asked.gold.strip().upper()


def _has_letter(row: Row) -> bool:
    asked = question(row)
    return asked is not None and (bool(asked.choices) or gold_letter(asked) in tuple(LETTERS))


HAS_LETTER = Selection("has-letter", _has_letter, "neither choices nor the letter of the answer given")


def voicebench(hypothesis: str, asked: Question) -> tuple[int, int, int]:
    """(quarters, 4, unread): right or wrong, and a quarter for an output in which no letter is read.

    The source draws one of four letters for such an output, unseeded; a quarter is the expectation of the draw.
    """
    letter = phrased_letter(hypothesis)
    return 4 * int(letter == gold_letter(asked)) if letter else 1, 4, int(not letter)


def ultraeval_mcq(hypothesis: str, asked: Question) -> tuple[int, int, int]:
    """(correct, 1, unread): UltraEval-Audio's table; an output in which no letter is read is wrong."""
    letter = phrased_letter(hypothesis, ULTRAEVAL_PHRASES)
    return int(bool(letter) and letter == gold_letter(asked)), 1, int(not letter)
