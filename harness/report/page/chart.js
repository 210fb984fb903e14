// A chart from its definition (harness/figures/drawing/chart.py), which the paper's figures are drawn from too.
const SHIFTS = [-9, 16, -22, 29];
const hidden = new Set(); // methods that the filter leaves out
const views = new Map(); // what was zoomed to, by chart

const each = (cell) => (Array.isArray(cell) ? cell : [cell]);
const isNumber = (value) => typeof value === "number";
const known = (list) => list.filter(isNumber);

function rowsOf({ columns }) {
  const names = Object.keys(columns);
  return columns[names[0]].map((_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])));
}
// The points of a mark in a row: those without a value are left out.
function pointsOf(row, mark, x, y) {
  const ys = mark.y ? each(row[mark.y]) : each(row[mark.x]).map(() => null);
  return each(row[mark.x]).map((value, i) => [value, mark.y ? ys[i] : 0, i]).filter((p) => isNumber(p[0]) && isNumber(p[1]))
    .map(([across, up, i]) => [x(across), mark.y ? y(up) : y.row, i]);
}
const path = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
const stairs = (points) => points.map(([x, y], i) => (i ? `H${x.toFixed(1)}V${y.toFixed(1)}` : `M${x.toFixed(1)} ${y.toFixed(1)}`)).join("");

const INK = {
  dots: (row, mark, x, y, paint, out) => pointsOf(row, mark, x, y).map(([cx, cy]) => s("circle", { cx, cy, r: mark.size, fill: paint, "fill-opacity": mark.opacity, ...(mark.opacity < 1 ? {} : { stroke: "var(--ground)", "stroke-width": 1.2 }) })),
  rings: (row, mark, x, y, paint) => pointsOf(row, mark, x, y).map(([cx, cy]) => s("circle", { cx, cy, r: mark.size, fill: paint, stroke: "var(--ink)", "stroke-width": 1.6 })),
  span: (row, mark, x, y, paint) => (isNumber(row[mark.x]) && isNumber(row[mark.x2]) ? [line(x(row[mark.x]), y.row, x(row[mark.x2]), y.row, { stroke: paint, "stroke-opacity": mark.opacity, "stroke-width": mark.size, "stroke-linecap": "round" })] : []),
  line: (row, mark, x, y, paint, out) => {
    const points = pointsOf(row, mark, x, y), told = mark.dash ? row[mark.dash] : [];
    const change = told.findIndex((value) => value !== told[0]), full = change < 0 ? points.length : change;
    const one = (part, more) => s("path", { d: path(part), fill: "none", stroke: paint, "stroke-width": out ? 2.4 : 1.1, ...more });
    return [one(points.slice(0, full), {}), ...(full < points.length ? [one(points.slice(Math.max(0, full - 1)), { "stroke-dasharray": "3 3" })] : [])];
  },
  stairs: (row, mark, x, y, paint, out) => [s("path", { d: stairs(pointsOf(row, mark, x, y)), fill: "none", stroke: paint, "stroke-width": out ? 2.4 : 1.1 })],
  band: (row, mark, x, y, paint) => {
    const [up, down] = [mark.y2, mark.y].map((name) => pointsOf(row, { ...mark, y: name }, x, y));
    return [s("polygon", { points: [...up, ...down.reverse()].map((p) => `${p[0].toFixed(1)},${p[1].toFixed(1)}`).join(" "), fill: paint, "fill-opacity": mark.opacity })];
  },
  crosses: (row, mark, x, y, paint) => row[mark.x].filter((_, i) => !isNumber(row[mark.y][i])).map((value) =>
    text(x(value), y.foot + 9 * (slotOf(row.method) + 1), "×", { class: "failed", "text-anchor": "middle", style: { fill: paint } })),
};

function extent(axis, values, view) {
  if (view) return view;
  const all = [...values, ...axis.include];
  const [low, high] = padded(axis.log ? all.filter((value) => value > 0) : all, axis.pad);
  if (axis.log) return [Math.min(...all) > 0 ? low : Math.min(...all.filter((value) => value > 0)) / 2, high];
  return [axis.low ?? (axis.pad ? low : Math.min(...all)), axis.pad ? high : Math.max(...all)];
}
function ticksOf(axis, [low, high], room, nothing) {
  if (axis.log) return [...(nothing ? [0] : []), ...logTicks(low, high).filter((tick) => !nothing || tick > low * 1.3)];
  const found = ticks(low, high, room);
  return axis.whole ? found.filter(Number.isInteger) : found;
}
const inkOf = (row, accent) => (row.method === accent ? "var(--accent)" : colour(row.method));

