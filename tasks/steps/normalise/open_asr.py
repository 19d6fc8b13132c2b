"""The Open ASR Leaderboard's English text rules: Whisper's normaliser with corrections and, since June 2026, joined words.

huggingface/open_asr_leaderboard, normalizer/normalizer.py and english_abbreviations.py:

* `2023` (754a8dcf335e43a865040225404b29bbfeec8ecd) is Whisper's English normaliser with one more spelling;
* `2025` (6a3e6d4e3ec28b81aa5d9a15a5467e13e2b98622, on the main branch since 2025-10-06) corrects the spelling table;
* `2026` (d1e99b25524814332d6868a5645e568670834cfb, lines 528-677 and 1748-1931; on the main branch since 2026-06-24) also
  drops more fillers, reads `'s` as "is" only after certain words, joins compounds and runs of single characters, and writes
  variants of a name alike.

The rules that Whisper has too are those of the `whisper-normalizer` package, whose steps are replaced here.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal

from tasks.convention import Selection
from tasks.errors import ScoringError
from tasks.row import Row
from tasks.step import Step, function, version_of
from tasks.steps.normalise.whisper import scannable
from tasks.steps.normalise.whisper_words import WordByWord

Rule = Literal["2023", "2025", "2026"]
# Changes to Whisper's table: a spelling that it lacks or has otherwise, and those that it loses.
_SPELLINGS: dict[Rule, dict[str, str]] = {"2023": {"mm": "hmm"}}
_SPELLINGS["2025"] = {
    **_SPELLINGS["2023"],
    "archaeological": "archeological",
    "archaeology": "archeology",
    "cancellation": "cancelation",
    "cancellations": "cancelations",
    "pummelled": "pummeled",
    "pummelling": "pummeling",
    "snowploughs": "snowplows",
    "travelogue": "travelog",
    "travelogues": "travelogs",
}
_SPELLINGS["2026"] = {**_SPELLINGS["2025"], "etcetera": "etc", "flyer": "flier", "kay": "okay", "ok": "okay"}
_UNSPELLED: dict[Rule, tuple[str, ...]] = {"2023": ()}
_UNSPELLED["2025"] = ("archeological", "cancelation", "cancelations", "travelog", "travelogs")
_UNSPELLED["2026"] = (*_UNSPELLED["2025"], "flyer / flier")
_FILLERS = (
    *("hmm", "mm", "mhm", "mmm", "uh", "um"),
    *("ah", "aha", "ahh", "ahm", "eh", "ehehe", "em", "hm", "huh", "hum", "mhum", "uhm", "umm", "uhuh"),
)
_IS_AFTER = ("it", "he", "she", "what", "that", "who", "here", "there", "how", "when", "where", "why", "this")
# In this order; white space between the words is flexible.
_COMPOUNDS = (
    *(("et cetera", "etc"), ("al right", "alright"), ("all right", "alright"), ("how ever", "however")),
    *(("wi fi", "wifi"), ("hi fi", "hifi"), ("lo fi", "lofi"), ("sci fi", "scifi")),
    *(("e mail", "email"), ("e book", "ebook"), ("e commerce", "ecommerce"), ("x ray", "xray")),
    *(("t shirt", "tshirt"), ("a m", "am"), ("p m", "pm"), ("o k", "okay")),
)
# One spelling: its variants.
_NAMES = """
aaron: aron; alfonso: alphonso; alison: allison alyson; allen: alan allan; anne: ann; anthony: antony;
arthur: artur; brett: bret; brian: bryan; bridget: bridgette; caitlin: kaitlin kaitlyn katelyn; carl: karl;
carol: carole carrol carroll; catherine: catharine katherine kathryn; cathy: kathy; charlie: charley charly;
chris: kris; christina: kristina; christopher: cristopher kristopher; colin: collin; deborah: devorah;
dennis: denis; dominic: dominick; douglas: douglass; dylan: dillon; eric: erick erik; fatima: fatimah;
frederick: frederik fredrick; gail: gayle; gary: garry; greg: gregg; henry: henri; ivonne: yvonne;
jackie: jacky; jamie: jaime; jason: jayson; jeff: geoff; jeffrey: geoffrey jeffery; joanne: joane joann;
john: jon; jonathan: johnathan jonathon; joseph: josef; karen: caren caryn karin; kelly: kelley kelli kellye;
kevin: kevan; kristin: kristen; laurie: lori; lawrence: laurence; lee: leigh; leslie: lesley; lily: lilly;
linda: lynda; lindsay: lindsey linsey; louis: lewis; lucas: lukas; lynn: lynne; mark: marc; martin: martyn;
matthew: mathew; mcarthur: macarthur; mccarthy: macarthy maccarthy; mccartney: macartney; mcdonald: macdonald;
mcgowan: macgowan; mcintosh: macintosh; mcintyre: macintyre; mckay: mackay; mckenzie: mackenzie;
mclean: maclean; mcleod: macleod; mcmillan: macmillan; mcnamara: macnamara; megan: meghan; michael: micheal;
michelle: michele; miriam: myriam;
mohammed: mahomet mohamad mohamed mohammad mouhamad mouhamed muhamad muhammad muhammed; molly: mollie;
natalie: nathalie; neil: neal; nicholas: nicolas; nicole: nikole; patrick: patrik; peter: pieter;
philip: phillip; rachel: rachael; rajiv: rajeev; rebecca: rebekah; rob: robb; robin: robyn; roger: rodger;
ronda: rhonda; russell: russel; sally: sallie; sarah: sara; sean: shaun shawn; shane: shayne;
sherry: cheri sheri sherrie; simon: symon; stacy: stacey stacie; steven: stephen; stuart: stewart;
susanne: suzanne; teresa: theresa; terry: terri; thomas: tomas; toby: tobey; tony: toni; tracy: tracey tracie;
veronica: veronika; victor: viktor; victoria: viktoria; walter: walther; yousef: yusef yusuf; zach: zak;
zachary: zachery zackary
"""
_CANONICAL = {
    variant: name.strip()
    for entry in _NAMES.split(";")
    for name, _, variants in [entry.partition(":")]
    for variant in variants.split()
}
# Runs of two single characters are joined, of those with a word among them only three or more.
_WORDS_OF_ONE = frozenset("ai")
# As in `tasks.steps.normalise.whisper`: Python's limit on the digits of a number depends on the machine.
_DIGITS = 100_000
_SHORT = 100
_DIGIT = re.compile(r"\d")
# Currency signs that no number follows, percent signs, and full stops anywhere but at the end of a word or inside a number.
_SIGNS = re.compile(r"\$(?![0-9])|%|\.(?![0-9\s\"]|$)|(?<![A-Za-z0-9])\.")
# As the library's rule, so that `m` is not taken for half of `a m`.
_AM = re.compile(rb"'m\b")
# Of ASCII: what is neither a letter nor a digit separates the words of a compound.
_APART = bytes(n if n < 128 and chr(n).isalnum() else ord(" ") for n in range(256))
_LOCK = threading.Lock()


def joined_acronyms(text: str) -> str:
    """Join runs of single letters and digits: `b b c` becomes `bbc`, `5 g` `5g`; `a b` stays, `u s a` becomes `usa`."""
    words = text.split()
    if list(map(len, words)).count(1) < 2:
        return " ".join(words)
    found: list[str] = []
    run: list[str] = []
    for word in [*words, ""]:
        if len(word) == 1 and word.isalnum():
            run.append(word)
            continue
        found += ["".join(run)] if len(run) >= (3 if _WORDS_OF_ONE & set(run) else 2) else run
        run = []
        found.append(word)
    return " ".join(found[:-1])


def spellings(rule: Rule) -> dict[str, str]:
    """The spelling table of a version: Whisper's with its changes."""
    from whisper_normalizer.english import EnglishSpellingNormalizer

    table = EnglishSpellingNormalizer().mapping | _SPELLINGS[rule]
    return {word: spelling for word, spelling in table.items() if word not in _UNSPELLED[rule]}


