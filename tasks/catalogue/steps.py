"""Steps and tokenizers by name. `repro-audit conventions --steps` prints them with the effect of each on its example."""

from __future__ import annotations

from tasks.catalogue.parts import ListedStep, by_name
from tasks.metrics.jiwer_words import JIWER_WORDS
from tasks.metrics.keyphrases import SPLIT_PHRASES
from tasks.metrics.nltk_meteor import NLTK_WORDS
from tasks.metrics.rouge import rouge_tokens
from tasks.metrics.ter import TERCOM_TOKENS
from tasks.steps.characters import PUNCTUATION
from tasks.steps.clean import (
    BEFORE_END_SYMBOL,
    CMI_WRAPPERS,
    DROP_END_TOKEN,
    EMPTY_WORD,
    HUFS_UNWRAP,
    LSTRIP,
    REMOVE_SP,
    RSTRIP,
    STRIP,
    STRIP_END_TOKEN,
    STRIP_SENTENCE_MARKS,
    STRIP_SPECIAL,
)
from tasks.steps.flores import FLORES101_TOKENS, flores_unavailable
from tasks.steps.normalise.au_harness import DROP_THINKING, PLAIN, SPELLED_DIGITS
from tasks.steps.normalise.audiobench import AUDIOBENCH_WORDS
from tasks.steps.normalise.cmi import CMI_WORDS
from tasks.steps.normalise.gigaspeech import GIGASPEECH_MARKS, GIGASPEECH_OFFICIAL
from tasks.steps.normalise.ltu import LTU_CAPTION
from tasks.steps.normalise.open_asr import OPEN_ASR_2023, OPEN_ASR_2025, OPEN_ASR_2026
from tasks.steps.normalise.plain import (
    AFTER_THINKING,
    CASEFOLD,
    DROP_DIACRITICS,
    DROP_PARENTHESES,
    DROP_PUNCTUATION,
    DROP_SPACES,
    DROP_START_TOKENS,
    DROP_SYMBOLS,
    DROP_TAGS,
    FIRST_LINE,
    NFC,
    NFKC,
    PUNCTUATION_TO_SPACES,
    SEPARATE_UNSPACED,
    STRAIGHT_QUOTES,
    UPPER,
)
from tasks.steps.normalise.simple import (
    COLLAPSE_SPACES,
    DROP_ASCII_PUNCTUATION,
    DROP_PUNCTUATION_BUT,
    JIWER_A1,
    LOWER,
)
from tasks.steps.normalise.whisper import WHISPER_BASIC, WHISPER_ENGLISH
from tasks.steps.phones import DROP_SILENCE, LLASO_LETTERS, STRIP_STRESS
from tasks.steps.ptb import PTB, ptb_unavailable
from tasks.steps.sentences import SEPARATE_WORDS, SPLIT_FULL_STOPS, SPLIT_SENTENCES, UPPER_LETTERS
from tasks.steps.tokenise import (
    CHAR_LEVEL,
    CHARACTERS,
    DROP_PUNCTUATION_TOKENS,
    JOIN_13A,
    JOIN_NONE,
    JOIN_ZH,
    SPACE_WORDS,
    TOK_13A,
    TOK_CHAR,
    TOK_INTL,
    TOK_JA_MECAB,
    TOK_NONE,
    TOK_ZH,
    WORDS,
)
from tasks.steps.yes_no import FIRST_YES_NO, YES_NO, YES_OR_NOT

