// The page checks itself: signature, values from sums, verdicts' numbers, and what it shows.
// Texts by chapter and claim, without white space, as audit.report.page_text.
function texts() {
  const found = new Map([["*", []]]);
  function walk(node, open) {
    for (let child = node.firstChild; child; child = child.nextSibling) {
      if (child.nodeType === Node.TEXT_NODE) {
        const text = child.data.replace(/[\t\n\f\r ]+/g, "");
        if (text) { open.forEach((pieces) => pieces.push(text)); }
      } else if (child.localName && !["script", "style"].includes(child.localName)) {
        const named = ["section", "article"].includes(child.localName) && child.id;
        if (named) { found.set(child.id, []); }
        walk(child, named ? [...open, found.get(child.id)] : open);
      }
    }
  }
  walk(document.body, [found.get("*")]);
  return found;
}

// What differs, in a list and at its place.
const problems = [];
function differs(where, text) {
  problems.push([where, text]);
  if (!where) { return; }
  const spot = where.localName === "tr" ? where.cells[1] : (/^(article|section)$/.test(where.localName) && where.querySelector("h2, h3")) || where;
  where.classList.add("differs");
  spot.append(el("strong", {class: "difference"}, "\u26a0 " + text));
}
const says = (where, said) => differs(where, _("audit.json says {said}", {said: said || "\u2013"}));
const wrongSums = (where, {value}, one) => differs(where, _("The counts give {found}; audit.json says {said}.", {found: value ? short(value) : "\u2013", said: one.value}));
const numbersIn = (text) => (text.match(/\d[\d,.]*/g) || []).map((one) => one.replace(/,/g, ""));
const bare = (text, digits) => shown(text, digits).replace("\u2212", "");

function checkMeasurement(one, claim, row) {
  const sums = recomputed(one), held = claim && target(claim), exact = exactValue(one), said = one.agreement;
  if (sums && !sums.same) { wrongSums(row, sums, one); }
  if (held && exact && ["exact", "within-margin", "better", "worse"].includes(said.kind)) {
    const kind = agreement(held, exact), difference = stored(minus(exact, exactly(claim.value)));
    const numbers = [[kind, said.kind], [kind === "exact" && !prints(exact, claim.value), said.truncated], [short(difference), said.difference && short(exactly(said.difference))]];
    if (one.whole !== null && !one.sample && !one.parts.length && one.origin === "recomputed" && one.rows) {
      const either = [false, true].map((documented) => onWholeSet(claim, held, one, exact, documented));
      numbers.push([either.includes(one.whole) ? one.whole : either[0], one.whole]);
    }
    numbers.filter(([found, wanted]) => found !== wanted).forEach(([found, wanted]) => differs(row, _("Beside the reported value it is {found}; audit.json says {said}.", {found, said: wanted})));
  }
  if (row) { checkRow(one, claim, row.cells); }
  return sums;
}

function checkRow(one, claim, cells) {
  const digits = decimalsOf(claim.value) + 2, {rows, interval} = one, change = shown(one.agreement.difference, digits);
  const limits = interval ? [interval.low, interval.high].map((end) => bare(end, digits)) : [], states = rows ? [rows.scored, rows.expected].filter((n) => n !== null).map(String) : [];
  const text = (n) => flat(cells[n]), numbers = (n) => numbersIn(cells[n].firstChild.textContent);
  [[3, shown(one.value, digits)], [6, /^\d/.test(change) ? "+" + change : change]].forEach(([n, wanted]) => { if (text(n) !== (wanted || "\u2013")) { says(cells[n], wanted); } });
  [[4, limits], [5, states]].forEach(([n, wanted]) => { if (numbers(n).join() !== wanted.join()) { says(cells[n], wanted.join(" \u2013 ")); } });
}