def _numbers(library: Any) -> Callable[[str], str]:
    """The library's number rules, skipped for texts that they leave as they are; they take most of the time.

    Without a digit, a number word and `half` they only collapse white space: `and` is a number word beside others alone.
    """
    words = frozenset(library.words) - {"and"}

    def numbers(text: str) -> str:
        parts = text.split()
        if "half" in text or _DIGIT.search(text) or not words.isdisjoint(parts):
            return str(library(text))
        return " ".join(parts)

    return numbers


def normaliser(rule: Rule, *, acronyms: bool = True) -> Callable[[str], str]:
    """The text rule of a version, stripped; `acronyms=False` leaves runs of single characters apart.

    Raises:
        ScoringError: (of the function) A number in the text cannot be read.
    """
    from whisper_normalizer.english import EnglishTextNormalizer

    library: Any = EnglishTextNormalizer()
    library.standardize_spellings.mapping = spellings(rule)
    library.standardize_numbers = _numbers(library.standardize_numbers)
    if rule == "2026":
        library.ignore_patterns = rf"\b({'|'.join(_FILLERS)})\b"
        restricted = rf"\b({'|'.join(_IS_AFTER)})'s\b", r"\1 is"
        library.replacers = dict(restricted if key == r"'s\b" else (key, to) for key, to in library.replacers.items())
        numbers, spelling = library.standardize_numbers, library.standardize_spellings
        compounds = [(re.compile(r"\b" + words.replace(" ", r"\s+") + r"\b"), one) for words, one in _COMPOUNDS]

        def before_numbers(text: str) -> str:
            for words, one in compounds:
                text = words.sub(one, text)
            found: str = numbers(text)
            return found

        def after_spelling(text: str) -> str:
            named = " ".join(_CANONICAL.get(word, word) for word in spelling(text).split())
            return joined_acronyms(named) if acronyms else named

        library.standardize_numbers, library.standardize_spellings = before_numbers, after_spelling

    def normalise(text: str) -> str:
        try:
            if len(text) <= _SHORT:
                return str(library(text)).strip()
            with _LOCK:
                before = sys.get_int_max_str_digits()
                sys.set_int_max_str_digits(_DIGITS)
                try:
                    return str(library(scannable(text))).strip()
                finally:
                    sys.set_int_max_str_digits(before)
        except (AssertionError, ValueError) as error:
            raise ScoringError(
                f"the leaderboard's normaliser cannot read a number in this text (more than {_DIGITS:,} digits?)"
            ) from error

    return normalise


