// Elements and numbers. Text only ever becomes text: nothing here parses HTML.
document.documentElement.classList.add("alive");
const data = JSON.parse(document.getElementById("data").textContent);
const methods = data.methods;
const embeddings = data.embeddings || null;
const at = (id) => document.getElementById(id);

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (key === "style") Object.assign(node.style, value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
const h = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
const s = (name, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

function options(select, entries, chosen) {
  for (const [value, text] of entries) select.append(h("option", { value, selected: value === chosen }, text));
}
const digits = (value, places = 3) => (value === null || value === undefined ? "–" : value.toFixed(places));
function compact(value) {
  if (value >= 1e6) return `${+(value / 1e6).toPrecision(3)}M`;
  if (value >= 1e4) return `${+(value / 1e3).toPrecision(3)}k`;
  return String(+value.toPrecision(4));
}

function bytes(text) {
  const raw = atob(text);
  return Uint8Array.from(raw, (character) => character.charCodeAt(0));
}

// A chart's numbers as a table, for ears and for copying; made when it is first opened.
function numbers(place, head, rows) {
  const kept = place.querySelector("details");
  const details = h("details", { open: kept && kept.open }, h("summary", {}, "The numbers"));
  if (kept) kept.remove();
  const show = () => {
    if (!details.open || details.childElementCount > 1) return;
    const cells = ([first, ...others]) =>
      h("tr", {}, h("th", { scope: "row" }, first), ...others.map((text) => h("td", {}, text)));
    const top = h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)));
    const table = h("table", {}, h("thead", {}, top), h("tbody", {}, ...rows().map(cells)));
    details.append(h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "The numbers of the chart" }, table));
  };
  details.addEventListener("toggle", show);
  place.append(details);
  show();
}
