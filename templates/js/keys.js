// Keys, which can be switched off, and rest in fields and dialogs.
function startKeys() {
  const on = byId("keys-on"), help = byId("help"), chapters = document.querySelector(".chapters");
  chapters.querySelector(".open").after(action("?", () => help.showModal(), {class: "open", "aria-label": _("Keys")}));
  help.querySelector("button").addEventListener("click", () => help.close());
  function step(by) {
    const claims = all("article.claim:not([hidden])"), bar = chapters.getBoundingClientRect().bottom, tops = claims.map((one) => Math.round(one.getBoundingClientRect().top - bar));
    const next = by > 0 ? tops.findIndex((top) => top > 24) : tops.filter((top) => top < -8).length - 1, head = claims[next]?.querySelector("h3");
    if (!head) { return; }
    claims[next].scrollIntoView();
    head.tabIndex = -1;
    head.focus({preventScroll: true});
  }
  const actions = {"/": () => find.toggle(true), j: () => step(1), k: () => step(-1), "?": () => help.showModal()};
  document.addEventListener("keydown", (event) => {
    const inside = event.target.closest?.("input, select, textarea, dialog");
    if (event.key === "Escape" && !inside?.matches("dialog, dialog *")) { find.toggle(false); }
    if (on.checked && !inside && !event.ctrlKey && !event.metaKey && !event.altKey && actions[event.key]) {
      event.preventDefault();
      actions[event.key]();
    }
  });
}
