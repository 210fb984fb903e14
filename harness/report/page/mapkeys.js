// Moving among the samples of a map by the keyboard.
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// The nearest spot that lies more that way than aside, null if there is none.
function nextThatWay([dx, dy], spots, from) {
  let found = null, least = Infinity;
  spots.forEach(([x, y], i) => {
    const [right, down] = [x - spots[from][0], y - spots[from][1]];
    const along = right * dx + down * dy, aside = Math.abs(right * dy) + Math.abs(down * dx);
    if (along <= 0 || aside > along || along + aside >= least) return;
    [found, least] = [i, along + aside];
  });
  return found;
}
// Arrows go by place; Page Down and Page Up by group, so that no sample is out of reach.
function keyedTo(key, spots, from) {
  if (key in WAYS) return nextThatWay(WAYS[key], spots, from);
  const turn = { PageDown: from + 1, PageUp: from - 1, Home: 0, End: spots.length - 1 }[key];
  return turn in spots ? turn : null;
}
const MAP_KEYS = new Set([...Object.keys(WAYS), "PageDown", "PageUp", "Home", "End"]);
