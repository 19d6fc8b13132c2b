// Rows and alignments from predictions files that the reader opens; they stay in this page.
const files = new Map();  // TASK or TASK@RUN -> rows
const asText = (value) => typeof value === "string" ? value : Array.isArray(value) && value.every((one) => typeof one === "string") ? value.join(" / ") : value === null || value === undefined ? "" : JSON.stringify(value);

// Levenshtein over words, ignoring case: [same, word] of reference and output, and the errors.
function align(reference, output) {
  const a = reference.split(/\s+/).filter(Boolean), b = output.split(/\s+/).filter(Boolean), width = b.length + 1;
  if ((a.length + 1) * width > 4000000) { return [[[true, reference]], [[true, output]], "?"]; }
  const low = (word) => word.toLowerCase(), x = a.map(low), y = b.map(low), cost = new Uint32Array((a.length + 1) * width), left = [], right = [];
  for (let i = 0; i <= a.length; i += 1) {
    for (let j = 0; j <= b.length; j += 1) {
      const at = i * width + j;
      cost[at] = !i || !j ? i + j : Math.min(cost[at - width] + 1, cost[at - 1] + 1, cost[at - width - 1] + (x[i - 1] !== y[j - 1]));
    }
  }
  for (let i = a.length, j = b.length; i || j;) {
    const at = i * width + j, same = x[i - 1] === y[j - 1], both = i && j && cost[at] === cost[at - width - 1] + !same, up = both || (i && cost[at] === cost[at - width] + 1);
    if (up) { i -= 1; left.unshift([both && same, a[i]]); }
    if (both || !up) { j -= 1; right.unshift([both && same, b[j]]); }
  }
  return [left, right, cost[cost.length - 1]];
}
function textLines(row, name = _("Output")) {
  const line = (head, words, tag) => el("p", {class: "row-text"}, el("b", {}, head + ": "), el("bdi", {}, words.map(([same, word]) => [el(same ? "span" : tag, {}, word), " "])));
  const [left, right, errors] = align(asText(row.reference), asText(row.hypothesis));
  return [line(_("Reference"), left, "del"), line(name, right, "ins"), errors];
}

function showRows(name, content) {
  const stem = name.replace(/\.jsonl$/, ""), rows = new Map();
  let broken = 0, shownRows = 0;
  for (const line of content.split("\n").filter((one) => one.trim())) {
    try { const row = JSON.parse(line); rows.set(row.id.toString(), row); } catch (error) { broken += 1; }
  }
  files.set(stem, rows);
  for (const line of all("tr[data-row]").filter((one) => one.closest("table").dataset.predictions === stem && rows.has(one.dataset.row))) {
    const cell = line.querySelector(".happened");
    all(".row-text", cell).forEach((old) => old.remove());
    cell.append(...textLines(rows.get(line.dataset.row)).slice(0, 2));
    shownRows += 1;
  }
  return _("{file}: {n} rows, {shown} of them in tables of this page", {file: name, n: thousands(rows.size), shown: shownRows}) + (broken ? _("; {n} lines are invalid JSON", {n: broken}) : "") + ".";
}
async function scored(bytes) {
  const digest = crypto.subtle && hex(await sha256(bytes));
  return !digest ? "" : page.audit.measurements.some((one) => one.prediction?.sha256 === digest) ? _("It is a file that was scored.") : _("No value of this report comes from these bytes.");
}
function picker(id) {
  const status = el("p", {role: "status"});
  const input = el("input", {type: "file", accept: ".jsonl", multiple: true, id, change: async () => {
    const said = await Promise.all(Array.from(input.files, async (file) => {
      try {
        const bytes = await file.arrayBuffer();
        return `${showRows(file.name, new TextDecoder().decode(bytes))} ${await scored(bytes)}`;
      } catch (error) { return _("{file}: cannot be read.", {file: file.name}); }
    }));
    status.textContent = said.join(" ");
    listRows();
  }});
  return [el("label", {for: id}, _("Open TASK.jsonl, or several runs of a task. The files stay on this machine.") + " "), input, status];
}

// All rows of a file, in pages; a second run of the task beside the first.
const list = {at: 0, text: "", only: false, first: "", second: ""};
function openRows() {
  const box = byId("rows") || dialog("rows", _("Rows and alignments"), picker("rows-file"), el("div", {class: "list"}));
  box.showModal();
  listRows();
}
function listRows() {
  const box = document.querySelector("#rows .list"), names = Array.from(files.keys()), most = 25;
  if (!box || !names.length) { return; }
  if (!files.has(list.first)) { Object.assign(list, {first: names[0], second: names.find((one) => one !== names[0] && one.split("@")[0] === names[0].split("@")[0]) || ""}); }
  const second = files.get(list.second), wanted = list.text.toLowerCase(), beside = (row) => second ? second.get(String(row.id))?.hypothesis : row.reference;
  const rows = Array.from(files.get(list.first).values()).filter((row) => (!list.only || asText(beside(row)) !== asText(row.hypothesis)) && [row.id, asText(row.reference), asText(row.hypothesis)].join("\n").toLowerCase().includes(wanted));
  const again = (changes) => { Object.assign(list, {at: 0}, changes); listRows(); };
  const pick = (key, choices) => { const select = choice(choices.map((one) => [one, one || "\u2013"]), () => again({[key]: select.value})); select.value = list[key]; return select; };
  const search = el("input", {type: "search", value: list.text, change: () => again({text: search.value})}), turn = (text, at, can) => action(text, () => again({at}), {disabled: !can});
  box.replaceChildren(el("p", {class: "controls"}, labelled(_("File"), pick("first", names)), labelled(_("Beside"), pick("second", ["", ...names])), labelled(_("Search"), search),
    labelled(_("only outputs that differ"), el("input", {type: "checkbox", checked: list.only, change: () => again({only: !list.only})})), turn(_("Back"), list.at - most, list.at > 0), turn(_("On"), list.at + most, list.at + most < rows.length),
    el("output", {}, _("{from} to {to} of {n}", {from: Math.min(list.at + 1, rows.length), to: Math.min(list.at + most, rows.length), n: thousands(rows.length)}))),
  el("p", {class: "small"}, _("Words are aligned as they stand, ignoring case; a convention may count otherwise.")),
  ...rows.slice(list.at, list.at + most).map((row) => {
    const other = second?.get(String(row.id)), [reference, output, errors] = textLines(row, second ? list.first : undefined);
    return el("article", {id: anchor("row", list.first, row.id)}, el("h3", {}, el("bdi", {}, String(row.id)), " ", el("span", {class: "sub"}, _("words that differ: {n}", {n: errors}))), reference, output, other ? textLines(other, list.second)[1] : null);
  }));
}

function startRows() {
  const box = byId("row-texts");
  for (const row of all("tr[data-row]")) { row.cells[0].append(" ", el("a", {href: "#" + row.id, class: "at", "aria-label": _("Address of this row")}, "#")); }
  if (box && document.querySelector("tr[data-row]")) {
    box.append(...picker("row-texts-file"), action(_("All rows of the file"), openRows));
    box.hidden = false;
  }
}
