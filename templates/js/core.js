// What the modules share; without them the page is complete, too.
const page = {};
const words = JSON.parse(document.getElementById("words")?.textContent || "{}");
// A sentence in the page's language; {names} are replaced.
const _ = (sentence, values = {}) => (words[sentence] || sentence).replace(/\{(\w+)\}/g, (whole, name) => name in values ? values[name] : whole);

// As audit._util.html_templates.printable: hidden characters are named.
const seen = (text) => typeof text === "string" ? text.replace(/(?![\u200c\u200d])\p{Cf}|[\u{e0100}-\u{e01ef}]/gu, (c) => `[U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`) : text;
// An element with attributes and children. Texts never become markup.
function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") { made.addEventListener(name, value); }
    else if (value !== false && value !== null && value !== undefined) { made.setAttribute(name, value === true ? "" : value); }
  }
  made.append(...children.flat(2).filter((child) => (child ?? null) !== null).map(seen));
  return made;
}
const action = (text, click, more) => el("button", {type: "button", click, ...more}, text);

const byId = (id) => document.getElementById(id);
const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
const flat = (node) => node.textContent.replace(/\s+/g, " ").trim();
const thousands = (number) => String(number).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const distinct = (values) => Array.from(new Set(values));

// As audit.report.views.anchor: the id of what has these names.
const anchor = (...parts) => Array.from(parts.join("-"), (c) => /[A-Za-z0-9.-]/.test(c) ? c : "_" + c.codePointAt(0).toString(16)).join("");
const place = (measurement) => anchor("m", ...measurement.id.split("/"));
const claimPlace = (claim) => byId(anchor("claim", claim.id));
const lineOf = (article) => document.querySelector(`#summary tbody a[href="#${article.id}"]`)?.closest("tr");

function dialog(id, title, ...content) {
  const box = el("dialog", {id, class: "tool", "aria-labelledby": id + "-title"}, action("\u00d7", () => box.close(), {class: "close", "aria-label": _("Close")}), el("h2", {id: id + "-title"}, title), content);
  document.body.append(box);
  return box;
}
