// Every method's mean, interval and replicates; or its differences from another, seed by seed.
const metricTitle = (name) => data.metrics.find((metric) => metric.name === name).title;

const lowerIsBetter = (name) => data.metrics.find((metric) => metric.name === name).lower;

function paired(method, reference, metric) {
  const other = methods[reference].replicates[metric] || {};
  const own = methods[method].replicates[metric] || {};
  const points = Object.keys(own).filter((seed) => seed in other).map((seed) => own[seed] - other[seed]);
  return points.length ? { method, points, ...interval(points) } : null;
}
function interval(points) {
  const n = points.length, mean = points.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, low: null, high: null };
  const spread = Math.sqrt(points.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  const half = (data.quantiles[n - 2] * spread) / Math.sqrt(n);
  return { mean, low: mean - half, high: mean + half };
}
function scored(method, metric) {
  const found = methods[method].scores[metric];
  if (!found) return null;
  const [mean, low, high] = found;
  return { method, mean, low, high, points: Object.values(methods[method].replicates[metric] || {}) };
}
function forestRows() {
  const metric = at("forest-metric").value, against = at("forest-against").value;
  const entries = methods.map((_, place) => (against === "" ? scored(place, metric) : paired(place, +against, metric)));
  return entries.filter((entry) => entry && String(entry.method) !== against).sort((a, b) => (lowerIsBetter(metric) ? a.mean - b.mean : b.mean - a.mean));
}
function drawForest(width) {
  const every = forestRows(), against = at("forest-against").value, entries = folded("forest", every, (entry) => entry.method);
  if (!every.length) return h("p", { class: "quiet" }, "No complete replicate to draw.");
  const labels = Math.min(190, width * 0.34), right = width - 12, top = 6, step = 24;
  const bottom = top + entries.length * step;
  const values = entries.flatMap((e) => [e.low ?? e.mean, e.high ?? e.mean, ...e.points]).concat(against === "" ? [] : [0]);
  const [low, high] = padded(values, 0.03);
  const x = scale(low, high, labels + 10, right);
  const mark = ({ method, mean, low: from, high: to, points }, place) => {
    const y = top + (place + 0.5) * step, paint = colour(method);
    const words = from === null ? digits(mean) : `${digits(mean)} [${digits(from)}, ${digits(to)}]`;
    return s("g", {},
      title(`${methods[method].label}: ${words}, ${points.length} replicates`),
      s("rect", { x: 0, y: y - step / 2, width, height: step, fill: "transparent" }),
      text(labels, y + 4, cut(methods[method].label, labels), { "text-anchor": "end", "font-weight": pinned(method) ? 600 : 400 }),
      ...points.map((value) => s("circle", { cx: x(value), cy: y, r: 2.6, fill: paint, "fill-opacity": 0.4 })),
      from === null ? "" : line(x(from), y, x(to), y, { stroke: paint, "stroke-width": 2.5, "stroke-linecap": "round" }),
      s("circle", { cx: x(mean), cy: y, r: 4.5, fill: paint, stroke: "var(--ground)", "stroke-width": 1.2 }));
  };
  const words = `${metricTitle(at("forest-metric").value)}${lowerIsBetter(at("forest-metric").value) ? " (lower is better)" : ""}${against === "" ? "" : ` minus that of ${methods[+against].label}`}`;
  return svg(width, bottom + 40, `${words} of ${every.length} methods, best first${entries.length < every.length ? `, ${entries.length} of them drawn` : ""}. Best: ${methods[entries[0].method].label} with ${digits(entries[0].mean)}.`,
    ...bottomAxis(x, ticks(low, high, (right - labels) / 56), top, bottom, words, (labels + right) / 2),
    against === "" ? "" : line(x(0), top, x(0), bottom, { class: "zero" }),
    ...entries.map(mark));
}
function forestWords() {
  const against = at("forest-against").value;
  at("forest-words").textContent = against === ""
    ? "Large dot and line: mean and 95 % t-interval over replicates. Small dots: the replicates. The interval is of the noise of training on this data and split, not of other data."
    : `Each replicate minus the replicate of ${methods[+against].label} with the same seed, which had the same initial weights and, within a batch composition, the same batches. 95 % t-intervals of the mean difference, not corrected for looking at many.`;
}
options(at("forest-metric"), data.metrics.map(({ name, title: words }) => [name, words]));
options(at("forest-against"), methods.map(({ label }, place) => [String(place), `difference from ${label}`]));
const forestAgain = data.metrics.length ? chart(at("forest-plot"), drawForest) : () => {};
foldable("forest", () => forestAgain());
for (const id of ["forest-metric", "forest-against"]) at(id).addEventListener("change", () => { forestWords(); forestAgain(); });
forestWords();
