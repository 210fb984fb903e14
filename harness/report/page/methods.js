// One method at a time: its map, neighbours, precision over k, correlations and hard classes.
function sheetCard(panel) {
  const rowsOf = embeddings.queries.flatMap((query, row) => [
    h("div", { class: "query" }, tileOf(query, `Query: ${sampleName(query)}`)),
    ...panel.sheet[row].map((tile, place) => {
      const wrong = embeddings.labels[tile] !== embeddings.labels[query];
      return h("div", { class: wrong ? "hit wrong" : "hit" }, tileOf(tile, `Neighbour ${place + 1}, ${wrong ? "wrong" : "right"}: ${sampleName(tile)}`));
    }),
  ]);
  const all = panel.sheet.flatMap((row, i) => row.map((tile) => embeddings.labels[tile] === embeddings.labels[embeddings.queries[i]]));
  return h("div", { class: "card" }, h("h3", {}, "Nearest neighbours"),
    h("div", { class: "sheet" }, ...rowsOf),
    h("p", { class: "quiet" }, `A query, left of the line, and its nearest others; wrong ones are framed and crossed. ${all.filter(Boolean).length} of these ${all.length} are right. The queries are the same for all methods, spread evenly over the classes before any result was seen.`));
}
function precisionCard() {
  const plot = h("div", { class: "plot", id: "precision-plot" }), tools = h("p", { class: "controls", id: "precision-tools" });
  return h("div", { class: "card", id: "precision" }, h("h3", {}, "Precision over k"), plot, tools, h("p", { class: "quiet", id: "precision-words" }));
}
function hardCard(panel) {
  const face = (label) => (label in embeddings.faces && embeddings.sprite ? fill(tileOf(embeddings.faces[label], className(label)), {}, []) : "");
  const row = ([label, score, other, share]) => h("tr", {},
    h("th", { scope: "row" }, face(label), className(label)),
    h("td", { class: "number" }, digits(score)),
    h("td", {}, ...(other === null ? ["no wrong neighbour"] : [face(other), `${className(other)} (${Math.round(share * 100)} %)`])));
  const head = h("tr", {}, ...["class", "MAP@R", "instead, most often"].map((words) => h("th", { scope: "col" }, words)));
  return h("div", { class: "card whole" }, h("h3", {}, "Hardest classes"),
    h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Hardest classes" },
      h("table", { class: "hard" }, h("thead", {}, head), h("tbody", {}, ...panel.hardest.map(row)))),
    h("p", { class: "quiet" }, "Lowest mean MAP@R in this run, and the class that most of the 8 nearest neighbours of its samples are of instead, with its share of them."));
}
let method = Math.max(0, embeddings ? embeddings.panels.findIndex((panel) => !panel.missing) : 0);
function showMethod() {
  const panel = embeddings.panels[method], box = at("method-panel");
  at("method").value = String(method);
  for (let i = charts.length - 1; i >= 0; i--) if (box.contains(charts[i].place)) charts.splice(i, 1);
  const run = panel.missing ? `Nothing to show: ${panel.missing}.` : `Seed ${panel.run.seed}, fold ${panel.run.fold} (run ${panel.run.id}).`;
  at("method-about").textContent = [methods[method].about, run].filter(Boolean).join(" ");
  if (panel.missing) return box.replaceChildren();
  const map = mapCard(panel, methods[method].label), precision = precisionCard();
  const hard = panel.hardest.length ? hardCard(panel) : null;
  box.replaceChildren(h("div", { class: "cards" }, ...[map.card ?? map, sheetCard(panel), precision, matrixCard(panel, methods[method].label), hard].filter(Boolean)));
  if (map.plot) chart(map.plot, map.draw);
  show("precision", () => charted.precision, () => method);
}
function open(place) {
  method = (place + methods.length) % methods.length;
  if (embeddings) showMethod();
}
options(at("method"), methods.map(({ label }, place) => [String(place), label]));
at("method").addEventListener("change", () => open(+at("method").value));
at("method-back").addEventListener("click", () => open(method - 1));
at("method-on").addEventListener("click", () => open(method + 1));
document.querySelector("#board tbody").addEventListener("click", (event) => {
  const link = event.target.closest("a[data-open]");
  if (link) open(+link.dataset.open);
});
showPins();
if (embeddings) showMethod();
else at("method-controls").hidden = true;
