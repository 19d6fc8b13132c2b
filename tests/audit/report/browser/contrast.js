() => {
  const channel = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); };
  const rgb = (text) => text.match(/[\d.]+/g).map(Number);
  const light = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const poor = {};
  document.querySelectorAll("body *:not(script)").forEach((e) => {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || e.closest("svg, .vh, .skip, dialog:not([open])")) { return; }
    let back = rgb(getComputedStyle(document.documentElement).backgroundColor);
    for (let p = e; p; p = p.parentElement) {
      const c = rgb(getComputedStyle(p).backgroundColor);
      if (c.length === 3 || c[3] > 0.9) { back = c; break; }
    }
    const a = light(rgb(getComputedStyle(e).color)), b = light(back);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) { poor[e.tagName + "." + e.className] = ratio; }
  });
  return poor;
}
