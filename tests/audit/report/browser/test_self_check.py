"""The page checks itself: in a real Chromium, from a file and over HTTP, untouched and changed."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit._util.paths import TEMPLATES
from audit.analysis.folds import summed, sums
from audit.document.write import plain as as_json
from audit.document.write import to_bytes
from audit.provenance.records import page_seal
from audit.provenance.signing import keys
from audit.report.embedded import data_elements, unpack
from audit.report.language import Language
from audit.report.numbers import shown
from audit.report.page import render
from audit.schema import AuditDocument, PublicOutput, PublicValue
from audit.verdict.agreement import Target
from audit.verdict.bounds import whole_set
from tasks.statistics.bootstrap import decimal, stored
from tasks.statistics.odds import odds
from tests.audit.report.browser.conftest import SIGNER
from tests.support import browser as chromium
from tests.support.browser import Opened, needs_chromium
from tests.support.provenance import made
from tests.tasks.metrics.test_every_metric import CASES, programs

__all__ = ["programs"]  # a fixture
pytestmark = needs_chromium
Show = Callable[..., Opened]
ATTACKER = made.key(2002)
_DATA = re.compile(rb'<script type="application/json" id="audit-json">.*?</script>')


def with_data(page: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The page with another audit.json inside, and everything else as it was."""
    text = _DATA.search(page)
    assert text
    value = unpack(text[0].partition(b">")[2].removesuffix(b"</script>").decode())
    change(value)
    element = data_elements(json.dumps(value).encode(), {}).partition("\n")[0].encode()
    return page.replace(text[0], element)


def recomputed(scored: AuditDocument, metric: str = "wer") -> Any:
    return next(m for m in scored.measurements if m.metric == metric and m.fold is not None and m.claim is not None)


def test_an_untouched_page_agrees(show: Show, scored: AuditDocument, signed: bytes) -> None:
    opened = show(signed)
    folds = sum(m.fold is not None for m in scored.measurements)
    recorded = sum(m.origin == "recorded" and m.value is not None for m in scored.measurements)
    fingerprint = keys.fingerprint(SIGNER.public)
    assert folds > 100
    assert opened.line == (
        f"✓ Checked in this browser: {folds} of {folds} values recomputed, signature of {fingerprint[:16]}. "
        f"{recorded} values are recorded, not recomputed."
    )
    assert opened.differences == []
    assert opened("document.documentElement.dataset.checked") == "agrees"
    assert "integrity, not identity" in opened.page.text_content("#check details")
    assert (opened.errors, opened.violations) == ([], [])


def test_a_copy_without_a_signature_says_so(show: Show, plain: bytes) -> None:
    opened = show(plain)
    assert "no signature in this copy" in opened.line
    assert opened("document.documentElement.dataset.checked") == "agrees"
    assert opened.page.query_selector("#key-given") is None


def test_in_korean_it_agrees_as_well(show: Show, scored: AuditDocument) -> None:
    opened = show(page_seal.sign(render(scored, language=Language.KOREAN).encode(), to_bytes(scored), SIGNER))
    assert opened.differences == []
    assert "이 브라우저에서 검증함" in opened.line


def test_over_http_it_checks_on_this_machine_and_says_where_it_cannot(
    browser: Any, tmp_path: Path, signed: bytes
) -> None:
    (tmp_path / "report.html").write_bytes(signed)
    with chromium.served(tmp_path) as port:
        with chromium.opened(browser, f"http://127.0.0.1:{port}/report.html") as opened:
            assert "signature of" in opened.line
        with chromium.opened(browser, f"http://{chromium.INSECURE_HOST}:{port}/report.html") as opened:
            assert not opened("window.isSecureContext")
            assert (
                "signature not checked: this browser checks signatures only in files and over secure connections"
                in opened.line
            )