_S = ListedStep
_CLEAN = (
    _S("strip-special", STRIP_SPECIAL, "Strip special tokens and spaces from both ends.", "<s> Hello.</s>"),
    _S(
        "strip-end-token",
        STRIP_END_TOKEN,
        "Cut one `</s>` off the end and strip; without it, change nothing.",
        "Hi.</s>",
    ),
    _S(
        "strip-sentence-marks", STRIP_SENTENCE_MARKS, "Cut a leading `<s>` and a final `</s>`, and strip.", "<s>Hi.</s>"
    ),
    _S("drop-start-tokens", DROP_START_TOKENS, "Delete `<s>` wherever it stands.", "<s>one<s> two"),
    _S("drop-end-tokens", DROP_END_TOKEN, "Delete `</s>` wherever it stands.", "one</s> two</s>"),
    _S("before-end-of-text", BEFORE_END_SYMBOL, "Keep the text before `<|end_of_text|>`.", "Hi.<|end_of_text|>x"),
    _S(
        "after-thinking",
        AFTER_THINKING,
        "Keep the text after `</think>`; empty if it is missing.",
        "<think>B?</think>A",
    ),
    _S("drop-thinking", DROP_THINKING, "AU-Harness: `<think>...</think>` deleted.", "A<think>B?</think>C"),
    _S("first-line", FIRST_LINE, "Keep the first line that is not blank.", "\nHello.\nBye."),
    _S("strip", STRIP, "Strip spaces from both ends.", "  Hello. "),
    _S("lstrip", LSTRIP, "Strip spaces from the beginning.", "  Hello. "),
    _S("rstrip", RSTRIP, "Strip spaces from the end.", "  Hello. "),
    _S("remove-sp", REMOVE_SP, "Qwen-Audio: `<|...|>` deleted, spaces collapsed.", "<|en|> Hello , you"),
    _S("cmi-wrappers", CMI_WRAPPERS, "CMI-Bench: introductions cut.", "The lyrics of it are: la la"),
    _S("hufs-unwrap", HUFS_UNWRAP, "The transcript inside SALMONN's known wrappers.", '<s> The text is "Hello."</s>'),
    _S("empty-word", EMPTY_WORD, "AudioBench: an empty text becomes the word `empty`.", ""),
)
_NORMALISE = (
    _S("nfc", NFC, "Unicode's canonical composition.", "Cafe\u0301"),
    _S("nfkc", NFKC, "Unicode's compatibility composition.", "\uff22\uff10\u2122"),
    _S("lower", LOWER, "Lower case.", "Dr. Smith"),
    _S("upper", UPPER, "Upper case.", "Dr. Smith"),
    _S("casefold", CASEFOLD, "Unicode's case folding, stronger than lower case.", "Stra\u00dfe"),
    _S("drop-diacritics", DROP_DIACRITICS, "Delete accents and other combining marks.", "caf\u00e9 na\u00efve"),
    _S(
        "straight-quotes",
        STRAIGHT_QUOTES,
        "Typographic quotation marks become straight ones.",
        "It\u2019s \u201cme\u201d.",
    ),
    _S("drop-punctuation", DROP_PUNCTUATION, "Delete punctuation (Unicode category P).", "Don't! It's $5."),
    _S("punctuation-to-spaces", PUNCTUATION_TO_SPACES, "Replace punctuation by spaces.", "well-known, no?"),
    _S("drop-ascii-punctuation", DROP_ASCII_PUNCTUATION, "Delete Python's `string.punctuation`.", "Don't! It's $5."),
    _S(
        "covost2-punctuation",
        DROP_PUNCTUATION_BUT,
        "Delete ASCII punctuation but `'` and `-`.",
        "Don't! A well-run $5.",
    ),
    _S("drop-punctuation-tokens", DROP_PUNCTUATION_TOKENS, "Drop tokens of punctuation alone.", "Hello , it 's $ 5 ."),
    _S("drop-symbols", DROP_SYMBOLS, "Delete symbols (Unicode category S).", "$5 + 2\u20ac"),
    _S(
        "without-punctuation",
        PUNCTUATION,
        "Marks inside words deleted, others to spaces.",
        "3.5 p.m., mom\u2019s A-Z",
    ),
    _S("drop-tags", DROP_TAGS, "Delete `<...>` and `[...]`.", "<noise> hello [laughs]"),
    _S("drop-parentheses", DROP_PARENTHESES, "Delete `(...)`.", "hello (laughs)"),
    _S("collapse-spaces", COLLAPSE_SPACES, "One space for every run of white space, and strip.", " a \n b  c "),
    _S("drop-spaces", DROP_SPACES, "Delete white space, for scripts without spaces.", "\u6211 \u559c\u6b22"),
    _S("separate-unspaced", SEPARATE_UNSPACED, "A character of Chinese, ... is a word.", "\u6211\u7528Python"),
    _S("jiwer-lower-punct-tags", JIWER_A1, "jiwer: lower case, punctuation, tags, spaces.", "It's <x> OK.</s>"),
    _S("whisper-english", WHISPER_ENGLISH, "Whisper's English normaliser.", "Dr. Smith's colour"),
    _S("whisper-basic", WHISPER_BASIC, "Whisper's basic normaliser.", "It's [laughs] \u00fcber-cool!"),
    _S("open-asr-2023", OPEN_ASR_2023, "Open ASR Leaderboard's rule of 2023.", "Mm, B B C's"),
    _S("open-asr-2025", OPEN_ASR_2025, "Open ASR Leaderboard's rule of 2025.", "Archaeology, 2 km"),
    _S("open-asr-2026", OPEN_ASR_2026, "Open ASR Leaderboard's rule of 2026.", "Mm, B B C's wi-fi"),
    _S("spell-digits", SPELLED_DIGITS, "AU-Harness: digits spelled out.", "The 2nd of 25"),
    _S("lower-no-punctuation", PLAIN, "AU-Harness: lower case, punctuation deleted.", "It's 5, OK."),
    _S("audiobench-words", AUDIOBENCH_WORDS, "AudioBench's rules after Whisper's.", "uh 2 dogs won't (x)"),
    _S("cmi-words", CMI_WORDS, "CMI-Bench: punctuation deleted, numbers spelled out.", "It's 25, OK."),
    _S("gigaspeech-official", GIGASPEECH_OFFICIAL, "GigaSpeech's rule for words.", "uh well-known <COMMA> yes"),
    _S("gigaspeech-marks", GIGASPEECH_MARKS, "GigaSpeech's tags as marks.", "YES <COMMA> SIR <PERIOD>"),
)
_TASKS = (
    _S("drop-silence", DROP_SILENCE, "Drop the phone `sil`.", "HH AH0 sil L OW1"),
    _S("strip-stress", STRIP_STRESS, "Remove the stress digits of ARPAbet.", "HH AH0 L OW1"),
    _S("llaso-letters", LLASO_LETTERS, "LLaSO: letters A to Z, some merged.", "HH AH0 K"),
    _S("upper-letters", UPPER_LETTERS, "Upper case; only A to Z, `'` and spaces stay.", "A well-known dog's"),
    _S("upper-words", SEPARATE_WORDS, "Upper case; other than A to Z and `'` to spaces.", "A well-known caf\u00e9"),
    _S("ltu-caption", LTU_CAPTION, "LTU: the text after the last colon, plain.", "Audio caption: A dog, ok."),
    _S("yes-or-not", YES_OR_NOT, "`yes` if the text is exactly that, otherwise `no`.", "Yes, the same."),
    _S("yes-no", YES_NO, "`yes` or `no` if the text is that word, else empty.", "Yes."),
    _S("first-yes-no", FIRST_YES_NO, "The first word if it is yes or no, else empty.", "Yes, the same."),
)
_SPLITS = (
    _S("split-full-stops", SPLIT_FULL_STOPS, "Split at full stops.", "One. Two? No."),
    _S("split-sentences", SPLIT_SENTENCES, "Split at the marks that end a sentence.", "One. Two? No."),
    _S("split-phrases", SPLIT_PHRASES, "Split a list at commas and line ends.", "1. one, 2. two"),
)
_JOINED = (
    _S("13a-text", JOIN_13A, "sacreBLEU's `13a`, tokens joined by spaces.", "It's 5%, Mr."),
    _S("zh-text", JOIN_ZH, "sacreBLEU's `zh`, tokens joined by spaces.", "\u6211\u7528Python\u3002"),
    _S("none-text", JOIN_NONE, "sacreBLEU's `none`: the text as it is.", "It's fine."),
    _S("char-level", CHAR_LEVEL, "fairseq: characters, spaces as U+2581.", "a cat"),
    _S("ptb", PTB, "Penn Treebank tokens as in the COCO scorer.", "A man's dog, ok.", ptb_unavailable),
)
_TOKENIZERS = (
    _S("words", WORDS, "Words between white space.", "It's fine."),
    _S("words-between-spaces", SPACE_WORDS, "Words between spaces; a line end separates nothing.", "one two\nthree"),
    _S("jiwer-words", JIWER_WORDS, "The words of jiwer's default transform.", "one  two\nthree"),
    _S("characters", CHARACTERS, "Every character, spaces too.", "a cat"),
    _S("13a", TOK_13A, "sacreBLEU's default.", "It's 5%, Mr."),
    _S("intl", TOK_INTL, "sacreBLEU's `intl`.", "\u00abNa\u00efve\u00bb, 5\u20ac."),
    _S("zh", TOK_ZH, "sacreBLEU's `zh`: Chinese characters, `13a` for the rest.", "\u6211\u7528Python\u3002"),
    _S("ja-mecab", TOK_JA_MECAB, "sacreBLEU's `ja-mecab`: MeCab with IPADIC.", "\u79c1\u306f\u732b\u3067\u3059\u3002"),
    _S("char", TOK_CHAR, "sacreBLEU's `char`: every character but spaces.", "a cat"),
    _S("none", TOK_NONE, "sacreBLEU's `none`: words between white space.", "It's fine."),
    _S("tercom", TERCOM_TOKENS, "sacreBLEU's words for TER, in lower case.", "It's 5%, Mr."),
    _S("flores101", FLORES101_TOKENS, "sacreBLEU's `flores101` pieces.", "Wonderful weather.", flores_unavailable),
    _S("rouge-words", rouge_tokens(stemmer=False), "rouge-score's words.", "The dogs' barking"),
    _S("rouge-stems", rouge_tokens(stemmer=True), "rouge-score's words, stemmed.", "The dogs' barking"),
    _S("nltk-words", NLTK_WORDS, "nltk's `word_tokenize` without a sentence model.", "It can't be."),
)

STEPS = by_name((*_CLEAN, *_NORMALISE, *_TASKS, *_JOINED, *_SPLITS, *_TOKENIZERS))
