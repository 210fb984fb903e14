// The board's charts at their places, and what the reader chooses of them.
const charted = data.charts;

// Each method minus another, seed by seed, drawn as the scores are.
function interval(points) {
  const n = points.length, mean = points.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, low: null, high: null };
  const spread = Math.sqrt(points.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  const half = (data.quantiles[n - 2] * spread) / Math.sqrt(n);
  return { mean, low: mean - half, high: mean + half };
}
function against(chart, reference, metric) {
  const rows = rowsOf(chart), other = rows.find((row) => row.method === reference);
  const of = (row, seed) => row.score[row.seed.indexOf(seed)];
  const found = rows.filter((row) => other && row !== other).map((row) => {
    const seed = row.seed.filter((one) => other.seed.includes(one)), score = seed.map((one) => of(row, one) - of(other, one));
    return { method: row.method, ...interval(score), seed, score };
  }).filter((row) => row.seed.length).sort((a, b) => (metric.lower ? a.mean - b.mean : b.mean - a.mean));
  return {
    ...chart,
    columns: Object.fromEntries(["method", "mean", "low", "high", "seed", "score"].map((name) => [name, found.map((row) => row[name])])),
    x: { ...chart.x, title: `${chart.x.title} minus that of ${methods[reference].label}`, line: 0 },
    words: `Each replicate minus the replicate of ${methods[reference].label} with the same seed, which had the same initial weights and, within a batch composition, the same batches. 95 % t-intervals of the mean difference, not corrected for looking at many.`,
  };
}
const metricsOf = () => data.metrics.map(({ name, title: words }) => [name, words]);
options(at("forest-metric"), metricsOf());
options(at("cost-metric"), metricsOf());
options(at("forest-against"), methods.map(({ label }, place) => [String(place), `difference from ${label}`]));
options(at("cost-axis"), data.costs.map(({ name, title: words }) => [name, words]));

const CHOSEN = {
  forest: () => {
    const metric = at("forest-metric").value, other = at("forest-against").value, chart = charted.forest[metric];
    return chart && other !== "" ? against(chart, +other, data.metrics.find(({ name }) => name === metric)) : chart;
  },
  ranks: () => charted.ranks,
  learning: () => charted.learning,
  search: () => charted.search,
  cost: () => charted.cost[`${at("cost-metric").value} ${at("cost-axis").value}`],
};
for (const [name, choose] of Object.entries(CHOSEN)) {
  if (choose()?.columns.method.length) show(name, choose);
  else absent(name);
}
for (const [name, ids] of [["forest", ["forest-metric", "forest-against"]], ["cost", ["cost-axis", "cost-metric"]]])
  for (const id of ids) at(id).addEventListener("change", () => { views.delete(name); if (shown.has(name)) again(name); });
