from __future__ import annotations

import pytest

from audit.literature.tables.cells import Parsed, Rich, Segment, label, parse, plain


def read(text: str) -> tuple[str | None, str | None, str | None]:
    found = parse(plain(text))
    return found.value, found.deviation, found.reason


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", "12"), ("1.60", "1.60"), (".853", "0.853"), ("-.5", "-0.5"), ("−1.2", "-1.2"), ("– 1.2", "-1.2"),
        ("+3", "3"),
        ("1,000", "1000"), ("1,000,000.5", "1000000.5"), ("12\u2009345", "12345"), ("2,1", "2.1"), ("100%", "100"),
        ("5.0 %", "5.0"),
        ("**5.0**", "5.0"), ("5.0*", "5.0"), ("5.0 †‡", "5.0"), ("5.0 (0.2)", "5.0"), ("5.0 [4.1, 5.9]", "5.0"),
        ("5.0 ↑0.3", "5.0"),
    ],
)  # fmt: skip
def test_values_keep_their_digits(text: str, value: str) -> None:
    assert read(text) == (value, None, None)


@pytest.mark.parametrize(
    "text", ["5.0 ± 0.3", "5.0±.3", "5.0 +/- 0.3", "5.0+-0.3", "(5.0 ± 0.3)%", "5.0% ± 0.3%", "5.0 ± 0.3*"]
)
def test_deviations(text: str) -> None:
    value, deviation, reason = read(text)
    assert (value, reason) == ("5.0", None)
    assert deviation == "0.3"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"), (" \u00a0 ", "empty"), ("-", "no-value"), ("—", "no-value"), ("– / –", "no-value"), ("N/A", "no-value"),
        ("n.r.", "no-value"), ("?", "no-value"), ("✗", "no-value"), ("yes", "text"), ("7B", "text"), ("A/B", "text"),
        ("5–6", "range"), ("5.1-6.0", "range"), ("5 to 6%", "range"), ("<0.1", "bound"), ("≥ 90", "bound"), ("~5%", "bound"),
        ("1.6/3.6", "several-values"), ("1 | 2 | 3", "several-values"), ("7 5.65", "several-values"),
        ("90 000", "several-values"),
        ("1e-3", "scientific"), ("1.2 × 10", "scientific"), ("0.9k", "abbreviated"), ("960h", "other-unit"),
        ("$154.14", "other-unit"), ("1,431×", "other-unit"), ("7,281k", "abbreviated"),
        ("[−2.4, +3.1]", "range"), ("(0.2–0.4)", "range"),
        ("1.2.3", "text"),
        ("12,34,56", "text"), ("1.", "text"), ("5.0 ± ", "text"),
    ],
)  # fmt: skip
def test_reasons(text: str, reason: str) -> None:
    assert read(text) == (None, None, reason)


def test_a_raised_digit_is_never_a_digit_of_the_value() -> None:
    assert parse(plain("5.8¹")) == Parsed("5.8", "5.8", marks=("1",))
    assert parse((Segment("", "5.8"), Segment("^", "12"))).value == "5.8"
    assert parse((Segment("", "1.2×10"), Segment("^", "-3"))).reason == "scientific"


def test_a_lowered_number_is_a_deviation_only_with_its_sign() -> None:
    def lowered(text: str) -> Rich:
        return (Segment("", "5.8"), Segment("_", text))

    assert parse(lowered("±0.2")).deviation == "0.2"
    assert parse(lowered("0.2")) == Parsed("5.8", "5.8", marks=("0.2",))
    assert parse(lowered("+0.2")) == Parsed("5.8", "5.8", marks=("+0.2",))


def test_the_parts_of_a_cell() -> None:
    parts = parse(plain("1.6*/–/<3")).parts
    assert [(p.value, p.reason) for p in parts] == [("1.6", None), (None, "no-value"), (None, "bound")]
    assert parse(plain("A/1.6")).parts == ()


def test_a_decimal_comma_elsewhere_makes_thousands_unclear() -> None:
    assert parse(plain("25,112")).value == "25112"
    assert parse(plain("25,112"), decimal_comma=True).reason == "decimal-comma"


def test_siunitx_writes_deviations_in_last_digits() -> None:
    def deviation(text: str) -> str | None:
        return parse(plain(text), siunitx=True).deviation

    assert [deviation(t) for t in ("4.1(2)", "10.7(12)", "0.123(4)", "120(5)")] == ["0.2", "1.2", "0.004", "5"]
    assert parse(plain("4.1(2)")).deviation is None


def test_labels_lose_their_marks_only() -> None:
    assert label(plain("SALMONN†")) == ("SALMONN", ("†",))
    assert label((Segment("", "F"), Segment("_", "1"), Segment("^", "a"))) == ("F1", ("a",))
    assert label(plain("*")) == ("*", ())
