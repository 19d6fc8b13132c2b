// Search, filter and sort claims and measurements.
const find = {show() {}, toggle() {}};
function startFind() {
  const {audit} = page;
  const entries = audit.claims.map((claim) => {
    const article = claimPlace(claim), verdict = page.verdicts.get(claim.id)?.verdict || "not-run";
    return {claim, article, verdict, badge: flat(article.querySelector(".badge")), line: lineOf(article), text: `${claim.id} ${claim.dataset} ${flat(article.querySelector("h3"))}`.toLowerCase(), rows: []};
  });
  const ofClaim = new Map(entries.map((entry) => [entry.claim.id, entry.rows]));
  for (const [id, one] of page.placed) {
    const row = byId(id), convention = conventionOf(one);
    if (row) { ofClaim.get(one.claim).push({row, origin: one.origin, agreement: one.agreement.kind, label: row.cells[7].querySelector(".bad") ? one.agreement.kind : flat(row.cells[7]), grade: convention?.grade || "", works: convention?.works || [], text: row.textContent.toLowerCase()}); }
  }
  const rows = entries.flatMap((entry) => entry.rows), status = el("output", {}), search = el("input", {type: "search", input: apply});
  const pairs = (values) => Array.from(new Map(values.filter(([value]) => value))).sort((a, b) => a[1] < b[1] ? -1 : 1);
  const fields = Object.fromEntries(Object.entries({
    verdict: [_("Verdict"), entries.map((entry) => [entry.verdict, entry.badge])], origin: [_("Origin"), rows.map(({origin, row}) => [origin, row.cells[2].firstChild.textContent])], grade: [_("Grade"), rows.map(({grade}) => [grade, grade])],
    agreement: [_("Agreement"), rows.map((row) => [row.agreement, row.label])], work: [_("Work"), rows.flatMap((row) => row.works.map((id) => [id, page.works.get(id)?.name || page.works.get(id)?.title || id]))],
  }).map(([key, [label, values]]) => [key, [label, choice([["", _("all")], ...pairs(values)], apply)]]));
  const box = el("form", {id: "find", role: "search", class: "controls", hidden: true, submit: (event) => event.preventDefault()}, labelled(_("Search"), search),
    Object.values(fields).map(([label, select]) => labelled(label, select)), action(_("Reset"), reset), status);
  const button = action(_("Find"), () => find.toggle(), {class: "open", "aria-expanded": "false", "aria-controls": "find"});
  document.querySelector(".chapters").append(button, box);

  function apply() {
    const [verdict, origin, grade, agreement, work] = Object.values(fields).map(([, select]) => select.value), wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let claims = 0, found = 0;
    for (const entry of entries) {
      const left = wanted.filter((word) => !entry.text.includes(word)), here = !verdict || entry.verdict === verdict;
      let kept = 0;
      for (const one of entry.rows) {
        const keep = here && (!origin || one.origin === origin) && (!grade || one.grade === grade) && (!agreement || one.agreement === agreement) && (!work || one.works.includes(work)) && left.every((word) => one.text.includes(word));
        if (one.row.hidden === keep) { one.row.hidden = !keep; }
        kept += keep;
      }
      const keep = here && (kept > 0 || !(origin || grade || agreement || work || left.length));
      [entry.article, entry.line].forEach((node) => { if (node) { node.hidden = !keep; } });
      claims += keep;
      found += kept;
    }
    all("tr.detail").forEach((row) => { row.hidden = row.previousElementSibling.hidden; });
    const numbers = {n: claims, all: entries.length, found: thousands(found), total: thousands(rows.length)};
    status.textContent = _("{n} of {all} claims, {found} of {total} measurements", numbers);
    button.textContent = claims < entries.length || found < rows.length ? _("Find ({found} of {total})", numbers) : _("Find");
  }
  function reset() { box.reset(); apply(); }
  find.toggle = (open = box.hidden) => {
    box.hidden = !open;
    button.setAttribute("aria-expanded", open);
    if (open) { search.focus(); search.select(); }
  };
  // For links to what is hidden.
  find.show = (node) => { if (node.closest("[hidden]")) { reset(); } };
  all("table.measurements, table.summary").forEach((table) => sortable(table, Array.from(table.tHead.rows[0].cells, (head, n) => head.classList.contains("n") ? numberKey(n) : textKey(n))));
  apply();
}
