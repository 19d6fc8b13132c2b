// The numbers of a verdict, as audit.verdict and tasks.statistics compute them.
const WHOLE = {percent: 100, fraction: 1, "of-5": 5, count: null};
const factor = (claim, scale) => claim && WHOLE[claim.unit] ? ratio(big(WHOLE[claim.unit]), big(scale)) : whole(1);

// The value in the claim's unit, as exact as this document allows; null where it has only the rounded one.
const exactValues = new Map();
function exactValue(one) {
  if (!exactValues.has(one.id)) {
    exactValues.set(one.id, null);  // a mean of itself would never end
    exactValues.set(one.id, one.value === null ? null : findExact(one));
  }
  return exactValues.get(one.id);
}
function findExact(one) {
  if (one.parts.length) {
    const parts = one.parts.map((id) => page.measurements.get(id)).map((part) => part && exactValue(part));
    return parts.every(Boolean) ? over(sum(parts), whole(parts.length)) : null;
  }
  if (one.origin === "recorded" || (one.fold && !one.fold.exact)) { return exactly(one.value); }
  const value = one.fold && one.counts && folded(one);
  return value && times(value, factor(page.claims.get(one.claim), one.fold.scale));
}

// What the sums give in the claim's unit, and whether it is the stored value; null without sums.
function recomputed(one) {
  if (one.origin === "recorded" || one.value === null) { return null; }
  if (one.parts.length) {
    const value = exactValue(one);
    return value && {value, same: equal(stored(value), exactly(one.value))};
  }
  if (!one.fold || !one.counts) { return null; }
  const raw = folded(one), unit = factor(page.claims.get(one.claim), one.fold.scale), value = raw && times(raw, unit), given = exactly(one.value);
  // Half a sixth decimal, and a float's noise.
  const near = () => order(abs(minus(value, given)), times([big(501), tenTo(9)], unit)) <= 0;
  return {value, same: value !== null && (one.fold.exact ? equal(times(stored(raw), unit), given) : near())};
}

function rounding(printed) {
  const half = ratio(big(5), tenTo(decimalsOf(printed) + 1));
  return [minus(exactly(printed), half), add(exactly(printed), half)];
}
function prints(value, printed) {
  const [low, high] = rounding(printed);
  return order(low, value) <= 0 && order(value, high) <= 0 && (value[0] >= 0 || exactly(printed)[0] !== big(0));
}
function agreement(held, value) {
  const scale = [tenTo(decimalsOf(held.printed)), big(1)], scaled = times(value, scale);
  if (prints(value, held.printed) || equal(over([scaled[0] / scaled[1], big(1)], scale), exactly(held.printed))) { return "exact"; }
  const [low, high] = rounding(held.printed);
  if (order(value, add(high, held.margin)) > 0) { return held.above; }
  return order(value, minus(low, held.margin)) < 0 ? held.below : "within-margin";
}
function bounded(held, low, high) {
  const [bottom, top] = rounding(held.printed), under = minus(bottom, held.margin), beyond = add(top, held.margin);
  const step = ratio(big(1), tenTo(decimalsOf(held.printed))), printed = exactly(held.printed);
  const left = printed[0] <= 0 ? minus(printed, step) : printed, right = printed[0] >= 0 ? add(printed, step) : printed;
  if (low && order(low, beyond) > 0 && order(low, right) >= 0) { return held.above; }
  if (high && order(high, under) < 0 && order(high, left) <= 0) { return held.below; }
  const inside = low && high && (order(under, low) <= 0 || order(left, low) < 0) && (order(high, beyond) <= 0 || order(high, right) < 0);
  return inside ? "within-margin" : "undecided";
}
function target(claim) {
  const margin = page.audit.study.margins[claim.metric], [above, below] = claim.direction === "higher" ? ["better", "worse"] : ["worse", "better"];
  return margin && {printed: claim.value, margin: exactly(margin.value), above, below};
}

// Worst-case bounds on the value of the whole set.
function reach(claim, value, scored, unscored) {
  const top = WHOLE[claim.unit], {metric} = claim;
  if (!unscored) { return [value, value]; }
  if (["wer", "per", "cer", "ter"].includes(metric) || top === null) { return [ZERO, null]; }
  if (metric === "rouge-l" || (["accuracy", "following-rate", "abstention-rate"].includes(metric) && claim.family !== "keyphrases")) {
    const share = (n) => ratio(big(n), big(scored + unscored)), low = times(value, share(scored));
    return [low, add(low, share(top * unscored))];
  }
  return [ZERO, whole(top)];
}

// The agreement on the whole set; this document does not say whether a selection is documented.
function onWholeSet(claim, held, one, value, documented) {
  const {rows} = one, missing = rows.missing + rows.error, dropped = documented ? 0 : rows.skipped.reduce((found, rule) => found + rule.rows, 0);
  const own = dropped ? bounded(held, ...reach(claim, value, rows.scored, missing)) : null, kept = one.without_dropping !== null && dropped;
  if (own === "worse") { return own; }
  const used = kept ? exactly(one.without_dropping) : value, unscored = missing + (kept ? 0 : dropped);
  if (!unscored) { return agreement(held, used); }
  const found = bounded(held, ...reach(claim, used, rows.scored + (kept ? dropped : 0), unscored));
  return found === "better" && own === "undecided" ? own : found;
}

// Look-elsewhere odds over the values of the usable measurements; null where one of them is known only rounded.
function oddsOf(claim, held) {
  const usable = page.audit.measurements.filter((one) => one.claim === claim.id && !one.invalid.length && one.value !== null), values = usable.map(exactValue);
  if (!values.length || !values.every(Boolean)) { return null; }
  const scale = [tenTo(decimalsOf(claim.value)), big(1)], half = [big(1), big(2)];
  const cells = (low, high) => [ceiling(minus(times(low, scale), half)), floor(add(times(high, scale), half))];
  const sorted = values.sort(order).filter((value, n, list) => !n || !equal(value, list[n - 1])), low = sorted[0], high = sorted[sorted.length - 1];
  const spans = sorted.map((value) => cells(minus(value, held.margin), add(value, held.margin)));
  let covered = ZERO, reached = null;
  for (const [start, last] of spans) {
    const first = reached === null || start > reached ? start : reached + big(1);
    if (last < first) { continue; }
    reached = last;
    const end = over(add(whole(last), half), scale), begin = over(minus(whole(first), half), scale);
    const width = minus(order(end, high) < 0 ? end : high, order(begin, low) > 0 ? begin : low);
    covered = width[0] > 0 ? add(covered, width) : covered;
  }
  // Spans ascend: how many of the first hold.
  function leading(holds) {
    let from = 0, to = spans.length;
    while (from < to) { const n = (from + to) >> 1; if (holds(spans[n])) { from = n + 1; } else { to = n; } }
    return from;
  }
  const met = ([first, last]) => leading((span) => span[0] <= last) - leading((span) => span[1] < first) > 1;
  const percent = (share) => rounded(ratio(ceiling(times(share, whole(100))), big(100)), 2);
  const several = sorted.length > 1;
  return {tried: values.length, distinct: sorted.length, low: stored(low), high: stored(high), chance: several ? percent(over(covered, minus(high, low))) : null,
    crowded: several ? percent(ratio(big(sorted.filter((value) => met(cells(value, value))).length), big(sorted.length))) : null};
}