def test_a_changed_count_is_shown_at_its_row(show: Show, scored: AuditDocument, signed: bytes) -> None:
    one = recomputed(scored)

    def change(value: dict[str, Any]) -> None:
        found = next(m for m in value["measurements"] if m["id"] == one.id)
        found["counts"]["insertions"] += 1

    opened = show(with_data(signed, change))
    assert opened("document.documentElement.dataset.checked") == "differs"
    assert "The signature in this page is over a different audit.json." in opened.differences
    assert any(
        text.startswith("The counts give ") and text.endswith(f"audit.json says {one.value}.")
        for text in opened.differences
    )
    row = opened.page.locator(f"tr[id='m-{one.id.replace('/', '-')}']")
    assert "differs" in row.get_attribute("class")
    assert "The counts give" in row.text_content()
    assert "no valid signature over it" in opened.line
    colour = opened.page.locator("#check .line").evaluate("(e) => getComputedStyle(e).color")
    assert colour == "rgb(179, 38, 30)"


def test_a_changed_value_in_a_table_is_shown_in_its_cell(show: Show, scored: AuditDocument, signed: bytes) -> None:
    one = recomputed(scored)
    place = f"m-{one.id.replace('/', '-')}"
    row = re.search(rf'<tr id="{re.escape(place)}".*?\n'.encode(), signed)
    assert row
    value = re.search(rb"<td>(?:<em>)?([0-9.]+)(?:</em>)?<td>", row[0])
    assert value
    changed = row[0].replace(b"<td>" + value[1] + b"<td>", b"<td>1.234<td>")
    opened = show(signed.replace(row[0], changed))
    cell = opened.page.locator(f"tr[id='{place}'] td.differs")
    assert "audit.json says" in cell.text_content()
    assert any("The text here is not the one that was signed." in text for text in opened.differences)
    assert "differs" in opened.page.locator(f"article[id='claim-{one.claim}']").get_attribute("class")


@pytest.mark.parametrize("where", ["sentence", "figure", "lede"])
def test_a_changed_number_in_any_text_is_shown_in_its_section(
    where: str, show: Show, scored: AuditDocument, signed: bytes
) -> None:
    text = signed.decode()
    if where == "sentence":
        old = re.search(r'<div class="why">\n<p>[^\n]*?(\d+\.\d+)', text)
    elif where == "figure":
        old = re.search(r"<text[^>]*>(\d+\.\d+)</text>", text)
    else:
        old = re.search(r'<p class="lede">Of (\d+) claims', text)
    assert old
    start, end = old.span(1)
    opened = show(text[:start] + "7" + text[start:end] + text[end:])
    assert "The text here is not the one that was signed." in opened.differences
    marked = opened("[...document.querySelectorAll('section.differs, article.differs')].map((e) => e.id)")
    assert len(marked) == 1
    assert marked[0].startswith("claim-") or (where == "lede" and marked[0] == "summary")


def test_a_reported_value_that_was_changed_is_shown(show: Show, plain: bytes, scored: AuditDocument) -> None:
    text = plain.decode()
    opened = show(text.replace('<strong class="big">2.1</strong>', '<strong class="big">2.2</strong>', 1))
    assert opened.differences == ["audit.json says 2.1"]
    line = re.search(r'<td class="n found"[^>]*>(?:<em>)?(\d[0-9.]*)', text)
    assert line
    start, end = line.span(1)
    opened = show(text[:start] + "99.9" + text[end:])
    assert opened.differences == ["audit.json has no such value of this claim"]


def test_values_on_outputs_of_others_are_added_up_as_well(show: Show, scored: AuditDocument) -> None:
    one = recomputed(scored)
    assert one.rows is not None
    value = PublicValue("wer", one.convention, one.value, one.rows.scored, 99, one.counts, one.total, one.fold)
    outputs = PublicOutput(
        "r", one.task, None, "a system", None, "a set", "test", "yes", "", (), None, 99, "a/b@c:d", "https://example.org/",
        "0" * 64, "MIT", (value,),
    )  # fmt: skip
    with_outputs = replace(scored, public_outputs=(outputs,))
    folds = sum(m.fold is not None for m in scored.measurements) + 1
    opened = show(render(with_outputs))
    assert f"{folds} of {folds} values recomputed" in opened.line

    def change(document: dict[str, Any]) -> None:
        document["public_outputs"][0]["values"][0]["counts"]["deletions"] += 1

    opened = show(with_data(render(with_outputs).encode(), change))
    assert f"{folds - 1} of {folds} values recomputed" in opened.line
    assert opened("document.querySelector('#public-outputs').classList.contains('differs')")