// Bars beside the names, of the rows that are drawn; a bar of one row only where that row stands out.
function bracketsOf(chart, every, rows) {
  const place = new Map(rows.map((row, i) => [row, i]));
  const within = ({ first, last, lane, of }) => {
    const found = every.slice(first, last + 1).filter((row) => place.has(row)).map((row) => place.get(row));
    return { first: found[0], last: found.at(-1), lane, of: of === null ? null : every[of].method };
  };
  const bars = chart.brackets.filter(({ of }) => of === null || !of || pinned(every[of].method)).map(within).filter(({ first, last }) => last > first);
  return bars.map((bar, i) => ({ ...bar, lane: bar.of === null ? bar.lane : i }));
}
// The text of one column's numbers: whole ones as they are, large ones short, others by three digits.
function wordsOf(chart, name) {
  const values = known(chart.columns[name].flat());
  const write = values.every(Number.isInteger) ? String : values.some((value) => Math.abs(value) >= 1e3) ? compact : digits;
  return (value) => (isNumber(value) ? write(value) : value ?? chart.missing);
}
function tipOf(chart, row) {
  const told = chart.tip.map((name) => [name, each(row[name]).at(-1)]).filter(([, value]) => isNumber(value));
  return `${methods[row.method].label}: ${told.map(([name, value]) => `${name} ${wordsOf(chart, name)(value)}`).join(", ")}`;
}
function summary(chart, every, rows) {
  const [first] = every, key = chart.tip[0];
  const best = `Best: ${methods[first.method].label}${isNumber(first[key]) ? ` with ${digits(first[key])}` : ""}`;
  if (!chart.y) return `${chart.x.title} of ${every.length} methods, best first${rows.length < every.length ? `, ${rows.length} of them drawn` : ""}. ${best}.`;
  return `${chart.y.title} over ${chart.x.title}, ${new Set(every.map((row) => row.method)).size} methods.`;
}

