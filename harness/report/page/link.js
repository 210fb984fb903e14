// The reader's choices stand in the address, so that it can be sent: #forest?forest-against=beta&coloured=alpha
const LINKED = ["filter", "batch", "forest-metric", "forest-against", "cost-axis", "cost-metric", "method"];
const BY_LABEL = new Set(["forest-against", "method"]);
const choices = () => new Map(LINKED.map((id) => [id, at(id).value]));
const atFirst = choices(), colouredAtFirst = [...pins.keys()].join();

function address(section) {
  const told = new URLSearchParams();
  for (const [id, value] of choices())
    if (value !== atFirst.get(id)) told.set(id, BY_LABEL.has(id) && value !== "" ? methods[+value].label : value);
  if ([...pins.keys()].join() !== colouredAtFirst) for (const one of pins.keys()) told.append("coloured", methods[one].label);
  if (String(told) || section) history.replaceState(null, "", `#${section}${String(told) ? `?${told}` : ""}`);
}
const sectionNow = () => location.hash.slice(1).split("?")[0];
const placeOf = (label) => methods.findIndex((one) => one.label === label);

function follow() {
  const [section, ...more] = location.hash.slice(1).split("?"), told = new URLSearchParams(more.join("?"));
  for (const id of LINKED) {
    const value = told.has(id) ? (BY_LABEL.has(id) ? String(placeOf(told.get(id))) : told.get(id)) : null;
    if (value === null || value === "-1") continue;
    at(id).value = value;
    for (const event of ["input", "change"]) at(id).dispatchEvent(new Event(event));
  }
  const coloured = told.getAll("coloured").map(placeOf).filter((place) => place >= 0);
  if (coloured.length) {
    pins.clear();
    for (const place of coloured) pin(place, true);
    showPins();
    redraw();
  }
  if (more.length) at(section)?.scrollIntoView();
}
for (const event of ["input", "change", "click"])
  document.addEventListener(event, ({ target }) => target.closest("form, .chips, .pin") && address(target.closest("section")?.id ?? sectionNow()));
addEventListener("hashchange", () => (location.hash.includes("?") ? follow() : address(sectionNow())));
follow();