function checkClaim(claim) {
  const article = claimPlace(claim), verdict = page.verdicts.get(claim.id), held = target(claim), digits = decimalsOf(claim.value), reported = shown(claim.value, digits);
  const facts = article.querySelector(".facts .big"), limits = facts.parentNode.querySelector(".sub");
  if (flat(facts) !== reported) { says(facts, reported); }
  if (claim.rounding) {
    const ends = [claim.rounding.low, claim.rounding.high];
    if (!rounding(claim.value).every((end, n) => equal(end, exactly(ends[n])))) { differs(article, _("The rounding interval is not {ends}.", {ends: ends.join(" \u2013 ")})); }
    if (limits && numbersIn(limits.textContent).join() !== ends.map((end) => bare(end, digits + 1)).join()) { says(limits, ends.join(" \u2013 ")); }
  }
  const line = lineOf(article), [found, printed] = [".found", ".reported"].map((name) => line?.querySelector(name));
  const known = page.audit.measurements.filter((one) => one.claim === claim.id).map((one) => shown(one.value, digits + 2));
  if (found && !["\u2013", ...known].includes(flat(found))) { differs(found, _("audit.json has no such value of this claim")); }
  if (printed && !reported.startsWith(flat(printed).replace("\u2026", "") || "?")) { says(printed, reported); }
  if (!verdict) { return; }
  const said = verdict.odds, odds = said && held && oddsOf(claim, held);
  if (odds && !(["tried", "distinct", "chance", "crowded"].every((key) => odds[key] === said[key]) && ["low", "high"].every((key) => equal(odds[key], exactly(said[key]))))) {
    differs(article, _("The look-elsewhere odds are {found}; audit.json says {said}.", {found: odds.chance, said: said.chance}));
  }
  for (const reason of verdict.reasons.filter((one) => one.measurement)) {
    const {value, agreement: {difference, kind}} = page.measurements.get(reason.measurement);
    if ([value, difference, kind].join() !== [reason.value, reason.difference, reason.agreement].join()) { differs(article, _("The verdict names other numbers than its measurement has.")); }
  }
  if (verdict.certificate && !proves(claim, verdict.certificate)) { differs(article, _("The proof that the value is impossible does not hold.")); }
}

// An impossible value: its neighbouring counts are more than a unit of its last place away.
function proves(claim, {value, unit, kind, gaps}) {
  const printed = exactly(value), step = ratio(big(1), tenTo(decimalsOf(value)));
  return value === claim.value && gaps.every(({n, below, above}) => {
    const at = (count) => ratio(big(WHOLE[unit] * count), big(n)), neighbours = above === null ? below === n && kind === "share" : above === below + 1;
    return neighbours && order(at(below), minus(printed, step)) < 0 && (above === null || order(at(above), add(printed, step)) > 0);
  });
}

async function checkTexts(signed, before) {
  const digest = async (name) => before.has(name) && hex(await sha256(encode(before.get(name).join(""))));
  const changed = (await Promise.all(Object.keys(signed).map(async (name) => await digest(name) === signed[name] ? null : name))).filter(Boolean);
  const parts = changed.map(byId).filter(Boolean), inner = parts.filter((part) => !parts.some((other) => other !== part && part.contains(other)));
  inner.forEach((part) => differs(part, _("The text here is not the one that was signed.")));
  if (changed.length && !inner.length) { differs(null, _("A text of this page is not the one that was signed.")); }
}

async function check(before) {
  const {audit} = page, count = {same: 0, values: 0, without: 0, recorded: 0};
  for (const one of audit.measurements) {
    const claim = page.claims.get(one.claim), row = claim && byId(place(one));
    if (claim && !row) { differs(null, _("The measurement {id} is not on the page.", {id: one.id})); }
    const sums = checkMeasurement(one, claim, row);
    if (one.value !== null) {
      count[one.origin === "recorded" ? "recorded" : sums ? "values" : "without"] += 1;
      if (sums?.same) { count.same += 1; }
    }
  }
  for (const {task, values} of audit.public_outputs) {
    for (const one of values.filter((value) => value.fold)) {
      const claim = audit.claims.find((known) => known.task === task && known.metric === one.metric)?.id, sums = recomputed({...one, claim, parts: [], total: one.row_sum, rows: one});
      count.values += 1;
      if (sums.same) { count.same += 1; } else { wrongSums(byId("public-outputs"), sums, one); }
    }
  }
  all("tr[id^='m-']").filter((row) => !page.placed.has(row.id)).forEach((row) => differs(row, _("audit.json has no such measurement.")));
  audit.claims.forEach(checkClaim);
  for (const {claim, first, second, start: from, end, steps: parts} of audit.differences || []) {
    if (!equal(sum(parts.map((step) => exactly(step.part))), minus(exactly(end), exactly(from)))) {
      differs(byId(anchor("claim", claim) + "-gaps"), _("The parts of the gap from {first} to {second} do not sum to it.", {first, second}));
    }
  }
  const text = byId("signature").textContent;
  if (!window.isSecureContext || !crypto.subtle) {
    page.seal = {present: text, unchecked: _("this browser checks signatures only in files and over secure connections")};
    return count;
  }
  const digest = hex(await sha256(encode(canonical(audit)))), printed = document.querySelector("#provenance td.mono"), seal = page.seal = text ? await readSeal(text, digest) : {};
  if (printed && flat(printed) !== digest) { differs(printed, _("the audit.json in this page has the SHA-256 {digest}", {digest})); }
  if (seal.problem) { differs(null, seal.problem); }
  else if (seal.predicate && !seal.unchecked) { await checkTexts(seal.predicate.texts, before); }
  return count;
}

