// Learning curves: the mean over runs, solid while all runs are in it and thin when some stopped.
function curvePath(points, x, y) {
  return points.map((p, i) => `${i ? "L" : "M"}${x(p[0]).toFixed(1)} ${y(p[1]).toFixed(1)}`).join("");
}
function drawCurves(width) {
  const drawn = methods.map((method, place) => ({ place, curve: method.curve })).filter(({ curve }) => curve.length > 1);
  const coloured = drawn.filter(({ place }) => pinned(place));
  const room = width > 560 ? 150 : 8, left = 44, right = width - room, top = 8, height = Math.max(260, Math.min(400, width * 0.5)), bottom = height - 44;
  const all = drawn.flatMap(({ curve }) => curve.flatMap((p) => [p[2], p[3]]));
  const [low, high] = padded(all, 0.03), steps = drawn.flatMap(({ curve }) => curve.map((p) => p[0]));
  const x = scale(Math.min(...steps), Math.max(...steps), left, right), y = scale(low, high, bottom, top);
  const one = ({ place, curve }) => {
    const full = curve.filter((p) => p[4] === curve[0][4]), paint = colour(place), thin = curve.slice(full.length - 1);
    const band = full.map((p) => `${x(p[0])},${y(p[3])}`).concat([...full].reverse().map((p) => `${x(p[0])},${y(p[2])}`));
    return s("g", {}, title(`${methods[place].label}: ${digits(curve.at(-1)[1])} at step ${curve.at(-1)[0]}`),
      pinned(place) ? s("polygon", { points: band.join(" "), fill: paint, "fill-opacity": 0.12 }) : "",
      s("path", { d: curvePath(full, x, y), fill: "none", stroke: paint, "stroke-width": pinned(place) ? 2.4 : 1.1 }),
      thin.length > 1 ? s("path", { d: curvePath(thin, x, y), fill: "none", stroke: paint, "stroke-width": pinned(place) ? 2 : 1, "stroke-dasharray": "3 3" }) : "",
      ...(pinned(place) ? curve.map((p) => s("circle", { cx: x(p[0]), cy: y(p[1]), r: 2.8, fill: paint })) : []));
  };
  const ends = apart(coloured.map(({ place, curve }) => ({ place, y: y(curve.at(-1)[1]) + 4 })), 15, top + 8, bottom);
  const legend = h("ul", { class: "legend" }, ...coloured.map(({ place }) => h("li", {}, h("span", { class: "swatch", style: { background: colour(place) } }), methods[place].label)));
  const drawing = svg(width, height, `Validation ${data.validated} over training steps for ${drawn.length} methods.`,
    ...leftAxis(y, ticks(low, high, 5), left, right),
    ...bottomAxis(x, ticks(Math.min(...steps), Math.max(...steps), (right - left) / 90), top, bottom, "training step", (left + right) / 2),
    ...behindFirst(drawn, (entry) => entry.place).map(one),
    ...(room > 8 ? ends.map((label) => text(right + 8, label.y, cut(methods[label.place].label, room), { style: { fill: colour(label.place) } })) : []));
  return room > 8 ? drawing : [drawing, legend];
}
const learning = methods.some((method) => method.curve.length > 1);
if (learning) {
  chart(at("learning-plot"), drawCurves);
  at("learning-words").textContent = `Validation ${data.validated} on held-out training classes, mean over all runs done; bands from the lowest replicate to the highest, folds averaged. Dashed where some runs had stopped early, so that the mean is of fewer. The vertical scale is not that of the test scores.`;
  numbers(at("learning"), ["method", "step", "mean", "lowest replicate", "highest replicate", "runs"], () =>
    methods.flatMap((method) => method.curve.map(([step, ...rest]) => [method.label, String(step), ...rest.slice(0, 3).map((v) => digits(v)), String(rest[3])])));
} else absent("learning");
