// A value from sums, as audit.analysis.folds: exact, but for formulas with logarithms or powers.
function folded({fold, counts, total, rows: {scored}}) {
  if (fold.kind === "ratio") {
    const of = (names) => whole(names.reduce((found, name) => found + counts[name], 0));
    const top = fold.numerator.length ? of(fold.numerator) : exactly(total), bottom = fold.denominator.length ? of(fold.denominator) : whole(scored);
    return bottom[0] ? over(times(top, whole(fold.scale)), times(bottom, whole(fold.parts))) : null;
  }
  if (!scored) { return null; }
  if (fold.kind === "ter") {
    const length = exactly(total || "0");
    return length[0] ? over(times(whole(counts.edits), whole(fold.scale)), length) : whole(counts.edits ? fold.scale : 0);
  }
  const formula = {bleu, chrf, meteor}[fold.kind];
  return formula ? exactly(String(formula(counts, fold))) : ofClasses(fold, counts);
}

function bleu(counts, fold) {
  const of = (name) => [1, 2, 3, 4].map((n) => counts[name + n]), correct = of("correct_"), totals = of("total_");
  if (!correct.some(Boolean) || !totals.every(Boolean)) { return 0; }
  let missing = 0;
  const logs = correct.map((credit, n) => Math.log(100 * (credit || (fold.option === "exp" ? 2 ** -(missing += 1) : 0)) / totals[n]));
  const length = counts.hypothesis_length, reference = counts.reference_length;
  return (length < reference ? Math.exp(1 - reference / length) : 1) * Math.exp((logs[0] + logs[1] + logs[2] + logs[3]) / 4);
}

function chrf(counts) {
  const names = Object.keys(counts).filter((name) => name.startsWith("hypothesis_")).map((name) => name.slice(11)).filter((name) => counts["hypothesis_" + name] && counts["reference_" + name]);
  const [p, r] = ["hypothesis_", "reference_"].map((side) => names.reduce((found, name) => found + counts["matched_" + name] / counts[side + name], 0) / (names.length || 1));
  return 4 * p + r > 0 ? 100 * 5 * p * r / (4 * p + r) : 0;
}

function meteor(counts, fold) {
  const [precision, recall] = ["hypothesis_", "reference_"].map((side) => {
    const of = (name) => 0.75 * counts[side + name + "content"] + 0.25 * counts[side + name + "function"], words = counts[side + "function_words"];
    return (of("exact_") + 0.6 * of("stem_") + 0.8 * of("synonym_") + 0.6 * of("paraphrase_")) / (0.75 * (counts[side + "length"] - words) + 0.25 * words);
  });
  const pieces = 2 * counts.chunks / (counts.hypothesis_matches + counts.reference_matches);
  const score = (1 - 0.6 * pieces ** 0.2) / (0.15 / precision + 0.85 / recall);
  return Number.isFinite(score) ? Math.max(score, 0) * fold.scale : 0;
}

function ofClasses({kind, option}, counts) {
  const labels = Object.keys(counts).filter((name) => name.startsWith("hit:")).map((name) => name.slice(4));
  const classes = labels.map((label) => ["hit:", "gold:", "answered:"].map((part) => counts[part + label])), share = (a, b) => b ? ratio(big(a), big(b)) : ZERO;
  const f1 = classes.map(([hit, gold, answered]) => share(2 * hit, gold + answered)), present = classes.filter((one) => one[1]);
  if (kind === "uar") { return over(sum(present.map(([hit, gold]) => share(hit, gold))), whole(present.length)); }
  if (kind === "weighted-f1") { return over(sum(f1.map((one, n) => times(one, whole(classes[n][1])))), sum(classes.map((one) => whole(one[1])))); }
  return over(sum(f1), whole(option === "labels" ? labels.length : classes.filter((one) => one[1] + one[2]).length + (counts.unread ? 1 : 0)));
}
