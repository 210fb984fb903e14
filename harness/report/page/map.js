// The embedding on the plane. Ten colours by four shapes tell forty groups apart.
const SHAPES = [
  (x, y, r) => s("circle", { cx: x, cy: y, r }),
  (x, y, r) => s("rect", { x: x - r * 0.9, y: y - r * 0.9, width: r * 1.8, height: r * 1.8 }),
  (x, y, r) => s("path", { d: `M${x} ${y - r * 1.25}L${x + r * 1.15} ${y + r * 0.85}H${x - r * 1.15}Z` }),
  (x, y, r) => s("path", { d: `M${x} ${y - r * 1.3}L${x + r * 1.3} ${y}L${x} ${y + r * 1.3}L${x - r * 1.3} ${y}Z` }),
];
const paintOf = (group) => `var(--m${group % 10})`;
const mapChoice = { plane: null, by: "class", sample: 0 };
const MAP_HINT = "Point at a sample, or tap it, to see it and its class. By keyboard: the arrow keys on the map; Page Up and Page Down go through all, class by class; Escape leaves the sample.";

// Both scales have one unit, so that no distance is stretched, whatever part is seen.
function squared([left, right], [low, high], width, height) {
  const unit = Math.min((width - 16) / (right - left || 1), (height - 16) / (high - low || 1));
  const ends = (from, to, room) => [-1, 1].map((turn) => (from + to) / 2 + (turn * (room - 16)) / 2 / unit);
  return [scale(...ends(left, right, width), 8, width - 8), scale(...ends(low, high, height), height - 8, 8)];
}
function drawMap(name, chart, width) {
  const [mark] = chart.marks, rows = rowsOf(chart), size = Math.min(width, 560), view = views.get(name);
  const points = rows.flatMap((row, group) => row[mark.x].map((x, i) => ({ group, tile: row.sample[i], x, y: row[mark.y][i] })));
  const whole = ["x", "y"].map((axis) => padded(points.map((point) => point[axis]), 0));
  const height = Math.max(120, 16 + ((size - 16) * (whole[1][1] - whole[1][0])) / (whole[0][1] - whole[0][0]));
  const [x, y] = squared(view?.x ?? whole[0], view?.y ?? whole[1], size, height), spots = points.map((point) => [x(point.x), y(point.y)]);
  const marks = points.map(({ group, tile }, i) =>
    fill(SHAPES[Math.floor(group / 10) % 4](...spots[i], Math.max(mark.size, size / 150)), { "data-group": group, "data-tile": tile, style: { fill: paintOf(group), fillOpacity: mark.opacity } }, []));
  const inspect = h("div", { class: "inspect", role: "status" }, MAP_HINT), ring = s("circle", { class: "ring", r: Math.max(7, size / 60) });
  const show = (i, more = "") => {
    const { tile, group } = points[(mapChoice.sample = i)];
    fill(ring, { cx: spots[i][0], cy: spots[i][1], style: { display: "inline" } }, []);
    inspect.replaceChildren(fill(tileOf(tile), { "aria-hidden": "true" }, []), h("span", {}, sampleName(tile) + more));
    marks.forEach((other, j) => (other.style.fillOpacity = points[j].group === group ? 1 : 0.15));
  };
  const point = ({ target }) => marks.includes(target) && show(marks.indexOf(target));
  const restore = () => {
    ring.style.display = "none";
    marks.forEach((other) => (other.style.fillOpacity = mark.opacity));
  };
  const key = (event) => {
    if (event.key === "Escape") return restore();
    if (!MAP_KEYS.has(event.key)) return;
    event.preventDefault();
    const next = keyedTo(event.key, spots, mapChoice.sample);
    show(next ?? mapChoice.sample, next === null ? ". No sample further that way." : "");
  };
  const legend = h("ul", { class: "legend" }, ...(rows.length > 12
    ? [h("li", {}, `${rows.length} classes by colour and shape; point at a sample to see its class alone.`)]
    : rows.map(({ group }, i) => h("li", {}, h("span", { class: "swatch", style: { background: paintOf(i) } }), group))));
  const words = `${mapChoice.plane} of ${points.length} test samples embedded by ${methods[method].label}, coloured by ${mapChoice.by}.`;
  const node = svg(size, height, words, ...clipped(name, { width: size, height }, ...marks, ring));
  zoomable(name, node, { x, y, left: 0, right: size, top: 0, bottom: height });
  const on = { pointerover: point, click: point, pointerleave: restore, keydown: key, blur: restore, focus: () => node.matches(":focus-visible") && show(mapChoice.sample) };
  return [fill(node, { style: { maxWidth: `${size}px` }, role: "application", tabindex: 0, "aria-roledescription": "map of samples", on }, []), legend, inspect];
}