def test_a_foreign_bundle_is_shown(show: Show, scored: AuditDocument, plain: bytes, signed: bytes) -> None:
    other = replace(scored, source_date_epoch=scored.source_date_epoch + 1)
    foreign = page_seal.parts(page_seal.sign(render(other).encode(), to_bytes(other), SIGNER))[1]
    content = page_seal.parts(signed)[1]
    opened = show(signed.replace(content, foreign))
    assert opened.differences == ["The signature in this page is over a different audit.json."]
    assert "no valid signature over it" in opened.line


def test_a_signature_by_another_key_is_that_keys(show: Show, scored: AuditDocument, plain: bytes) -> None:
    """Integrity, not identity: only the comparison with a known key tells them apart."""
    opened = show(page_seal.sign(plain, to_bytes(scored), ATTACKER))
    assert f"signature of {keys.fingerprint(ATTACKER.public)[:16]}" in opened.line
    assert (
        answer(opened, keys.fingerprint(SIGNER.public)) == "This is a different key than the one that signed this page."
    )


def test_broken_signatures(show: Show, signed: bytes) -> None:
    content = page_seal.parts(signed)[1]
    bundle = json.loads(content)
    signature = bundle["dsseEnvelope"]["signatures"][0]["sig"]
    flipped = content.replace(
        signature[:20].encode(), signature[:19].encode() + (b"A" if signature[19] != "A" else b"B")
    )
    assert show(signed.replace(content, flipped)).differences == ["The signature in this page is invalid."]
    malformed = "What stands in this page in place of a signature is malformed."
    for broken in (b"{}", b"no JSON", content.replace(b"dsseEnvelope", b"envelope")):
        assert show(signed.replace(content, broken)).differences == [malformed]


def answer(opened: Opened, text: str) -> str:
    opened.page.locator("#check summary").click() if not opened.page.locator("#key-given").is_visible() else None
    opened.page.fill("#key-given", text)
    opened.wait("document.querySelector('.check-key [role=status]').textContent !== ''")
    said: str = opened.page.inner_text(".check-key [role=status]")
    opened.page.fill("#key-given", "")
    opened.wait("document.querySelector('.check-key [role=status]').textContent === ''")
    return said


def test_the_key_is_compared_with_one_that_the_reader_has(show: Show, signed: bytes) -> None:
    opened = show(signed)
    yes, no = "This is the key that signed this page.", "This is a different key than the one that signed this page."
    fingerprint = keys.fingerprint(SIGNER.public)
    pairs = " ".join(fingerprint[n : n + 2] for n in range(0, 64, 2)).upper()
    for given in (fingerprint, pairs, keys.public_pem(SIGNER.public).decode(), keys.ssh_public(SIGNER.public),
                  f"{keys.ssh_public(SIGNER.public)} somebody@somewhere"):  # fmt: skip
        assert answer(opened, given) == yes, given
    other = ATTACKER.public
    ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJuMl1Q2mRr3qUbWIHUFvYdzL6J8Qb8kQ7F7u0sQ8w2C"
    for given in (keys.fingerprint(other), keys.public_pem(other).decode(), keys.ssh_public(other), ed25519):
        assert answer(opened, given) == no, given
    for given in ("somebody", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "ssh-rsa"):
        assert answer(opened, given) in {no, "This is neither a fingerprint nor a public key."}, given
    assert answer(opened, "somebody") == "This is neither a fingerprint nor a public key."


def test_the_openssh_fingerprint_is_that_of_ssh_keygen(show: Show, signed: bytes, tmp_path: Path) -> None:
    import shutil

    if shutil.which("ssh-keygen") is None:
        pytest.skip("needs ssh-keygen")
    line = tmp_path / "key.pub"
    line.write_text(keys.ssh_public(SIGNER.public) + "\n", encoding="ascii")
    said = subprocess.run(["ssh-keygen", "-lf", str(line)], capture_output=True, text=True, check=True).stdout.split()[
        1
    ]
    opened = show(signed)
    assert said in opened.page.text_content(".check-key dl")
    assert answer(opened, said) == "This is the key that signed this page."


