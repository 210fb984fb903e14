// One method at a time: its map, neighbours, precision over k, correlations and hard classes.
const CARDS = { map: "Embedding map", neighbours: "Nearest neighbours", precision: "Precision over k", matrix: "Class correlation" };
const chartCard = (name, ...above) => h("div", { class: "card", id: name }, h("h3", {}, CARDS[name]), ...above,
  h("div", { class: "plot", id: `${name}-plot` }), h("p", { class: "controls", id: `${name}-tools` }), h("p", { class: "quiet", id: `${name}-words` }));
function mapControls() {
  defined("map"); // which projection is shown, where this method lacks the last one
  const choices = { plane: Object.keys(embeddings.panels[method].planes), by: Object.keys(embeddings.groups) };
  return h("div", { class: "controls" }, ...Object.entries(choices).map(([what, names]) => {
    const select = h("select", { id: `map-${what}`, on: { change: () => { mapChoice[what] = select.value; views.delete("map"); again("map"); } } });
    options(select, names.map((name) => [name, name]), mapChoice[what]);
    return h("label", {}, { plane: "Projection ", by: "Colour by " }[what], select);
  }));
}
function hardCard(panel) {
  const face = (words, tile) => (embeddings.sprite ? tileOf(tile, words) : "");
  const row = ([name, tile, score, other, instead, share]) => h("tr", {},
    h("th", { scope: "row" }, face(name, tile), name),
    h("td", { class: "number" }, digits(score)),
    h("td", {}, ...(other === null ? ["no wrong neighbour"] : [face(other, instead), `${other} (${Math.round(share * 100)} %)`])));
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
  views.delete("map");
  mapChoice.sample = 0;
  box.replaceChildren(h("div", { class: "cards" }, ...Object.keys(CARDS).map((name) => chartCard(name, ...(name === "map" ? [mapControls()] : []))), panel.hardest.length ? hardCard(panel) : ""));
  for (const name of Object.keys(CARDS)) show(name, () => (name in DEFINED ? defined(name) : charted[name]), () => method);
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
