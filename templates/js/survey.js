// Filter and sort the matrix of works.
function startSurvey() {
  const table = byId("matrix"), box = byId("survey-controls");
  if (!table || !box) { return; }
  const rows = Array.from(table.tBodies[0].rows), heads = Array.from(table.tHead.rows[0].cells), status = el("output", {}), search = el("input", {type: "search", input: apply});
  const tests = [(row) => flat(row.cells[0]).toLowerCase().includes(search.value.trim().toLowerCase())];
  function apply() {
    rows.forEach((row) => { row.hidden = !tests.every((test) => test(row)); });
    status.textContent = _("{n} of {all} works", {n: rows.filter((row) => !row.hidden).length, all: rows.length});
  }
  function filter(label, choices, test) {
    const select = choice([["", _("all")], ...choices], apply);
    tests.push((row) => !select.value || test(row, select.value));
    box.append(labelled(label, select));
  }
  box.append(labelled(_("Name"), search));
  heads.forEach((head, n) => head.hasAttribute("data-filter") && filter(flat(head), distinct(rows.map((row) => flat(row.cells[n]))).sort().map((one) => [one, one]), (row, value) => flat(row.cells[n]) === value));
  filter(_("Task"), heads.flatMap((head, n) => head.classList.contains("t") ? [[n, head.firstElementChild.title]] : []), (row, n) => flat(row.cells[n]));
  box.append(status);
  box.hidden = false;
  sortable(table, heads.map((head, n) => ({number: numberKey, text: textKey})[head.dataset.sort]?.(n)));
  apply();
}
