// Exact numbers: [numerator, denominator] as BigInt, in lowest terms.
const big = BigInt, ZERO = [big(0), big(1)];
function ratio(top, bottom) {
  let a = top < 0 ? -top : top, b = bottom < 0 ? -bottom : bottom;
  while (b) { [a, b] = [b, a % b]; }
  const shared = (a || big(1)) * (bottom < 0 ? -big(1) : big(1));
  return [top / shared, bottom / shared];
}
const add = (a, b) => ratio(a[0] * b[1] + b[0] * a[1], a[1] * b[1]);
const minus = (a, b) => ratio(a[0] * b[1] - b[0] * a[1], a[1] * b[1]);
const times = (a, b) => ratio(a[0] * b[0], a[1] * b[1]);
const over = (a, b) => ratio(a[0] * b[1], a[1] * b[0]);
const order = (a, b) => { const d = a[0] * b[1] - b[0] * a[1]; return d < 0 ? -1 : d > 0 ? 1 : 0; };
const equal = (a, b) => a[0] === b[0] && a[1] === b[1];
const abs = (a) => a[0] < 0 ? [-a[0], a[1]] : a;
const whole = (n) => [big(n), big(1)];
const tenTo = (n) => big(10) ** big(n);
const sum = (values) => values.reduce(add, ZERO);
const floor = (a) => a[0] / a[1] - (a[0] % a[1] < 0 ? big(1) : big(0));
const ceiling = (a) => -floor([-a[0], a[1]]);

// A decimal string or a fraction "a/b"; null if it is neither.
function exactly(text) {
  const [, sign, digits, decimals = "", power = "0", bottom] = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?(?:\/(\d+))?$/.exec(text) || [];
  if (digits === undefined) { return null; }
  const top = big((sign === "-" ? sign : "") + digits + decimals), shift = power - decimals.length;
  return ratio(top * tenTo(Math.max(shift, 0)), tenTo(Math.max(-shift, 0)) * big(bottom || 1));
}
const decimalsOf = (text) => (text.split(".")[1] || "").length;

// With a number of decimals; a tie goes to the even neighbour or, as where the page rounds, away from zero.
function rounded(a, places, away) {
  const scaled = times(a, [tenTo(places), big(1)]), low = floor(scaled), side = order(minus(scaled, [low, big(1)]), [big(1), big(2)]);
  const digits = low + (side > 0 || (side === 0 && (away ? low >= 0 : low % big(2))) ? big(1) : big(0));
  const text = String(digits < 0 ? -digits : digits).padStart(places + 1, "0");
  return (digits < 0 ? "-" : "") + (places ? text.slice(0, -places) + "." + text.slice(-places) : text);
}
const short = (a) => rounded(a, 6).replace(/\.?0+$/, "");

// As tasks.statistics.bootstrap.stored: six decimals, or more where six would end on a tie that the value is not.
function stored(a) {
  for (let places = 6; places <= 12; places += 1) {
    const text = rounded(a, places);
    if (!text.replace(/0+$/, "").endsWith("5") || equal(exactly(text), a)) { return exactly(text); }
  }
  return exactly(rounded(a, 6));
}

// As audit.report.numbers.shown: at most so many decimals, and a true minus sign.
function shown(text, digits) {
  if (!/^[+-]?\d+(\.\d+)?$/.test(text)) { return text || ""; }
  const sign = text[0] === "+" || text[0] === "-" ? text[0] : "";
  return ((decimalsOf(text) > digits ? sign + rounded(abs(exactly(text)), digits, true) : text)).replace("-", "\u2212");
}
