// Search history: what each trial brought, and the best so far as a stair, one a search.
const DOTS = 400;

function drawSearch(width) {
  const drawn = methods.flatMap(({ searches }, place) => searches.map((search) => ({ ...search, place })));
  const few = drawn.reduce((sum, { values }) => sum + values.length, 0) <= DOTS;
  const dotted = ({ place }) => few || pinned(place);
  const failing = drawn.filter((search) => dotted(search) && search.values.includes(null));
  const lane = (search) => 9 * Math.min(failing.indexOf(search), SLOTS - 1);
  const room = width > 560 ? 150 : 8, left = 44, right = width - room, top = 8;
  const height = Math.max(280, Math.min(400, width * 0.5)), bottom = height - 44, floor = bottom - 9 * Math.min(failing.length, SLOTS);
  const known = drawn.flatMap(({ values }) => values.filter((value) => value !== null));
  const [low, high] = padded(known.length ? known : [0, 1], 0.03), last = Math.max(2, ...drawn.map(({ trials }) => trials.at(-1) + 1));
  const x = scale(1, last, left, right), y = scale(low, high, floor, top);
  const stair = ({ trials, best }) => trials.reduce((path, trial, i) =>
    best[i] === null ? path : `${path}${path ? `H${x(trial + 1).toFixed(1)}V` : `M${x(trial + 1).toFixed(1)} `}${y(best[i]).toFixed(1)}`, "");
  const one = (search) => {
    const { place, trials, values, best } = search, paint = colour(place), spots = dotted(search) ? trials : [];
    return s("g", {}, title(`${methods[place].label}: best ${digits(best.at(-1))} after ${trials.length} trials`),
      s("path", { d: stair(search), fill: "none", stroke: paint, "stroke-width": pinned(place) ? 2.4 : 1.1 }),
      ...spots.map((trial, i) => values[i] === null
        ? text(x(trial + 1), floor + lane(search) + 9, "×", { class: "failed", "text-anchor": "middle", style: { fill: paint } })
        : s("circle", { cx: x(trial + 1), cy: y(values[i]), r: pinned(place) ? 2.8 : 2, fill: paint, "fill-opacity": 0.55 })));
  };
  const coloured = drawn.filter(({ place, best }, i) => pinned(place) && best.at(-1) !== null && (!i || drawn[i - 1].place !== place));
  const ends = apart(coloured.map(({ place, best }) => ({ place, y: y(best.at(-1)) + 4 })), 15, top + 8, bottom);
  const legend = h("ul", { class: "legend" }, ...coloured.map(({ place }) => h("li", {}, h("span", { class: "swatch", style: { background: colour(place) } }), methods[place].label)));
  const searched = new Set(drawn.map(({ place }) => place)).size;
  const drawing = svg(width, height, `Best validation ${data.tried} so far over the trials of the searches for ${searched} methods.`,
    ...leftAxis(y, ticks(low, high, 5), left, right),
    ...bottomAxis(x, ticks(1, last, (right - left) / 60).filter((tick) => Number.isInteger(tick) && tick >= 1), top, bottom, "trial", (left + right) / 2),
    ...behindFirst(drawn, ({ place }) => place).map(one),
    ...(room > 8 ? ends.map((label) => text(right + 8, label.y, cut(methods[label.place].label, room), { style: { fill: colour(label.place) } })) : []));
  searchWords(few, failing.length);
  return room > 8 ? drawing : [drawing, legend];
}
function searchWords(few, failing) {
  const dots = `Dots: the trials${few ? "" : " of the coloured methods"}.`;
  const crosses = failing ? " Crosses below: trials that failed, which count as tried." : "";
  at("search-words").textContent = `Lines: the best validation ${data.tried} so far, one a search. ${dots}${crosses} A trial is the mean of its folds; trial 1 is at the method’s defaults. No trial sees the test part, and none is among the replicates on the board.`;
}
if (methods.some(({ searches }) => searches.length)) {
  chart(at("search-plot"), drawSearch);
  numbers(at("search"), ["method", "search", "trial", "validation", "best so far"], () =>
    methods.flatMap(({ label, searches }) => searches.flatMap(({ search, trials, values, best }) =>
      trials.map((trial, i) => [label, String(search), String(trial + 1), values[i] === null ? "failed" : digits(values[i]), digits(best[i])]))));
} else absent("search");