function drawChart(name, chart, width, accent = null) {
  const view = views.get(name) ?? {}, banded = !chart.y, out = (row) => row.method === accent || pinned(row.method);
  const every = rowsOf(chart), seen = every.filter((row) => !hidden.has(row.method));
  const rows = banded ? folded(name, seen, (row) => row.method) : seen;
  if (!rows.length) return h("p", { class: "quiet" }, "The filter leaves out every method of this chart.");
  const shown = rows.flatMap((row) => chart.marks.filter((mark) => mark.kind in INK && !(mark.coloured && !out(row)) && (!mark.when || row[mark.when])).map((mark) => [row, mark]));
  const values = (names) => known(shown.flatMap(([row, mark]) => names.flatMap((which) => (mark[which] ? each(row[mark[which]]) : []))));

  const bars = bracketsOf(chart, every, rows), lanes = bars.reduce((most, { lane }) => Math.max(most, lane + 1), 0), gutter = Math.min(9, 60 / Math.max(1, lanes));
  const labels = Math.min(190, width * 0.34), step = 24, ended = chart.marks.some(({ kind }) => kind === "end" && width > 560);
  const left = banded ? labels + 10 + lanes * gutter : 44, right = width - (banded ? (chart.aside ? 44 : 12) : ended ? 150 : 16), top = chart.measure ? 36 : 8;
  const height = banded ? rows.length * step : Math.max(260, Math.min(420, width * 0.5)) - 52, bottom = top + height;
  const crossed = shown.filter(([row, mark]) => mark.kind === "crosses" && row[mark.y].includes(null)).map(([row]) => slotOf(row.method) + 2);
  const foot = bottom - 9 * Math.max(0, ...crossed);

  const across = extent(chart.x, values(["x", "x2"]).concat(chart.x.line ?? []), view.x), x = scale(...across, left, right, chart.x.log);
  const up = banded ? null : extent(chart.y, values(["y", "y2"]), view.y), y = banded ? null : scale(...up, foot, top);
  const of = (row, place) => (banded ? Object.assign(() => 0, { row: top + (place + 0.5) * step }) : Object.assign((value) => y(value), { foot }));
  const drawn = rows.map((row, place) => s("g", { class: "row" }, title(tipOf(chart, row)),
    ...(banded ? [
      s("rect", { x: 0, y: top + place * step, width, height: step, fill: "transparent" }),
      text(labels, top + (place + 0.5) * step + 4, cut(methods[row.method].label, labels), { "text-anchor": "end", "font-weight": out(row) ? 600 : 400 }),
      chart.aside ? text(width - 34, top + (place + 0.5) * step + 4, digits(row[chart.aside], 2), { class: "tick" }) : ""] : []),
    ...shown.filter(([own]) => own === row).flatMap(([, mark]) => INK[mark.kind](row, mark, x, of(row, place), inkOf(row, accent), out(row)))));
  const order = [...rows.keys()].sort((a, b) => out(rows[a]) - out(rows[b]));

  const joined = chart.joined ? every.filter((row) => row[chart.joined]).map((row) => [x(row[chart.marks[0].x]), y(row[chart.marks[0].y])]).sort((a, b) => a[0] - b[0]) : [];
  const written = namesOf(chart, rows, x, y, { width, left, right, top, bottom, ended, out, accent });
  const measure = chart.measure && !view.x ? [
    line(x(across[0]), 22, x(across[0] + chart.measure[0]), 22, { stroke: "var(--ink)", "stroke-width": 2 }),
    ...[across[0], across[0] + chart.measure[0]].map((end) => line(x(end), 17, x(end), 27, { stroke: "var(--ink)" })),
    text(x(across[0]), 12, chart.measure[1], { class: "tick" })] : [];
  const node = svg(width, bottom + 40, summary(chart, every, rows),
    ...(banded ? [] : leftAxis(y, ticks(...up, 5), left, right)),
    ...bottomAxis(x, ticksOf(chart.x, across, (right - left) / 70, !view.x && values(["x"]).includes(0)), top, bottom, `${chart.x.title}${chart.x.log ? ", logarithmic" : ""}`, (left + right) / 2, across[1] >= 1e4 ? compact : undefined),
    chart.x.line === null ? "" : line(x(chart.x.line), top, x(chart.x.line), bottom, { class: "zero" }),
    ...measure,
    ...clipped(name, { x: banded ? 0 : left, y: top - 6, width: (banded ? width : right - left) + 6, height: height + 12 }, joined.length ? s("path", { d: `${stairs(joined)}H${right}`, fill: "none", stroke: "var(--quiet)", "stroke-width": 1.4, "stroke-dasharray": "5 4" }) : "",
      ...bars.map(({ first, last, lane, of: about }) => line(labels + 10 + lane * gutter, top + (first + 0.5) * step - 6, labels + 10 + lane * gutter, top + (last + 0.5) * step + 6, { class: "bracket", stroke: about === null ? "var(--quiet)" : colour(about), "stroke-width": 3.5, "stroke-linecap": "round" })),
      ...order.map((i) => drawn[i]), ...written.texts));
  zoomable(name, node, { x, y, left, right, top, bottom });
  return written.legend ? [node, written.legend] : node;
}
// Names at the ends of lines, pushed apart, or as a legend where there is no room; and beside points, where they are free.
function namesOf(chart, rows, x, y, { width, left, right, top, bottom, ended, out, accent }) {
  const end = chart.marks.find(({ kind }) => kind === "end"), beside = chart.marks.find(({ kind }) => kind === "name");
  const texts = [], once = new Map(), taken = [];
  for (const row of rows) {
    const points = end && out(row) ? pointsOf(row, end, x, y) : [];
    if (points.length && !once.has(row.method)) once.set(row.method, { row, y: points.at(-1)[1] + 4 });
    if (!beside || !(out(row) || (row[beside.when] && !beside.coloured))) continue;
    const [[px, py]] = pointsOf(row, beside, x, y), words = cut(methods[row.method].label, 150), room = words.length * 6.4, from = Math.max(left, Math.min(px + 6, width - room));
    const free = (dy) => !taken.some((o) => Math.abs(o.y - py - dy) < 13 && from < o.x + o.room && o.x < from + room);
    const dy = SHIFTS.find(free) ?? SHIFTS[0];
    taken.push({ x: from, y: py + dy, room });
    texts.push(text(from, py + dy, words, { class: "halo", "font-weight": out(row) ? 600 : 400 }));
  }
  if (ended) texts.push(...apart([...once.values()], 15, top + 8, bottom).map((own) => text(right + 8, own.y, cut(methods[own.row.method].label, 150), { style: { fill: inkOf(own.row, accent) } })));
  const legend = end && !ended ? h("ul", { class: "legend" }, ...[...once.values()].map(({ row }) => h("li", {}, h("span", { class: "swatch", style: { background: inkOf(row, accent) } }), methods[row.method].label))) : null;
  return { texts, legend };
}
