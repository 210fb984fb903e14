// The critical-difference diagram, upright so that many names fit a phone.
const LANES = 8;

function lanes(cliques) {
  const ends = [];
  return cliques.map(([first, last]) => {
    let lane = ends.findIndex((end) => end < first);
    if (lane < 0) lane = ends.push(-1) - 1;
    ends[lane] = last;
    return { first, last, lane };
  });
}
// The bars of cliques among the methods drawn; of too many, those of the best and the coloured.
function rankBars(shown) {
  const { ranks, cliques, difference } = data.ranking;
  const within = ([first, last]) => {
    const found = [...shown.keys()].filter((i) => first <= shown[i].place && shown[i].place <= last);
    return [found[0], found.at(-1)];
  };
  const clipped = cliques.map(within).filter(([first, last]) => last > first);
  const whole = lanes(clipped.filter(([, last], i) => !i || last > clipped[i - 1][1]));
  if (whole.every(({ lane }) => lane < LANES)) return { bars: whole, few: true };
  const near = (place) => ranks.flatMap((rank, other) => (Math.abs(rank - ranks[place]) < difference ? [other] : []));
  const marked = shown.filter(({ place, method }) => !place || pinned(method));
  const bars = marked.map(({ place, method }, lane) => {
    const found = near(place), [first, last] = within([found[0], found.at(-1)]);
    return { first, last, lane, paint: pinned(method) ? colour(method) : undefined };
  });
  return { bars, few: false };
}
function drawRanks(width) {
  const { order, ranks, intervals, difference } = data.ranking;
  const shown = folded("ranks", order.map((method, place) => ({ method, place })), (entry) => entry.method);
  const { bars, few } = rankBars(shown), count = bars.reduce((most, bar) => Math.max(most, bar.lane + 1), 0);
  const labels = Math.min(190, width * 0.34), step = 22, top = difference === null ? 8 : 36;
  const gutter = Math.min(9, 60 / Math.max(1, count)), left = labels + 14 + count * gutter, right = width - 44;
  const bottom = top + shown.length * step;
  const high = Math.max(2, ...shown.map(({ place }) => (intervals.length ? intervals[place][1] : Math.ceil(ranks[place]))), difference === null ? 0 : 1 + difference);
  const x = scale(1, high, left, right);
  const y = (place) => top + (place + 0.5) * step;
  const measure = difference === null ? [] : [
    line(x(1), 22, x(1 + difference), 22, { stroke: "var(--ink)", "stroke-width": 2 }),
    line(x(1), 17, x(1), 27, { stroke: "var(--ink)" }), line(x(1 + difference), 17, x(1 + difference), 27, { stroke: "var(--ink)" }),
    text(x(1), 12, `critical difference ${digits(difference, 2)}`, { class: "tick" }),
  ];
  ranksWords(few);
  return svg(width, bottom + 40, `Average ranks of ${order.length} methods, best first: ${order.slice(0, 3).map((m, i) => `${methods[m].label} ${digits(ranks[i], 2)}`).join(", ")}.`,
    ...bottomAxis(x, ticks(1, high, (right - left) / 36).filter(Number.isInteger), top, bottom, "average rank (1 is best)", (left + right) / 2),
    ...measure,
    ...bars.map(({ first, last, lane, paint = "var(--quiet)" }) => line(labels + 12 + lane * gutter, y(first) - 6, labels + 12 + lane * gutter, y(last) + 6, { stroke: paint, "stroke-width": 3.5, "stroke-linecap": "round" })),
    ...shown.map(({ method, place }, row) => s("g", {},
      title(`${methods[method].label}: ${digits(ranks[place], 2)}${intervals.length ? `, rank ${intervals[place].join(" to ")}` : ""}`),
      text(labels, y(row) + 4, cut(methods[method].label, labels), { "text-anchor": "end", "font-weight": pinned(method) ? 600 : 400 }),
      intervals.length ? line(x(intervals[place][0]), y(row), x(intervals[place][1]), y(row), { stroke: colour(method), "stroke-opacity": 0.35, "stroke-width": 6, "stroke-linecap": "round" }) : "",
      s("circle", { cx: x(ranks[place]), cy: y(row), r: 5, fill: colour(method) }),
      text(width - 34, y(row) + 4, digits(ranks[place], 2), { class: "tick" }))));
}
function ranksWords(few) {
  const { order, seeds, difference, left } = data.ranking;
  const over = `Ranks by MAP@R within each of ${seeds.length} replicates (seeds), averaged. `;
  const meaning = "They are over replicates of one dataset: they say whether retraining would keep this order here, not whether it would hold on other data. ";
  const bars = difference === null
    ? "A critical difference needs two replicates and two methods. "
    : `${few ? "A bar beside the names joins methods" : "There are too many groups to draw: a bar joins the best method, and each coloured one, with those"} whose ranks differ by less than Nemenyi’s critical difference at 5 %, which knows only the ranks. Broad lines: the ranks that each may truly have, by paired tests on the scores, with 95 % for all together. `;
  const gone = left.length ? `Left out for a missing replicate: ${named(left.length > 8 ? [...left.slice(0, 8), `${left.length - 8} more`] : left)}.` : "";
  at("ranks-words").textContent = over + meaning + bars + gone;
}
if (data.ranking.order.length) foldable("ranks", chart(at("ranks-plot"), drawRanks));
else at("ranks-words").textContent = "No complete replicate to rank yet.";