# The kinds of keys that WebCrypto has. The project signs with P-256.
_VERIFY = """async ([source, spki, signature, message]) => {
  const load = new Function("_", source + "; return {kindOf, verifies, fromBase64};");
  const {kindOf, verifies, fromBase64} = load((text) => text), key = fromBase64(spki), kind = kindOf(key);
  return [kind && kind.name, kind ? await verifies(kind, key, fromBase64(signature), fromBase64(message)) : null];
}"""


@pytest.mark.parametrize("kind", ["ECDSA P-256", "ECDSA P-384", "ECDSA P-521", "Ed25519", "RSA"])
def test_kinds_of_keys(kind: str, show: Show, tmp_path: Path) -> None:
    import base64

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    message, sign = b"a message", None
    if kind == "Ed25519":
        key: Any = ed25519.Ed25519PrivateKey.generate()
        sign = key.sign(message)
    elif kind == "RSA":
        key, sign = rsa.generate_private_key(65537, 2048), b"x"
    else:
        curve, digest = {"256": (ec.SECP256R1(), hashes.SHA256()), "384": (ec.SECP384R1(), hashes.SHA384()),
                         "521": (ec.SECP521R1(), hashes.SHA512())}[kind[-3:]]  # fmt: skip
        key = ec.generate_private_key(curve)
        sign = key.sign(message, ec.ECDSA(digest))
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    source = (TEMPLATES / "js" / "signature.js").read_text(encoding="utf-8")
    opened = show("<!DOCTYPE html><title>empty</title>", checked=False)

    def ask(signed_message: bytes) -> Any:
        return opened(_VERIFY, [source, *(base64.b64encode(part).decode() for part in (der, sign, signed_message))])

    if kind == "RSA":
        assert ask(message) == [None, None]
        return
    assert ask(message) == [kind, True]
    assert ask(b"another message") == [kind, False]


# The arithmetic, against the program's own.
def modules(*names: str) -> str:
    return "\n".join((TEMPLATES / "js" / f"{name}.js").read_text(encoding="utf-8") for name in names)


_FOLD = """([source, cases]) => {
  const units = [["c", {unit: "percent"}], ["f", {unit: "fraction"}], ["n", {unit: "count"}]];
  const page = {measurements: new Map(), claims: new Map(units)};
  const {recomputed, short} = new Function("page", source + "; return {recomputed, short};")(page);
  return cases.map((one) => { const found = recomputed(one); return [found.same, short(found.value)]; });
}"""


def test_every_fold_is_the_programs(show: Show) -> None:
    source = modules("rational", "fold", "agreement")
    generator = np.random.default_rng(3)
    cases, wanted = [], []
    for number, case in enumerate(CASES):
        counts = case.metric.count(case.hypotheses, case.references)
        for turn in range(6):
            rows = counts[generator.integers(0, len(counts), 9)]
            value = case.metric.fold(rows)
            fold, total = summed(case.metric, rows, value)
            if fold is None or value is None:
                continue
            unit, whole = (("c", 100), ("f", 1), ("n", case.metric.scale))[turn % 3]
            said = stored(value) * whole / case.metric.scale
            for shift in (0, whole):
                text = format(said + Decimal(shift) / case.metric.scale / 100, "f")
                cases.append({
                    "id": f"{number}-{turn}-{shift}", "claim": unit, "origin": "recomputed", "parts": [], "value": text,
                    "fold": as_json(fold), "counts": sums(case.metric, rows), "total": total, "rows": {"scored": len(rows)},
                })  # fmt: skip
                wanted.append((not shift, case.metric.signature, said))
    found = show("<!DOCTYPE html><title>empty</title>", checked=False)(_FOLD, [source, cases])
    assert len(found) == len(wanted) > 300
    for (same, text), (should, signature, said), case in zip(found, wanted, cases, strict=True):
        assert same is should, (signature, text, case["value"])
        assert abs(float(text) - float(said)) < 1e-4, signature


