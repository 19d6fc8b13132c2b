// Sorting, filters and downloads, for every table.
// Headings with a key become buttons that sort by it; null comes last.
function sortable(table, keys) {
  const body = table.tBodies[0], heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, index) => keys[index] && head.replaceChildren(el("button", {type: "button", class: "sort", click: () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    all("tr.detail", body).forEach((row) => row.remove());
    const known = Array.from(body.rows, (row) => [keys[index](row), row]);
    known.sort(([a], [b]) => a === b ? 0 : a === null ? 1 : b === null ? -1 : (a < b) === up ? -1 : 1);
    body.append(...known.map(([, row]) => row));
  }}, ...head.childNodes)));
}
const textKey = (n) => (row) => flat(row.cells[n]).toLowerCase();
const numberKey = (n) => (row) => { const found = parseFloat(flat(row.cells[n]).replace("\u2212", "-").replace(/,/g, "")); return Number.isNaN(found) ? null : found; };

const labelled = (label, field) => el("label", {}, label + " ", field);
const choice = (choices, change) => el("select", {change}, choices.map(([value, text]) => el("option", {value}, text)));

// As audit._util.csv_cells: a formula begins with an apostrophe.
function csvCell(text) {
  const plain = text.replace(/\u2212(?=\d)/g, "-"), number = /^[-+]?\d+(\.\d+)?$/.test(plain);
  const safe = number ? plain : /^(?:[\s\u00ad\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/.test(plain) ? "'" + text : text;
  return /[",\r\n]/.test(safe) ? '"' + safe.split('"').join('""') + '"' : safe;
}
const cellText = (cell) => Array.from(cell.childNodes, (node) => (node.matches?.(".sub, i, p") ? "; " : "") + node.textContent).join("").replace(/\s+/g, " ").replace(/^[; ]+| $/g, "");
const csvOf = (table) => Array.from(table.rows).filter((row) => !row.hidden && row.className !== "detail").map((row) => Array.from(row.cells, (cell) => csvCell(cellText(cell))).join(",") + "\n").join("");
const svgOf = (drawing) => '<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(drawing) + "\n";

function saver(kind, type, name, text) {
  const click = () => {
    const href = URL.createObjectURL(new Blob([text()], {type})), download = (name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 80) || "report") + "." + kind;
    el("a", {href, download}).click();
    setTimeout(() => URL.revokeObjectURL(href), 1000);
  };
  return el("p", {class: "saves"}, action(kind.toUpperCase(), click, {"aria-label": _("Save as {kind}: {name}", {kind: kind.toUpperCase(), name})}));
}
function startSave() {
  const heading = (node) => flat(node.closest("article, section")?.querySelector("h2, h3, h4") || document.querySelector("h1"));
  for (const table of all("main table")) {
    (table.closest(".scroll") || table).after(saver("csv", "text/csv", table.caption ? flat(table.caption) : heading(table), () => csvOf(table)));
  }
  for (const figure of all("main figure")) {
    figure.append(saver("svg", "image/svg+xml", heading(figure), () => svgOf(all("svg", figure).find((svg) => svg.getClientRects().length))));
  }
}