@cache
def normaliser_of_many(rule: Rule) -> Callable[[Sequence[str]], list[str]]:
    """The same for many texts, word by word where a word's neighbours do not matter, see `whisper_words`.

    Compounds and runs of single characters look across words. A text in which both words of a compound occur is not split.
    Runs are joined at the end, after the signs that no number needs are gone instead of before, so a text in which such a sign
    could be left that long is not split either.
    """
    from whisper_normalizer.english import EnglishTextNormalizer

    whole = function(_STEPS[rule])
    library: Any = EnglishTextNormalizer()
    table, replacers = spellings(rule), dict(library.replacers)
    if rule == "2026":
        table = {word: _CANONICAL.get(table.get(word, word), table.get(word, word)) for word in {*table, *_CANONICAL}}
        del replacers[r"'s\b"]
        replacers |= {rf"\b{word}'s\b": f"{word} is" for word in _IS_AFTER}
        library.ignore_patterns = rf"\b({'|'.join(_FILLERS)})\b"
    library.replacers, library.standardize_spellings.mapping = replacers, table
    try:
        words = WordByWord(library, normaliser(rule, acronyms=False))
    except ValueError:  # the rules of another release of the library: process whole texts
        return lambda texts: list(map(whole, texts))
    if rule != "2026":
        return words
    firsts: dict[bytes, set[bytes]] = {}
    for compound, _ in _COMPOUNDS:
        first, second = compound.encode().split()
        firsts.setdefault(second, set()).add(first)
    seconds = frozenset(firsts)

    def compounds(text: bytes) -> bool:
        parts = text.translate(_APART).split()
        return any(not firsts[second].isdisjoint(parts) for second in seconds.intersection(parts))

    def split(text: str) -> bool:
        if not text.isascii() or (("." in text or "$" in text or "%" in text) and _SIGNS.search(text)):
            return False
        low = text.encode("ascii").lower()
        return not compounds(low) or (b"'m" in low and not compounds(_AM.sub(b" am", low)))

    def many(texts: Sequence[str]) -> list[str]:
        apart = list(map(split, texts))
        made = iter(words([text for text, fits in zip(texts, apart, strict=True) if fits]))
        return [joined_acronyms(next(made)) if fits else whole(text) for text, fits in zip(texts, apart, strict=True)]

    return many


def _step(rule: Rule) -> Step:
    return Step(
        f"open-asr-{rule}",
        version_of("whisper-normalizer"),
        lambda: normaliser(rule),
        (
            "module:whisper_normalizer.english",
            "module:whisper_normalizer.basic",
            "file:whisper_normalizer/normalizers/english.json",
            "module:tasks.steps.normalise.open_asr",
            "module:tasks.steps.normalise.whisper_words",
            "module:tasks.steps.code_points",
            "module:tasks.steps.memo",
            "module:tasks.steps.normalise.whisper",
            "module:tasks.steps.long_texts",
            "module:tasks.steps.together",
            "unicode:",
            "version:regex",
        ),
        batch=lambda texts: normaliser_of_many(rule)(texts),  # noqa: PLW0108  # loads the library when it is called
    )


OPEN_ASR_2023, OPEN_ASR_2025, OPEN_ASR_2026 = _step("2023"), _step("2025"), _step("2026")
_STEPS: dict[Rule, Step] = {"2023": OPEN_ASR_2023, "2025": OPEN_ASR_2025, "2026": OPEN_ASR_2026}
SOURCES = tuple(source for source in OPEN_ASR_2026.sources if source != "module:tasks.steps.normalise.open_asr")
_IGNORED = "ignore time segment in scoring"


def _scored(rule: Rule) -> Selection:
    def keep(row: Row) -> bool:
        return isinstance(row.reference, str) and normaliser_of_many(rule)([row.reference])[0] not in {"", _IGNORED}

    return Selection(f"open-asr-{rule}-reference", keep, "reference empty after normalising, or marked as not scored")


# The leaderboard's programs drop these segments before they run a model (normalizer/data_utils.py:17-22,150-162 at d1e99b2,
# and in the same way before), so its values are over the others.
SCORED_2023, SCORED_2025, SCORED_2026 = _scored("2023"), _scored("2025"), _scored("2026")