_NUMBERS = """([source, cases]) => {
  const page = {audit: {study: {margins: {}}, measurements: []}, claims: new Map(), measurements: new Map()};
  const names = "{exactly, agreement, bounded, target, oddsOf, reach, short, exactValues, stored, shown}";
  const load = new Function("_", "page", source + "; return " + names), known = load((text) => text, page);
  const {exactly, agreement, bounded, target, oddsOf, reach, short, exactValues, stored, shown} = known;
  const end = (value) => value && short(value);
  return cases.map((one) => {
    page.audit.study.margins.wer = {value: one.margin};
    const claim = {id: "c", metric: "wer", value: one.printed, direction: one.direction, unit: one.unit, family: one.family};
    const held = target(claim), values = one.values.map(exactly);
    page.audit.measurements = one.values.map((value, n) => (
      {id: String(n), claim: "c", invalid: [], parts: [], origin: "recorded", value}));
    exactValues.clear();
    const odds = oddsOf(claim, held);
    return [
      values.map((value) => agreement(held, value)),
      one.bounds.map(([low, high]) => bounded(held, low && exactly(low), high && exactly(high))),
      [odds.tried, odds.distinct, short(odds.low), short(odds.high), odds.chance, odds.crowded],
      reach({...claim, metric: one.metric}, values[0], one.scored, one.unscored).map(end),
      values.map((value) => short(stored(value))), one.values.map((value) => shown(value, 2)),
    ];
  });
}"""


def test_agreements_bounds_and_odds_are_the_programs(show: Show) -> None:
    rng = random.Random(11)
    source = modules("rational", "fold", "agreement")
    cases, wanted = [], []
    for _ in range(150):
        places = rng.randint(0, 3)
        printed = f"{rng.choice((0, 1, 5, 33)) + rng.randint(0, 99) / 100:.{places}f}"
        margin, direction = rng.choice(("0", "0.3", "0.005")), rng.choice(("higher", "lower"))
        held = Target(printed, direction, margin)
        step = Fraction(1, 10**places)
        values = [
            max(Fraction(printed) + step * Fraction(rng.randint(-30, 30), rng.choice((2, 3, 8, 10))), Fraction(0))
            for _ in range(rng.randint(1, 12))
        ]
        bounds: list[tuple[Fraction | None, Fraction | None]] = [
            (rng.choice((None, low)), rng.choice((None, low + step * rng.randint(0, 8)))) for low in values
        ]
        unit, metric = rng.choice(("percent", "fraction")), rng.choice(("wer", "accuracy", "rouge-l", "bleu"))
        family, scored, unscored = rng.choice(("asr", "keyphrases")), rng.randint(1, 90), rng.randint(0, 9)
        found = odds(values, printed, tolerance=Decimal(margin)).as_json()
        span = whole_set(values[0], family=family, metric=metric, unit=unit, scored=scored, unscored=unscored)
        cases.append({
            "printed": printed, "margin": margin, "direction": direction, "values": [str(value) for value in values],
            "bounds": [[None if end is None else str(end) for end in pair] for pair in bounds],
            "unit": unit, "metric": metric, "family": family, "scored": scored, "unscored": unscored,
        })  # fmt: skip
        wanted.append([
            [str(held.agreement(value)) for value in values],
            [str(held.bounded(*pair)) for pair in bounds],
            [found["tried"], found["distinct"], short(found["low"]), short(found["high"]), found["chance"], found["crowded"]],
            [None if end is None else short(decimal(end, 6)) for end in (span.low, span.high)],
            [short(decimal(stored(value), 6)) for value in values],
            [shown(str(value), 2) for value in values],
        ])  # fmt: skip
    found_ = show("<!DOCTYPE html><title>empty</title>", checked=False)(_NUMBERS, [source, cases])
    for case, got, want in zip(cases, found_, wanted, strict=True):
        assert got == want, case


def short(value: Any) -> str:
    text = format(Decimal(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