const sealInWords = ({present, unchecked, problem, fingerprint}) => !present ? _("no signature in this copy") : problem ? _("no valid signature over it") :
  unchecked ? _("signature not checked: {why}", {why: unchecked}) : _("signature of {key}", {key: fingerprint.slice(0, 16)});

async function reportCheck(box, count) {
  const {seal} = page, good = !problems.length, most = 20, numbers = {n: thousands(count.same), all: thousands(count.values), signature: sealInWords(seal)};
  const links = problems.slice(0, most).map(([where, text], n) => {
    if (where) { where.id ||= "differs-" + (n + 1); }
    return el("li", {}, where ? el("a", {href: "#" + where.id}, text) : text);
  });
  box.classList.add(good ? "good" : "bad");
  box.replaceChildren(
    el("p", {class: "line", role: "status"}, el("strong", {}, good ? "\u2713 " : "\u26a0 "), _("Checked in this browser: {n} of {all} values recomputed, {signature}.", numbers),
      count.recorded ? " " + _("{n} values are recorded, not recomputed.", {n: thousands(count.recorded)}) : null, good ? null : el("strong", {}, " " + _("Differences: {n}", {n: problems.length}))),
    good ? "" : el("ul", {class: "found"}, links, problems.length > most ? el("li", {}, "\u2026") : null),
    el("details", {}, el("summary", {}, _("What was checked, and whose key it is")), byId("check-facts").firstElementChild,
      count.without ? el("p", {}, _("{n} recomputed values have no counts in audit.json and were not checked.", {n: thousands(count.without)})) : null, seal.kind ? await keyForm(seal) : null));
}

async function keyForm(seal) {
  const answer = el("p", {role: "status"}), field = el("textarea", {id: "key-given", rows: 2, spellcheck: "false", input: async () => {
    const same = await isKey(field.value, seal), good = same && !seal.problem && !seal.unchecked;
    answer.className = good ? "answer good" : "answer bad";
    answer.textContent = !field.value.trim() ? "" : same === null ? _("This is neither a fingerprint nor a public key.") : !same ? _("This is a different key than the one that signed this page.") :
      good ? _("This is the key that signed this page.") : _("This is the key in this page, but its signature is not valid.");
  }});
  return el("div", {class: "check-key"},
    el("dl", {}, [[_("Key in this page"), seal.kind.name + (seal.predicate.signer === "ephemeral" ? ", " + _("made for this audit alone") : "")], ["SHA-256", seal.fingerprint], ["OpenSSH", await sshFingerprint(seal.spki, seal.kind)]]
      .map(([name, text]) => [el("dt", {}, name), el("dd", {}, text)])),
    el("label", {for: "key-given"}, _("Compare with a key that you have: fingerprint, OpenSSH line, or PEM")), field, answer);
}

async function startCheck(before) {
  const box = el("section", {id: "check", "aria-label": _("Check of this page")}, el("p", {}, _("Checking this page\u2026")));
  document.querySelector("main").prepend(box);
  await new Promise((done) => { setTimeout(done); });
  try {
    await reportCheck(box, await check(before));
  } catch (error) {
    problems.push([null, error.message]);
    box.classList.add("bad");
    box.textContent = _("This page could not be checked: {why}", {why: error.message});
  }
  document.documentElement.dataset.checked = problems.length ? "differs" : "agrees";
}
