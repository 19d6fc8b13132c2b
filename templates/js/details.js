// Details of measurements, links to them, and two of them side by side.
const chosen = [];
const lines = (items) => items.map((item) => el("div", {}, item));
const linkTo = (href, text) => el("a", {href: "#" + href}, text);

// What audit.json holds on a measurement and its convention, under its own names: [name, what].
const FIRST = ["value", "reported", "agreement", "whole", "bounds", "interval", "fold", "counts", "total", "rows"];
function factsOf(one) {
  const convention = conventionOf(one), exact = one.fold?.exact && exactValue(one), {signature, hash, grade, works} = convention || {};
  const known = {reported: page.claims.get(one.claim)?.value, ...one, parts: one.parts.length && lines(one.parts.map((id) => linkTo(place({id}), id))),
    value: one.value && one.value + (exact && String(exact).length < 40 ? ` = ${exact.join("/")}` : ""), convention: convention ? linkTo(anchor("c", one.task, one.metric, one.convention), one.convention) : one.convention,
    grade, works: works?.length && lines(works.map((id) => linkTo(anchor("work", id), page.works.get(id)?.name || id))), signature, hash};
  const text = (what) => typeof what === "number" ? thousands(what) : what !== Object(what) ? String(what) : Array.isArray(what) ? what.map(text).join(typeof what[0] === "string" ? " + " : "; ") :
    Object.entries(what).filter(([, part]) => part !== null && String(part)).map(([key, part]) => `${key} ${text(part)}`).join(", ");
  const rank = (name) => (FIRST.indexOf(name) + 99) % 99, node = (what) => what instanceof Node || what[0] instanceof Node;
  return Object.entries(known).sort(([a], [b]) => rank(a) - rank(b)).map(([name, what]) => [name.replace(/_/g, " "), what && (node(what) ? what : text(what))]).filter(([, what]) => what);
}

function toggleDetails(row, open) {
  const one = page.placed.get(row.id), old = row.nextElementSibling?.className === "detail" && row.nextElementSibling;
  if (open && old) { return; }
  row.querySelector("a.at").setAttribute("aria-expanded", !old);
  if (old) { old.remove(); return; }
  const beside = action(chosen.length === 1 && chosen[0] !== one ? _("Put beside {other}", {other: chosen[0].convention || chosen[0].id}) : _("Put side by side"), () => {
    if (chosen.length > 1) { chosen.length = 0; }
    if (!chosen.includes(one)) { chosen.push(one); }
    showBeside();
  });
  row.after(el("tr", {class: "detail"}, el("td", {colspan: 8}, el("p", {class: "controls"}, beside, one.prediction ? action(_("Rows and alignments"), openRows) : null),
    el("dl", {}, factsOf(one).map(([name, what]) => [el("dt", {}, name), el("dd", {}, what)])))));
}

// Two measurements of a claim side by side: what differs first.
function showBeside() {
  const box = byId("beside") || dialog("beside", _("Side by side"), el("div", {})), known = Array.from(page.placed.values()).filter((one) => one.claim === chosen[0].claim);
  const heads = [0, 1].map((n) => {
    const select = choice([...(chosen[n] ? [] : [["", "\u2026"]]), ...known.map((one) => [one.id, `${one.id.split("/").slice(1).join(", ")}: ${one.value ?? "\u2013"}`])], () => { chosen[n] = page.measurements.get(select.value); showBeside(); });
    select.value = chosen[n]?.id || "";
    select.setAttribute("aria-label", n ? _("Second") : _("First"));
    return el("th", {scope: "col"}, select);
  });
  const sides = [0, 1].map((n) => new Map(chosen[n] ? factsOf(chosen[n]) : [])), text = (what) => [what].flat().map((one) => one.textContent ?? one).join();
  const table = distinct([...sides[0].keys(), ...sides[1].keys()]).map((name) => {
    const cells = sides.map((side) => side.get(name) || ""), other = chosen[1] && text(cells[0]) !== text(cells[1]);
    return [other, el("tr", {class: other && "other"}, el("th", {scope: "row"}, name), cells.map((cell) => el("td", {}, cell)))];
  });
  box.lastChild.replaceChildren(el("p", {}, chosen[1] ? howTheyDiffer(...chosen) : ""), el("div", {class: "scroll"}, el("table", {class: "beside"},
    el("thead", {}, el("tr", {}, el("td", {}), heads)), el("tbody", {}, [true, false].map((first) => table.filter(([other]) => !other !== first).map(([, row]) => row))))));
  if (!box.open) { box.showModal(); }
}
// The steps that only one has.
function howTheyDiffer(...two) {
  const steps = two.map((one) => (conventionOf(one)?.signature || "").split("|").flatMap((part) => part.split(/[:,]/).slice(1).map((name) => `${part.split(":")[0]}: ${name}`)));
  const [first, second] = [0, 1].map((n) => steps[n].filter((step) => !steps[1 - n].includes(step)).join("; ") || "\u2013"), values = two.map(exactValue);
  return (values.every(Boolean) ? _("Second minus first: {gap}.", {gap: shown(short(minus(values[1], values[0])), 6)}) + " " : "") + _("Only in the first: {first}. Only in the second: {second}.", {first, second});
}

// The number of every measurement leads to its own row, and opens its details.
function startDetails() {
  for (const id of page.placed.keys()) {
    const cell = byId(id)?.cells[0];
    if (cell) { cell.replaceChildren(el("a", {href: "#" + id, class: "at", "aria-expanded": "false", role: "button"}, cell.textContent)); }
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.at[role]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      history.replaceState(null, "", link.getAttribute("href"));
      toggleDetails(link.closest("tr"));
    }
  });
  window.addEventListener("hashchange", arrive);
  window.addEventListener("beforeprint", () => all("details").forEach((one) => { one.open = true; }));
  arrive();
}
// A link into something closed or hidden opens it.
function arrive() {
  const id = decodeURIComponent(location.hash.slice(1)), node = id && byId(id);
  if (!node) { return; }
  find.show(node);
  for (let around = node.closest("details"); around; around = around.parentElement.closest("details")) { around.open = true; }
  if (page.placed.has(id)) { toggleDetails(node, true); }
  node.scrollIntoView();
}
