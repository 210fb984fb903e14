// One method's embedding: its charts put together from what all methods share and what is its own; matrix and sheet.
const sampleName = (tile) => embeddings.samples[tile];
function tileOf(tile, words = sampleName(tile)) {
  const node = h("span", { class: "tile", role: "img", "aria-label": words, title: words }), { sprite } = embeddings;
  if (!sprite) {
    node.classList.add("blank");
    node.append(sampleName(tile));
    return node;
  }
  node.style.backgroundSize = `${sprite.columns * 100}% ${sprite.rows * 100}%`;
  node.style.backgroundPosition = `${((tile % sprite.columns) / (sprite.columns - 1)) * 100}% ${(Math.floor(tile / sprite.columns) / (sprite.rows - 1)) * 100}%`;
  return node;
}
const DEFINED = {
  map: ({ planes }) => {
    if (!(mapChoice.plane in planes)) mapChoice.plane = "t-SNE" in planes ? "t-SNE" : Object.keys(planes)[0];
    const [group, places] = mapChoice.plane ? embeddings.groups[mapChoice.by] : [[], []], plane = new Uint16Array(bytes(planes[mapChoice.plane] ?? "").buffer);
    const along = (axis) => places.map((of) => of.map((i) => plane[2 * i + axis]));
    return { columns: { group, x: along(0), y: along(1), sample: places.map((of) => of.map((i) => embeddings.points[i])) } };
  },
  neighbours: (panel) => panel.neighbours,
  matrix: (panel) => {
    const names = embeddings.correlated, size = names.length, cells = [...new Int8Array(bytes(panel.correlation).buffer)];
    const correlation = names.map((_, i) => cells.slice(i * size, (i + 1) * size).map((value) => value / 100));
    return { ...panel.matrix, columns: { class: names, other: names.map(() => names), correlation } };
  },
};
const defined = (name) => ({ ...embeddings.charts[name], ...DEFINED[name](embeddings.panels[method]) });

function drawMatrix(name, chart, width) {
  const [mark] = chart.marks, rows = rowsOf(chart), size = Math.min(width, 560), view = views.get(name), shades = {};
  const [x, y] = ["x", "y"].map((axis) => scale(...(view ? [...view[axis]].sort((a, b) => a - b) : [0, rows.length]), 0, size));
  rows.forEach((row, i) => row[mark.y].forEach((value, j) =>
    (shades[Math.round(value * 25) / 25] ??= []).push(`M${x(j).toFixed(1)} ${y(i).toFixed(1)}H${x(j + 1).toFixed(1)}V${y(i + 1).toFixed(1)}H${x(j).toFixed(1)}Z`)));
  const cells = Object.entries(shades).map(([share, parts]) => s("path", { d: parts.join(""), fill: `var(--r${share < 0 ? 0 : 2})`, "fill-opacity": Math.abs(share) }));
  const said = h("div", { class: "inspect", role: "status" }, "Point at a cell, or tap it, to see its classes.");
  const node = svg(size, size, `${chart.x.title}.`, ...clipped(name, { width: size, height: size }, s("rect", { width: size, height: size, fill: "var(--r1)" }), s("g", { "shape-rendering": "crispEdges" }, ...cells)));
  const point = ({ clientX, clientY }) => {
    const box = node.getBoundingClientRect(), [i, j] = [y.back(clientY - box.top), x.back(clientX - box.left)].map(Math.floor);
    if (rows[i]?.[mark.x][j]) said.textContent = `${rows[i].class} and ${rows[i][mark.x][j]}: ${digits(rows[i][mark.y][j], 2)}`;
  };
  zoomable(name, node, { x, y, left: 0, right: size, top: 0, bottom: size });
  return [fill(node, { style: { maxWidth: `${size}px` }, on: { pointermove: point, click: point } }, []), said, h("div", { class: "ramp", "aria-hidden": "true" })];
}
function drawSheet(name, chart) {
  return h("div", { class: "sheet" }, ...rowsOf(chart).flatMap(({ query, neighbour, right }) => [
    h("div", { class: "query" }, tileOf(query, `Query: ${sampleName(query)}`)),
    ...neighbour.map((tile, i) =>
      h("div", { class: right[i] ? "hit" : "hit wrong" }, tileOf(tile, `Neighbour ${i + 1}, ${right[i] ? "right" : "wrong"}: ${sampleName(tile)}`)))]));
}
