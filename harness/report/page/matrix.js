// How alike classes are: the correlation of their mean embeddings, as in paper 003, Fig. 9.
function rgb(name) {
  const probe = h("span", { style: { color: `var(${name})` } });
  document.body.append(probe);
  const found = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  probe.remove();
  return found;
}
function matrixCard(panel, label) {
  const classes = embeddings.correlated, size = classes.length, raw = new Int8Array(bytes(panel.correlation).buffer);
  const canvas = h("canvas", { width: size, height: size, role: "img", "aria-label": `Correlations of ${size} class means under ${label}.` });
  const said = h("div", { class: "inspect", role: "status" }, strongest(raw, classes));
  const paint = () => {
    const [low, mid, high] = ["--low", "--mid", "--high"].map(rgb), picture = canvas.getContext("2d").createImageData(size, size);
    raw.forEach((value, i) => {
      const share = Math.abs(value) / 127, end = value < 0 ? low : high;
      mid.forEach((from, channel) => (picture.data[4 * i + channel] = from + (end[channel] - from) * share));
      picture.data[4 * i + 3] = 255;
    });
    canvas.getContext("2d").putImageData(picture, 0, 0);
  };
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    const [row, column] = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width].map((share) => Math.min(size - 1, Math.max(0, Math.floor(share * size))));
    said.textContent = `${className(classes[row])} and ${className(classes[column])}: ${digits(raw[row * size + column] / 127, 2)}`;
  };
  fill(canvas, { on: { pointermove: point, click: point } }, []);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  paint();
  return h("div", { class: "card" }, h("h3", {}, "Class correlation"), canvas, said,
    h("div", { class: "ramp", "aria-hidden": "true" }),
    h("p", { class: "quiet" }, `−1 to 1: Pearson’s correlation of class mean embeddings over their dimensions. ${size} classes in one order for all methods, alike ones together.`));
}
function strongest(raw, classes) {
  let best = null;
  for (let i = 0; i < classes.length; i++)
    for (let j = 0; j < i; j++) if (!best || raw[i * classes.length + j] > best[0]) best = [raw[i * classes.length + j], classes[i], classes[j]];
  const off = [...raw].filter((_, i) => Math.floor(i / classes.length) !== i % classes.length).sort((a, b) => a - b);
  return best ? `Median of two classes: ${digits(off[off.length >> 1] / 127, 2)}. Most alike: ${className(best[1])} and ${className(best[2])}, ${digits(best[0] / 127, 2)}.` : "";
}
