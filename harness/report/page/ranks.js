// The critical-difference diagram, upright so that sixty names fit a phone.
function lanes(cliques) {
  const ends = [];
  return cliques.map(([first, last]) => {
    let lane = ends.findIndex((end) => end < first);
    if (lane < 0) lane = ends.push(-1) - 1;
    ends[lane] = last;
    return { first, last, lane };
  });
}
function drawRanks(width) {
  const { order, ranks, intervals, difference, cliques } = data.ranking;
  const bars = lanes(cliques), count = bars.reduce((most, bar) => Math.max(most, bar.lane + 1), 0);
  const labels = Math.min(190, width * 0.34), step = 22, top = difference === null ? 8 : 36;
  const gutter = Math.min(9, 90 / Math.max(1, count)), left = labels + 14 + count * gutter, right = width - 44;
  const bottom = top + order.length * step;
  const high = Math.max(order.length, difference === null ? 0 : 1 + difference);
  const x = scale(1, high, left, right);
  const y = (place) => top + (place + 0.5) * step;
  const measure = difference === null ? [] : [
    line(x(1), 22, x(1 + difference), 22, { stroke: "var(--ink)", "stroke-width": 2 }),
    line(x(1), 17, x(1), 27, { stroke: "var(--ink)" }), line(x(1 + difference), 17, x(1 + difference), 27, { stroke: "var(--ink)" }),
    text(x(1), 12, `critical difference ${digits(difference, 2)}`, { class: "tick" }),
  ];
  return svg(width, bottom + 40, `Average ranks of ${order.length} methods, best first: ${order.slice(0, 3).map((m, i) => `${methods[m].label} ${digits(ranks[i], 2)}`).join(", ")}.`,
    ...bottomAxis(x, ticks(1, high, (right - left) / 36).filter(Number.isInteger), top, bottom, "average rank (1 is best)", (left + right) / 2),
    ...measure,
    ...bars.map(({ first, last, lane }) => line(labels + 12 + lane * gutter, y(first) - 6, labels + 12 + lane * gutter, y(last) + 6, { stroke: "var(--quiet)", "stroke-width": 3.5, "stroke-linecap": "round" })),
    ...order.map((method, place) => s("g", {},
      title(`${methods[method].label}: ${digits(ranks[place], 2)}${intervals.length ? `, rank ${intervals[place].join(" to ")}` : ""}`),
      text(labels, y(place) + 4, cut(methods[method].label, labels), { "text-anchor": "end", "font-weight": pinned(method) ? 600 : 400 }),
      intervals.length ? line(x(intervals[place][0]), y(place), x(intervals[place][1]), y(place), { stroke: colour(method), "stroke-opacity": 0.35, "stroke-width": 6, "stroke-linecap": "round" }) : "",
      s("circle", { cx: x(ranks[place]), cy: y(place), r: 5, fill: colour(method) }),
      text(width - 34, y(place) + 4, digits(ranks[place], 2), { class: "tick" }))));
}
function ranksWords() {
  const { order, seeds, difference, left } = data.ranking;
  const over = `Ranks by MAP@R within each of ${seeds.length} replicates (seeds), averaged. `;
  const meaning = "They are over replicates of one dataset: they say whether retraining would keep this order here, not whether it would hold on other data. ";
  const bars = difference === null
    ? "A critical difference needs two replicates and two methods. "
    : "A bar beside the names joins methods whose ranks differ by less than Nemenyi’s critical difference at 5 %, which knows only the ranks. Broad lines: the ranks that each may truly have, by paired tests on the scores, with 95 % for all together. ";
  const gone = left.length ? `Left out for a missing replicate: ${named(left)}.` : "";
  at("ranks-words").textContent = order.length ? over + meaning + bars + gone : "No complete replicate to rank yet.";
}
if (data.ranking.order.length) chart(at("ranks-plot"), drawRanks);
ranksWords();
