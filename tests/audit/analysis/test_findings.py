"""Findings of the analysis as the document has them: integers and decimal strings, and a few examples."""

from __future__ import annotations

from fractions import Fraction

from audit.analysis import findings
from audit.schema import Detection, Interval, PromptScore, PromptSensitivity, PromptTest
from tasks.analysis import detectors, prompt_sensitivity


def test_a_detection_shows_five_ids_and_a_later_version() -> None:
    ids = tuple("abcdef")
    found = detectors.Detection("phones", "1", "phones", ids, 9)
    assert findings._detection(found) == Detection("phones", "phones", 6, 9, tuple("abcde"))
    later = detectors.Detection("phones", "2", "phones", ids[:1], 9)
    assert findings._detection(later) == Detection("phones@2", "phones", 1, 9, ("a",))


def test_prompts_become_decimal_strings_and_p_is_rounded_up() -> None:
    scores = (
        prompt_sensitivity.PromptScore("a", 3, Fraction(1, 3), (0.25, 0.5)),
        prompt_sensitivity.PromptScore("b", 1, None, None),
    )
    found = prompt_sensitivity.PromptSensitivity("hufs", "accuracy", scores, 4, 2, Fraction(1, 30000), 99)
    assert findings.prompts_in_document(found) == PromptSensitivity(
        "hufs",
        "accuracy",
        4,
        (
            PromptScore("a", 3, "0.333333", Interval("0.250000", "0.500000", "95", "bootstrap")),
            PromptScore("b", 1, None, None),
        ),
        PromptTest("permutation of prompts over rows", 2, 99, "0.0001"),
    )
    one = prompt_sensitivity.PromptSensitivity("hufs", "accuracy", scores[:1], 3, 1, None, 99)
    assert findings.prompts_in_document(one).test is None
