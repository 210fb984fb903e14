// Under each chart: all its rows, a way out of the zoom, its numbers and its picture to take away.
const FOLD = 30;
const unfolded = new Set();

// A long chart shows its first thirty methods, and the coloured ones of the rest, until asked for all.
function folded(name, list, of) {
  const shown = unfolded.has(name) ? list : list.filter((entry, place) => place < FOLD || pinned(of(entry)));
  const button = at(`${name}-fold`);
  button.hidden = list.length <= FOLD;
  button.textContent = unfolded.has(name) ? `Show the first ${FOLD}` : `Show all ${list.length}`;
  at(`${name}-folded`).textContent = button.hidden ? "" : shown.length < list.length
    ? `${shown.length} of ${list.length} methods are drawn: the first ${FOLD}, and any that is coloured.`
    : `All ${list.length} methods are drawn.`;
  return shown;
}
// Drag over a chart to see a part of it; a double click, or the button below, shows it whole.
function zoomable(name, node, { x, y, left, right, top, bottom }) {
  let start = null;
  const box = s("rect", { class: "drag" });
  const place = (event) => {
    const frame = node.getBoundingClientRect();
    return [Math.max(left, Math.min(right, event.clientX - frame.left)), Math.max(top, Math.min(bottom, event.clientY - frame.top))];
  };
  const corners = (event) => [place(event), start].map((p) => [p[0], y ? p[1] : start === p ? top : bottom]);
  const on = {
    pointerdown: (event) => event.pointerType === "mouse" && event.button === 0 && (start = place(event)),
    pointermove: (event) => {
      if (!start) return;
      const [[a, b], [c, d]] = corners(event);
      if (!box.isConnected) node.append(box);
      fill(box, { x: Math.min(a, c), y: Math.min(b, d), width: Math.abs(a - c), height: Math.abs(b - d) }, []);
    },
    pointerup: (event) => {
      const [[a, b], [c, d]] = start ? corners(event) : [[0, 0], [0, 0]];
      start = null;
      box.remove();
      if (Math.abs(a - c) < 8 || Math.abs(b - d) < 8) return;
      views.set(name, { x: [a, c].sort((p, q) => p - q).map(x.back), y: y && [b, d].sort((p, q) => q - p).map(y.back) });
      again(name);
    },
    pointerleave: () => { start = null; box.remove(); },
    dblclick: () => views.delete(name) && again(name),
  };
  fill(node, { on }, []);
}
// What is drawn of a part alone stays within its frame.
const clipped = (name, frame, ...nodes) => [s("clipPath", { id: `${name}-clip` }, s("rect", frame)),
  s("g", views.has(name) ? { "clip-path": `url(#${name}-clip)` } : {}, ...nodes)];
// A chart's table in full: a line for each element of its lists, places of methods and samples by their names.
const named = (name, value) => (name === "method" ? methods[value].label : ["sample", "query", "neighbour"].includes(name) ? sampleName(value) : value);
function linesOf(chart) {
  const names = Object.keys(chart.columns), write = names.map((name) => wordsOf(chart, name));
  return rowsOf(chart).flatMap((row) => {
    const length = Math.max(...names.map((name) => each(row[name]).length));
    return Array.from({ length }, (_, i) => names.map((name, column) => [named(name, Array.isArray(row[name]) ? row[name][i] : row[name]), write[column]]));
  });
}
const quoted = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
function csv(chart) {
  const lines = linesOf(chart).map((cells) => cells.map(([value]) => String(value ?? "")));
  return [Object.keys(chart.columns), ...lines].map((cells) => cells.map(quoted).join(",")).join("\n") + "\n";
}
const INLINED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "font-size", "font-weight", "font-family", "paint-order", "stroke-linejoin"];
function picture(node) {
  const copy = node.cloneNode(true), from = [...node.querySelectorAll("*")];
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  [...copy.querySelectorAll("*")].forEach((own, i) => {
    const style = getComputedStyle(from[i]);
    for (const name of INLINED) own.setAttribute(name, style.getPropertyValue(name));
    own.removeAttribute("style");
  });
  copy.prepend(s("rect", { width: "100%", height: "100%", fill: getComputedStyle(document.body).backgroundColor }));
  return new XMLSerializer().serializeToString(copy);
}
function save(name, type, content) {
  const link = h("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}
const button = (words, click, more = {}) => h("button", { type: "button", on: { click }, ...more }, words);

const FRAMES = { samples: drawMap, cells: drawMatrix, images: drawSheet }; // of one embedding; all else has axes
// A chart at its place, with its words; `choose` gives its definition by what the reader chose.
const again = (name) => shown.get(name)();
const shown = new Map();
function show(name, choose, accent = () => null, holder = at(name)) {
  const place = at(`${name}-plot`), words = at(`${name}-words`);
  const whole = button("Show the whole chart", () => views.delete(name) && again(name), { hidden: true });
  const all = button("", () => { if (!unfolded.delete(name)) unfolded.add(name); again(name); }, { id: `${name}-fold`, hidden: true });
  const frame = () => FRAMES[choose().marks[0].kind] ?? drawChart;
  at(`${name}-tools`).replaceChildren(all, h("span", { id: `${name}-folded`, role: "status" }), whole,
    button("Data (CSV)", () => save(`${name}.csv`, "text/csv", csv(choose())), { class: "take" }),
    button("Picture (SVG)", () => save(`${name}.svg`, "image/svg+xml", picture(place.querySelector("svg"))), { class: "take", hidden: frame() === drawSheet }));
  const draw = chart(place, (width) => {
    const now = choose();
    words.textContent = now.words;
    whole.hidden = !views.has(name);
    if (!rowsOf(now).length) return h("p", { class: "quiet" }, `Nothing to show: ${now.nothing}.`);
    if (frame() === drawChart) numbers(holder, Object.keys(now.columns), () => linesOf(now).map((cells) => cells.map(([value, write]) => write(value))));
    return frame()(name, now, width, accent());
  });
  shown.set(name, draw);
}
