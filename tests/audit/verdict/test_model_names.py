"""Whether a prediction file's name of its model is that of the claim's model."""

from __future__ import annotations

import pytest

from audit.verdict.model_names import called


@pytest.mark.parametrize(
    ("model", "names", "is_it"),
    [
        ("SALMONN-13B", ["SALMONN"], True),
        ("a salmonn, re-run", ["SALMONN"], True),
        ("SALMONN", ["salmonn"], True),
        ("SALMONNer", ["SALMONN"], False),
        ("notSALMONN", ["SALMONN"], False),
        ("qwen2_audio 7B", ["Qwen2-Audio"], True),
        ("qwen2 -- audio", ["Qwen2-Audio"], True),
        ("Qwen 2 Audio", ["Qwen2-Audio"], False),
        ("(Qwen2-Audio)", ["Qwen2-Audio"], True),
        ("qwen2-audio", ["_Qwen2-Audio_"], True),
        ("Qwen2-Audio", ["LTU", "Qwen2-Audio"], True),
        ("Qwen2-Audio", ["LTU", "GAMA"], False),
        ("X", ["x"], True),
        ("Groß", ["GROSS"], True),
        ("Qwen", ["-"], False),  # a name without words
        ("anything", [], True),
    ],
)
def test_a_name_is_found_as_whole_words(model: str, names: list[str], is_it: bool) -> None:
    assert called(model, names) is is_it


@pytest.mark.parametrize(
    ("model", "names", "others", "is_it"),
    [
        ("Qwen2-Audio-Instruct", ["Qwen2-Audio"], ["Qwen2-Audio-Instruct"], False),
        ("Qwen2-Audio-Instruct", ["Qwen2-Audio-Instruct"], ["Qwen2-Audio"], True),
        ("Qwen2-Audio", ["Qwen2-Audio"], ["Qwen2-Audio-Instruct"], True),
        ("Qwen2-Audio", ["Qwen2-Audio"], ["qwen2 audio"], True),  # of two equal names the claim's counts
        ("ab cd", ["ab"], ["cd"], True),
        ("ab cde", ["ab"], ["cde"], False),
        ("ab cde", ["ab", "ab cde"], ["cde"], True),
        ("ab cde", ["ab"], ["x", "cde"], False),
        ("ab", [], ["ab"], True),
        ("LTU", ["SALMONN"], [], False),
        ("LTU", ["SALMONN"], ["GAMA"], False),
    ],
)
def test_the_longer_name_says_which_it_is(model: str, names: list[str], others: list[str], is_it: bool) -> None:
    assert called(model, names, others) is is_it
