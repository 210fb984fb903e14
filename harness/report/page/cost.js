// Cost against score: the methods that no other beats in both are joined by the stair.
function costPoints() {
  const axis = at("cost-axis").value, metric = at("cost-metric").value;
  return methods
    .map((method, place) => ({ place, cost: method.cost && method.cost[axis], score: method.scores[metric] && method.scores[metric][0] }))
    .filter((point) => typeof point.cost === "number" && typeof point.score === "number");
}
function front(points) {
  const turn = lowerIsBetter(at("cost-metric").value) ? -1 : 1;
  let best = -Infinity;
  return [...points].sort((a, b) => a.cost - b.cost || turn * (b.score - a.score)).filter(({ score }) => turn * score > best && ((best = turn * score), true));
}
function drawCost(width) {
  const points = costPoints();
  if (!points.length) return h("p", { class: "quiet" }, "No run was audited.");
  const best = front(points), onFront = new Set(best.map((p) => p.place));
  const left = 44, right = width - (width > 560 ? 90 : 16), top = 14, height = Math.max(280, Math.min(420, width * 0.55)), bottom = height - 44;
  const costs = points.map((p) => p.cost), log = Math.min(...costs) > 0 && Math.max(...costs) / Math.min(...costs) > 8;
  const [low, high] = padded(points.map((p) => p.score), 0.06);
  const [from, to] = log ? [Math.min(...costs) * 0.8, Math.max(...costs) * 1.25] : padded(costs, 0.06);
  const x = scale(from, to, left, right, log), y = scale(low, high, bottom, top);
  const stair = best.map((p, i) => (i ? `H${x(p.cost)}V${y(p.score)}` : `M${x(p.cost)} ${y(p.score)}`)).join("") + `H${right}`;
  const named = points.filter((p) => pinned(p.place) || (onFront.has(p.place) && best.length <= 8));
  const placed = [];
  const free = (px, py, words) => {
    for (const dy of [-9, 16, -22, 29]) {
      const box = { x: px, y: py + dy, w: words.length * 6.4 };
      if (!placed.some((o) => Math.abs(o.y - box.y) < 13 && box.x < o.x + o.w && o.x < box.x + box.w)) { placed.push(box); return dy; }
    }
    return -9;
  };
  const label = (p) => {
    const words = cut(methods[p.place].label, 150), room = words.length * 6.4, px = Math.min(x(p.cost) + 6, width - room);
    return text(px, y(p.score) + free(px, y(p.score), words), words, { class: "halo", "font-weight": pinned(p.place) ? 600 : 400 });
  };
  const axis = data.costs.find(({ name }) => name === at("cost-axis").value).title;
  return svg(width, height, `${metricTitle(at("cost-metric").value)} against ${axis}. On the Pareto front: ${best.map((p) => methods[p.place].label).join(", ")}.`,
    ...leftAxis(y, ticks(low, high, 5), left, right),
    ...bottomAxis(x, log ? logTicks(from, to) : ticks(from, to, (right - left) / 90), top, bottom, `${axis}${log ? ", logarithmic" : ""}`, (left + right) / 2, compact),
    s("path", { d: stair, fill: "none", stroke: "var(--quiet)", "stroke-width": 1.4, "stroke-dasharray": "5 4" }),
    ...behindFirst(points, (p) => p.place).map((p) => s("g", {},
      title(`${methods[p.place].label}: ${digits(p.score)} at ${compact(p.cost)}`),
      s("circle", { cx: x(p.cost), cy: y(p.score), r: onFront.has(p.place) ? 6 : 4.5, fill: colour(p.place), stroke: onFront.has(p.place) ? "var(--ink)" : "var(--ground)", "stroke-width": 1.6 }))),
    ...named.map(label));
}
function costWords() {
  const best = front(costPoints()).map((p) => methods[p.place].label);
  const time = at("cost-axis").value === "training_seconds" ? " Times are of the machines that ran them, and of what else ran there: see the provenance." : "";
  at("cost-words").textContent = `Ringed and joined: the Pareto front, methods of which none is both cheaper and better (${named(best)}). It goes by means and knows no intervals.${time}`;
}
options(at("cost-axis"), data.costs.map(({ name, title: words }) => [name, words]));
options(at("cost-metric"), data.metrics.map(({ name, title: words }) => [name, words]));
if (data.metrics.length) {
  const costAgain = chart(at("cost-plot"), drawCost);
  for (const id of ["cost-axis", "cost-metric"]) at(id).addEventListener("change", () => { costWords(); costAgain(); });
  costWords();
} else absent("cost");
