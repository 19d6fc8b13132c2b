// audit.json, as audit.report.embedded packs it into the page.
const SIGNS = Array.from({length: 92}, (unused, n) => String.fromCharCode(35 + n)).filter((c) => !"&<>\\".includes(c));
const SIGN = Object.fromEntries(SIGNS.map((sign, n) => [sign, n]));

function* restored(texts) {
  let before = "";
  for (const text of texts) {
    const end = SIGN[text[1]];
    before = before.slice(0, SIGN[text[0]]) + text.slice(2) + (end ? before.slice(-end) : "");
    yield before;
  }
}
function* column([kind, ...rest]) {
  while (kind === 0) { yield rest[0]; }
  if (kind === 1) { yield* rest; }
  if (kind === 2) { for (const sign of rest[0]) { yield rest[1 + SIGN[sign]]; } }
  if (kind === 3) { yield* restored(rest); }
  if (kind === 4) {
    const [width, known, ...lines] = rest, signs = width === 1 ? /./g : /../g;
    for (const line of restored(lines)) { yield line.replace(signs, (pair) => known[width === 1 ? SIGN[pair] : SIGN[pair[0]] * SIGNS.length + SIGN[pair[1]]]); }
  }
  if (kind === 5) { yield* hex(fromBase64(rest[0])).match(/.{64}/g); }
}

function unpack(text) {
  const shapes = JSON.parse(text), columns = shapes.map((shape) => shape[2].map(column));
  function read(item) {
    if (!Array.isArray(item)) { return item; }
    if (item[0] === -1) { return item.slice(1).map(read); }
    const [keys, absent] = shapes[item[0]], taken = columns[item[0]].map((one) => one.next().value);
    return Object.fromEntries([...keys.map((key, n) => [key, read(taken[n])]), ...absent.map((key) => [key, null])]);
  }
  return read([0]);
}

// Canonical JSON (RFC 8785), whose bytes are signed.
function canonical(value) {
  if (Array.isArray(value)) { return `[${value.map(canonical).join(",")}]`; }
  if (value === null || typeof value !== "object") { return JSON.stringify(value); }
  return `{${Object.keys(value).sort().map((key) => JSON.stringify(key) + ":" + canonical(value[key])).join(",")}}`;
}

const conventionKey = (task, metric, id) => [task, metric, id].join("\n");
function readAudit() {
  const audit = page.audit = unpack(byId("audit-json").textContent), by = (items, key) => new Map(items.map((item) => [key(item), item]));
  page.claims = by(audit.claims, (claim) => claim.id);
  page.verdicts = by(audit.verdicts, (verdict) => verdict.claim);
  page.conventions = by(audit.conventions, (one) => conventionKey(one.task, one.metric, one.id));
  page.measurements = by(audit.measurements, (one) => one.id);
  page.works = by(audit.literature.works, (work) => work.id);
  page.placed = by(audit.measurements.filter((one) => one.claim !== null), place);  // those in tables of claims
}
const conventionOf = (one) => page.conventions.get(conventionKey(one.task, one.metric, one.convention));
