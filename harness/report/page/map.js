// The embedding on the plane. Ten colours by four shapes tell forty classes apart.
const SHAPES = [
  (x, y, r) => s("circle", { cx: x, cy: y, r }),
  (x, y, r) => s("rect", { x: x - r * 0.9, y: y - r * 0.9, width: r * 1.8, height: r * 1.8 }),
  (x, y, r) => s("path", { d: `M${x} ${y - r * 1.25}L${x + r * 1.15} ${y + r * 0.85}H${x - r * 1.15}Z` }),
  (x, y, r) => s("path", { d: `M${x} ${y - r * 1.3}L${x + r * 1.3} ${y}L${x} ${y + r * 1.3}L${x - r * 1.3} ${y}Z` }),
];
const mapChoice = { plane: null, by: "class", sample: null };
const className = (label) => embeddings.classes[label] ?? `class ${label}`;
function sampleName(tile) {
  const parts = Object.values(embeddings.attributes).map(({ names, values }) => names[values[tile]]);
  return [className(embeddings.labels[tile]), ...parts].join(", ");
}
function tileOf(tile, words) {
  const node = h("span", { class: "tile", role: "img", "aria-label": words ?? sampleName(tile), title: words ?? sampleName(tile) });
  const sprite = embeddings.sprite;
  if (!sprite) {
    node.classList.add("blank");
    node.append(className(embeddings.labels[tile]));
    return node;
  }
  node.style.backgroundSize = `${sprite.columns * 100}% ${sprite.rows * 100}%`;
  node.style.backgroundPosition = `${((tile % sprite.columns) / (sprite.columns - 1)) * 100}% ${(Math.floor(tile / sprite.columns) / (sprite.rows - 1)) * 100}%`;
  return node;
}
function mapGroups() {
  const { points, labels, attributes } = embeddings;
  if (mapChoice.by === "class") {
    const present = [...new Set(points.map((tile) => labels[tile]))].sort((a, b) => a - b);
    return { of: (tile) => present.indexOf(labels[tile]), names: present.map(className) };
  }
  const { names, values } = attributes[mapChoice.by];
  const present = [...new Set(points.map((tile) => values[tile]))].sort((a, b) => a - b);
  return { of: (tile) => present.indexOf(values[tile]), names: present.map((code) => names[code]) };
}
const paintOf = (group) => `var(--m${group % 10})`;
const shapeOf = (group) => SHAPES[Math.floor(group / 10) % 4];

const MAP_HINT = "Point at a sample, or tap it, to see it and its class. By keyboard: the arrow keys on the map; Page Up and Page Down go through all, class by class; Escape leaves the sample.";

function mapCard(panel, label) {
  const plot = h("div", { class: "plot" }), legend = h("ul", { class: "legend" });
  const inspect = h("div", { class: "inspect", role: "status" }, MAP_HINT);
  const names = Object.keys(panel.planes);
  if (!names.length) return h("div", { class: "card" }, h("h3", {}, "Embedding map"), h("p", { class: "quiet" }, "Too few samples or dimensions for a map."));
  if (!names.includes(mapChoice.plane)) mapChoice.plane = names.includes("t-SNE") ? "t-SNE" : names[0];
  const plane = h("select", { id: "map-plane" }), by = h("select", { id: "map-by" });
  options(plane, names.map((name) => [name, name]), mapChoice.plane);
  options(by, ["class", ...Object.keys(embeddings.attributes)].map((name) => [name, name]), mapChoice.by);
  const draw = (width) => drawMap(panel, label, width, inspect, legend);
  const card = h("div", { class: "card" }, h("h3", {}, "Embedding map"),
    h("div", { class: "controls" }, h("label", {}, "Projection ", plane), h("label", {}, "Colour by ", by)),
    plot, legend, inspect,
    h("p", { class: "quiet" }, "Distances on a map are not distances in the embedding; with t-SNE neither the size of clusters nor the space between them means anything."));
  const again = () => plot.clientWidth && plot.replaceChildren(draw(plot.clientWidth));
  plane.addEventListener("change", () => { mapChoice.plane = plane.value; again(); });
  by.addEventListener("change", () => { mapChoice.by = by.value; again(); });
  return { card, plot, draw };
}
function drawMap(panel, label, width, inspect, legend) {
  const size = Math.min(width, 560), raw = bytes(panel.planes[mapChoice.plane]), groups = mapGroups();
  const share = Array.from({ length: raw.length / 2 }, (_, i) => (raw[2 * i] + 256 * raw[2 * i + 1]) / 1023);
  const lowest = share.filter((_, i) => i % 2).reduce((a, b) => Math.min(a, b), 1), extent = 1 - 2 * lowest;
  const height = Math.max(120, extent * (size - 16) + 16), across = (i) => 8 + share[i] * (size - 16), up = (i) => height - 8 - (share[i] - lowest) * (size - 16);
  const marks = embeddings.points.map((tile, i) => {
    const group = groups.of(tile), node = shapeOf(group)(across(2 * i), up(2 * i + 1), Math.max(2.6, size / 150));
    return fill(node, { "data-group": group, "data-tile": tile, style: { fill: paintOf(group), fillOpacity: 0.8 } }, []);
  });
  const spots = marks.map((_, i) => [across(2 * i), up(2 * i + 1)]);
  const order = [...marks.keys()].sort((a, b) => marks[a].dataset.group - marks[b].dataset.group || a - b);
  const ring = s("circle", { class: "ring", r: Math.max(7, size / 60) });
  const show = (i, more = "") => {
    const { tile, group } = marks[i].dataset;
    mapChoice.sample = i;
    fill(ring, { cx: spots[i][0], cy: spots[i][1], style: { display: "inline" } }, []);
    inspect.replaceChildren(fill(tileOf(+tile), { "aria-hidden": "true" }, []), h("span", {}, sampleName(+tile) + more));
    for (const mark of marks) mark.style.fillOpacity = mark.dataset.group === group ? 1 : 0.15;
  };
  const restore = () => {
    ring.style.display = "none";
    marks.forEach((mark) => (mark.style.fillOpacity = 0.8));
  };
  const point = (event) => event.target.dataset.tile === undefined || show(marks.indexOf(event.target));
  const key = (event) => {
    if (event.key === "Escape") return restore();
    if (!MAP_KEYS.has(event.key)) return;
    event.preventDefault();
    const next = keyedTo(event.key, spots, order, mapChoice.sample ?? order[0]);
    show(next ?? mapChoice.sample ?? order[0], next === null ? ". No sample further that way." : "");
  };
  legend.replaceChildren(...(groups.names.length > 12
    ? [h("li", {}, `${groups.names.length} classes by colour and shape; point at a sample to see its class alone.`)]
    : groups.names.map((name, group) => h("li", {}, h("span", { class: "swatch", style: { background: paintOf(group) } }), name))));
  const words = `${mapChoice.plane} of ${marks.length} test samples embedded by ${label}, coloured by ${mapChoice.by}.`;
  const node = svg(size, height, words, ...marks, ring);
  node.style.maxWidth = `${size}px`;
  const on = { pointerover: point, click: point, pointerleave: restore, keydown: key, blur: restore, focus: () => node.matches(":focus-visible") && show(mapChoice.sample ?? order[0]) };
  return fill(node, { role: "application", tabindex: 0, "aria-roledescription": "map of samples", on }, []);
}
