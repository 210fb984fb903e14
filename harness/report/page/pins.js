// Which methods stand out in colour, and in which of the eight colours.
const SLOTS = 8;
const pins = new Map();

const colour = (method) => (pins.has(method) ? `var(--s${pins.get(method)})` : "var(--grey)");
const slotOf = (method) => pins.get(method) ?? -1;
const pinned = (method) => pins.has(method);

function pin(method, on) {
  if (!on) pins.delete(method);
  else if (!pins.has(method)) {
    if (pins.size === SLOTS) pins.delete(pins.keys().next().value);
    const taken = new Set(pins.values());
    pins.set(method, [...Array(SLOTS).keys()].find((slot) => !taken.has(slot)));
  }
}
function showPins() {
  for (const box of document.querySelectorAll("#board input[data-method]")) {
    const method = +box.dataset.method;
    box.checked = pinned(method);
    box.style.accentColor = pinned(method) ? colour(method) : "";
  }
  at("pins").replaceChildren(
    ...[...pins.keys()].map((method) =>
      h("button", { type: "button", "aria-label": `Stop colouring ${methods[method].label}`, on: { click: () => change(method, false) } },
        h("span", { class: "swatch", style: { background: colour(method) } }), methods[method].label, " ×")),
  );
}
function change(method, on) {
  pin(method, on);
  showPins();
  redraw();
}
document.querySelector("#board tbody").addEventListener("change", (event) => {
  if (event.target.dataset.method) change(+event.target.dataset.method, event.target.checked);
});
methods.slice(0, 3).forEach((method, place) => method.scored && pin(place, true));
