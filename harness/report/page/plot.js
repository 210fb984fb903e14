// Charts: a frame with axes, drawn again when the reader's window or choice changes.
const charts = [];

function chart(place, draw) {
  let width = 0;
  const again = () => {
    const now = Math.round(place.clientWidth);
    if (!now) return;
    width = now;
    place.replaceChildren(...[draw(now)].flat());
  };
  charts.push({ place, again });
  new ResizeObserver(() => Math.round(place.clientWidth) !== width && again()).observe(place);
  again();
  return again;
}
function redraw() {
  for (const { place, again } of charts) if (place.isConnected) again();
}

function ticks(low, high, count) {
  const rough = (high - low) / Math.max(1, count) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((nice) => nice * power >= rough * 0.999);
  const found = [];
  for (let tick = Math.ceil(low / step - 1e-9) * step; tick <= high + step * 1e-6; tick += step) found.push(+tick.toPrecision(10));
  return found;
}
function logTicks(low, high) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
    for (const part of [1, 2, 5]) if (part * 10 ** power >= low && part * 10 ** power <= high) found.push(part * 10 ** power);
  return found;
}
function scale(low, high, from, to, log) {
  const f = log ? (value) => Math.log(Math.max(value, low)) : (value) => value; // nothing stands at the beginning
  const span = f(high) - f(low) || 1;
  const back = (place) => ((value) => (log ? Math.exp(value) : value))(f(low) + ((place - from) / (to - from)) * span);
  return Object.assign((value) => from + ((f(value) - f(low)) / span) * (to - from), { back });
}
function padded(values, share = 0.05) {
  const low = Math.min(...values), high = Math.max(...values);
  const room = (high - low) * share || Math.abs(high) * share || 1;
  return [low - room, high + room];
}
// The numbers of one axis with as many decimals as the finest of them needs.
function plain(found) {
  const places = Math.max(...found.map((tick) => (String(tick).split(".")[1] || "").length), 0);
  return (tick) => tick.toFixed(places);
}
const line = (x1, y1, x2, y2, more = {}) => s("line", { x1, y1, x2, y2, ...more });
const text = (x, y, words, more = {}) => s("text", { x, y, ...more }, words);
const title = (words) => s("title", {}, words);

function svg(width, height, label, ...children) {
  return s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label }, ...children);
}
// A chart without anything to draw, and the way to it.
function absent(id) {
  at(id).hidden = true;
  document.querySelector(`nav a[href="#${id}"]`).hidden = true;
}
function bottomAxis(x, found, top, bottom, words, middle, format = plain(found)) {
  return [
    ...found.map((tick) => line(x(tick), top, x(tick), bottom, { class: "grid" })),
    ...found.map((tick) => text(x(tick), bottom + 16, format(tick), { class: "tick", "text-anchor": "middle" })),
    words ? text(middle, bottom + 34, words, { class: "tick", "text-anchor": "middle" }) : null,
  ].filter(Boolean);
}
function leftAxis(y, found, left, right, format = plain(found)) {
  return found.flatMap((tick) => [
    line(left, y(tick), right, y(tick), { class: "grid" }),
    text(left - 8, y(tick) + 4, format(tick), { class: "tick", "text-anchor": "end" }),
  ]);
}
function cut(words, room) {
  const letters = Math.max(4, Math.floor(room / 6.6));
  return words.length > letters ? `${words.slice(0, letters - 1)}…` : words;
}
// Labels at the right end of lines, pushed apart so that none covers another.
function apart(labels, gap, low, high) {
  labels.sort((a, b) => a.y - b.y);
  labels.forEach((label, i) => (label.y = Math.max(label.y, i ? labels[i - 1].y + gap : low)));
  for (let i = labels.length - 1; i >= 0; i--)
    labels[i].y = Math.min(labels[i].y, i === labels.length - 1 ? high : labels[i + 1].y - gap);
  return labels;
}
