"""Rows made for comparing conventions with the programs that they are named after; no text is anybody else's.

`made(kind)` gives the same rows everywhere: seeded, with the standard library alone, and hostile on purpose (case,
punctuation, digits, markup, other scripts, blanks, empty and unfinished outputs). A row is a dictionary as in a
predictions file; `said` is its output as a decoder without special tokens gives it, for programs that decode so.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from typing import Any

SIZE = 240
MadeRow = dict[str, Any]

_WORDS = """
the a of and to in it was he she we they said came went had would not no yes river house garden
doctor captain winter summer letter window morning night colour favour theatre grey well known old
new small great two three twenty five hundred seven o'clock don't can't it's she'd we've mister mrs
saint street music dog barks bird sings man speaks car passes rain falls
""".split()  # noqa: SIM905  # a list of words reads best as a text
_HOSTILE = """
Mr. Dr. St. U.S.A. 1874 $20.50 5% 3.5 1,000 25th 2-3 well-known state-of-the-art — – … “quoted”
‘it’s’ (aside) [laughs] <noise> <|en|> {x} uh um hmm ER AH café naïve Straße 你好 東京 ÉCOLE #1 @ & *
e.g. i.e. wanna gonna let's 's n't A.B 10 20 30
""".split()  # noqa: SIM905  # a list of words reads best as a text
_ZH = list("我你他们今天明去北京学校看书吃饭很好大家都在这里说话一个人两头比三，。！？")
_JA = [
    "私",
    "は",
    "東京",
    "に",
    "行き",
    "ます",
    "今日",
    "の",
    "天気",
    "です",
    "ね",
    "カメラ",
    "を",
    "買う",
    "。",
    "、",
    "！",
]
_DE = """
der die das Haus und ist nicht ein eine grün Straße über schön Zug fährt nach Berlin heute morgen, .
! ? „ja“ Größe
""".split()  # noqa: SIM905  # a list of words reads best as a text
_PHONES = ["AH0", "T", "EH1", "S", "IH0", "NG", "sil", "HH", "AA1", "R", "K", "AO2", "DH", "W", "V"]


def _text(pick: random.Random, words: list[str], low: int, high: int, hostile: float = 0.0, join: str = " ") -> str:
    count = pick.randint(low, high)
    return join.join(pick.choice(_HOSTILE if pick.random() < hostile else words) for _ in range(count))


def _changed(pick: random.Random, text: str, words: list[str], join: str = " ") -> str:
    """The text with words dropped, repeated, replaced and in another case."""
    parts = []
    for word in text.split(join) if join else list(text):
        chance = pick.random()
        if chance < 0.08:
            continue
        if chance < 0.16:
            parts.append(pick.choice(words))
        elif chance < 0.22:
            parts += [word, word]
        elif chance < 0.34:
            parts.append(
                pick.choice([word.upper(), word.capitalize(), f"{word},", f"{word}.", word + pick.choice("!?;:-'")])
            )
        else:
            parts.append(word)
    return join.join(parts)


def _row(pick: random.Random, number: int, said: str, reference: Any, **extra: Any) -> MadeRow:
    """A row whose output ends in `</s>` (most), begins with `<s>` (some) or has neither."""
    begin, end = ("<s> " if pick.random() < 0.1 else ""), ("</s>" if pick.random() < 0.85 else "")
    return {
        "id": f"{number:03}",
        "hypothesis": f"{begin}{said}{end}",
        "reference": reference,
        "said": said,
        "extra": extra,
    }


def _transcripts(pick: random.Random, number: int) -> MadeRow:
    reference = pick.choice(_WORDS[:40]) + " " + _text(pick, _WORDS, 1, 14, hostile=0.15)
    reference = pick.choice([reference, reference.upper(), reference.capitalize() + "."])
    said = _changed(pick, reference, _WORDS + _HOSTILE)
    hostile = pick.random()
    if hostile < 0.04:
        said = ""
    elif hostile < 0.08:
        said = f"The lyrics of the song are: {said}"
    elif hostile < 0.12:
        said = said.replace(" ", pick.choice(["  ", "\n", "\t", " \n "]), 2)
    elif hostile < 0.14:
        said = " ".join([said or "la"] * 6)
    return _row(pick, number, said, reference)


# One thing written in several ways: compounds, acronyms, names, spellings, possessives, fillers, numbers.
_WAYS = [
    ("white paper", "whitepaper", "white-paper"),
    ("wi fi", "wifi", "Wi-Fi"),
    ("e mail", "email", "e-mail"),
    ("all right", "alright", "al right"),
    ("ok", "O.K.", "okay", "o k"),
    ("et cetera", "etc", "etcetera"),
    ("B B C", "BBC", "B. B. C."),
    ("the U S A", "the USA", "the U.S.A."),
    ("five G", "5 G", "5G"),
    ("at 5 p.m.", "at five pm", "at 5 p m"),
    ("Kathryn", "Catherine", "catharine"),
    ("Jon", "John"),
    ("Stephen", "Steven"),
    ("travelogue", "travelog"),
    ("archaeology", "archeology"),
    ("cancellation", "cancelation"),
    ("snowploughs", "snowplows"),
    ("flyer", "flier"),
    ("the officer's mess", "the officers mess", "the officer is mess"),
    ("it's", "it is"),
    ("what's", "what is"),
    ("uh", "um", "huh", "ah", ""),
    ("5 mm", "5mm", "five mm"),
    ("one o one", "101", "one oh one"),
    ("colour", "color"),
    ("a b c", "abc"),
    ("a i", "AI", "A.I."),
    ("twenty five", "25", "twenty-five"),
]


def _spellings(pick: random.Random, number: int) -> MadeRow:
    """Each side writes the same things in its own way, among other words; some references are fillers alone."""
    sides: list[list[str]] = [[], []]
    for _ in range(pick.randint(1, 7)):
        way = pick.choice(_WAYS)
        word = pick.choice(_WORDS)
        for side in sides:
            side += [pick.choice(way), word]
    reference, said = (" ".join(filter(None, side)) for side in sides)
    hostile = pick.random()
    if hostile < 0.06:
        reference = pick.choice(["uh", "um", "huh", "[noise]", "", "Ignore time segment in scoring"])
    elif hostile < 0.3:
        said = _changed(pick, said, _WORDS + _HOSTILE)
    return _row(pick, number, said, reference)


def _translations(words: list[str], join: str) -> Callable[[random.Random, int], MadeRow]:
    def make(pick: random.Random, number: int) -> MadeRow:
        reference = _text(pick, words, 4, 16, hostile=0.08, join=join)
        said = _changed(pick, reference, words, join)
        hostile = pick.random()
        if hostile < 0.04:
            said = ""
        elif hostile < 0.12:
            said = _text(pick, _WORDS, 3, 9, hostile=0.2)
        elif hostile < 0.2:
            said = f"{said} {pick.choice(_HOSTILE)}"
        return _row(pick, number, said, reference)

    return make


def _music(pick: random.Random, number: int) -> MadeRow:
    reference = _text(pick, _WORDS, 8, 30, hostile=0.05).capitalize() + "."
    said = _changed(pick, reference, _WORDS)
    return _row(pick, number, "" if pick.random() < 0.03 else said, reference)


def _captions(pick: random.Random, number: int) -> MadeRow:
    row = _music(pick, number)
    return {**row, "reference": [row["reference"]]}


def _phones(pick: random.Random, number: int) -> MadeRow:
    reference = _text(pick, _PHONES, 3, 20)
    said = _changed(pick, reference, [*_PHONES, "ɪ", "ß", "?"])
    hostile = pick.random()
    said = "123" if hostile < 0.04 else said.lower() if hostile < 0.15 else said
    return _row(pick, number, said if number < SIZE - 1 else reference, reference)


def _emotions(pick: random.Random, number: int) -> MadeRow:
    labels = ["Neutral", "Happy", "Sad", "Angry"]
    gold, said = labels[number % 4] if number < 4 else pick.choice(labels), pick.choice(labels)
    forms = [
        "{}",
        "{}",
        "{}",
        "{}.",
        " {}",
        "{} ",
        "{}\n",
        "I am {}",
        "{} and " + pick.choice(labels),
        "",
        "Angy",
        "neutrl",
        "hapy sadd",
        "Fearful",
        "unhappy",
        "u.s.a.",
        "S.ad",
        "...",
        "quite {}, I think",
    ]
    said = pick.choice(forms).format(pick.choice([said, said.lower(), said.upper(), gold]))
    return _row(pick, number, said, gold)


def _overlaps(pick: random.Random, number: int) -> MadeRow:
    words = [word for word in _WORDS if word.isalpha()]
    speakers = [_text(pick, words, 3, 9).upper() for _ in range(2)]
    pieces = [_changed(pick, text, words) for text in pick.sample(speakers, 2)]
    if pick.random() < 0.2:
        pieces.append(_text(pick, words, 1, 4))
    said = ". ".join(piece.replace(".", "") for piece in pieces) + pick.choice([".", "", " .", "..", "\n"])
    return _row(pick, number, "" if pick.random() < 0.03 else said, speakers)


def _trials(pick: random.Random, number: int) -> MadeRow:
    said = pick.choice(["Yes", "yes", "YES", "Yes.", "No", "no.", " yes", "yes ", "Yes, the same", "", "same", "yes\n"])
    return _row(pick, number, said, "yes")


_PARTS = [
    "neural",
    "networks",
    "network",
    "fuzzy",
    "logic",
    "path",
    "planning",
    "robot",
    "arm",
    "design",
    "designs",
    "0.18",
    "micron",
    "CMOS",
    "2.5D",
    "graphics",
    "AND",
    "and",
    "gates",
    "well-known",
    "unk",
    "UNK",
    "a_b",
    "C++",
    "İstanbul",
    "models",
    "modelling",
]


def _keyphrases(pick: random.Random, number: int) -> MadeRow:
    def phrase() -> str:
        return " ".join(pick.choices(_PARTS, k=pick.randint(1, 3)))

    gold = [phrase() for _ in range(pick.randint(1, 8))]
    if pick.random() < 0.3:
        gold.append(pick.choice(gold).replace("network", "networks").upper())
    if pick.random() < 0.05:
        gold.append("...")
    said = [pick.choice(gold) if pick.random() < 0.5 else phrase() for _ in range(pick.randint(0, 12))]
    said += pick.sample(["<unk> x", "...", "", " and robot arm", "networks", "Network"], pick.randint(0, 2))
    pick.shuffle(said)
    return _row(pick, number, ", ".join(said) + ("." if pick.random() < 0.2 else ""), gold)


def _questions(pick: random.Random, number: int) -> MadeRow:
    question = _text(pick, _WORDS, 3, 9)
    count = pick.randint(1, 5)
    candidates = [
        {"text": _text(pick, _WORDS, 3, 12).capitalize() + ".", "label": int(pick.random() < 0.3)} for _ in range(count)
    ]
    scores = [round(pick.random() ** 3, 3) for _ in range(count)]
    said = pick.choice(
        [question, _changed(pick, question, _WORDS), candidates[0]["text"], candidates[0]["text"].lower(), "yes"]
    )
    answers = [c["text"] for c in candidates if c["label"]]
    reference = {"question": question, "answers": answers, "candidates": candidates}
    return _row(pick, number, said, reference, scores=scores)


def _slots(pick: random.Random, number: int) -> MadeRow:
    recording = f"r{number // 3}"
    spoken = _text(random.Random(recording), _WORDS, 4, 9)
    value = _text(pick, spoken.split(), 1, 3)
    kind = pick.choice(["time", "date", "person"])
    said = pick.choice(
        [
            value,
            value,
            value.upper(),
            value.capitalize(),
            f"{value}.",
            _changed(pick, value, _WORDS),
            spoken,
            spoken.upper(),
            "",
            "",
        ]
    )
    if number // 3 % 7 == 0:
        said = ""
    reference = {"slot": kind, "value": value.capitalize() if pick.random() < 0.1 else value, "transcript": spoken}
    return _row(pick, number, said, reference, recording=recording)


def _choices(pick: random.Random, number: int) -> MadeRow:
    options = pick.sample(
        ["dog", "cat", "cow", "frog", "dog barking", "a cat", "Bird", "car engine", "ABBA", "guitar"], 4
    )
    gold, other = options[(place := pick.randrange(4))], pick.choice(options)
    letter = "ABCD"[place if pick.random() < 0.6 else pick.randrange(4)]
    forms = [
        letter,
        f"{letter}.",
        f"({letter})",
        f"({letter}) {other}",
        f"The answer is {letter}.",
        f"The correct answer is: {other}",
        gold,
        other,
        gold.upper(),
        f"It is a {gold}, not a {other}.",
        f"{letter} or {pick.choice('ABCD')}",
        "",
        "None",
        "None of them",
        f"answer:\n{letter}",
        "I do not know",
        "Zebra",
        f"a {gold.split()[0]}",
        "D",
        "x",
        f"\n{letter}\n",
    ]
    return _row(pick, number, pick.choice(forms), gold, choices=options)


_OPTIONS = [
    "dog",
    "a cat",
    "Dog barking",
    "A sad tone",
    "C# minor",
    "C minor",
    "two",
    "Don't know",
    "wo-man",
    "man",
    "ABBA",
]
_ASKED = [
    "{0}",
    "{0}.",
    "({0})",
    "**{0}**",
    "The answer is {0}.",
    "The answer is {0}, not {1}.",
    "The correct answer is ({0}) because of the sound",
    "Answer: {0}",
    "answer:\n{0}",
    "{0}) {2}",
    "{0}: {3}",
    "<1> {0}. {2}",
    "答案是{0}",
    "答案是：{0}",
    "答案是'{0}'",
    "option {0}",
    "I would choose {0} or {1}",
    "({0}) or ({1})",
    "Both {0}. and {1}. fit",
    "{2}",
    "{3}",
    "It is {2}, not {3}, I think so",
    "I think the sound in it is {2}",
    "It was a DNA test",
    "PANDA is it",
    "Neither of them",
    "A man speaks here",
    "",
    "None",
    "x",
]


def _options(pick: random.Random, number: int) -> MadeRow:
    """Two to six options, sometimes two that are equal; letters of any of them in forms that parsers tell apart."""
    count = pick.choice([2, 3, 4, 4, 4, 4, 5, 6])
    options = pick.sample(_OPTIONS, count)
    if pick.random() < 0.06:
        options[-1] = options[0]
    place = pick.randrange(count)
    letters = [pick.choice("ABCDEF"[:count]) for _ in range(2)]
    if pick.random() < 0.5:
        letters[0] = "ABCDEF"[place]
    said = pick.choice(_ASKED).format(*letters, options[place], pick.choice(options))
    said = pick.choice([said, said, said, said.lower(), said.upper()])
    return _row(pick, number, said, options[place], choices=options)


def _stories(pick: random.Random, number: int) -> MadeRow:
    return _row(pick, number, _text(pick, _WORDS, 30, 80, hostile=0.1), None)


KINDS: dict[str, Callable[[random.Random, int], MadeRow]] = {
    "transcripts": _transcripts,
    "spellings": _spellings,
    "translations-zh": _translations(_ZH, ""),
    "translations-ja": _translations(_JA, ""),
    "translations-de": _translations(_DE, " "),
    "music": _music,
    "captions": _captions,
    "phones": _phones,
    "emotions": _emotions,
    "overlaps": _overlaps,
    "trials": _trials,
    "keyphrases": _keyphrases,
    "questions": _questions,
    "slots": _slots,
    "choices": _choices,
    "options": _options,
    "stories": _stories,
}


def made(kind: str) -> list[MadeRow]:
    """240 rows of a kind."""
    pick = random.Random(f"{kind} 1")
    return [KINDS[kind](pick, number) for number in range(SIZE)]


def digest(rows: list[MadeRow]) -> str:
    """SHA-256 (hex) of rows, to notice if they are no longer those that a stored output belongs to."""
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
