// A long chart shows its first thirty methods, and the coloured ones of the rest, until asked for all.
const FOLD = 30;
const unfolded = new Set();

function folded(name, list, of) {
  const shown = unfolded.has(name) ? list : list.filter((entry, place) => place < FOLD || pinned(of(entry)));
  const button = at(`${name}-fold`);
  button.parentNode.hidden = list.length <= FOLD;
  button.textContent = unfolded.has(name) ? `Show the first ${FOLD}` : `Show all ${list.length}`;
  at(`${name}-folded`).textContent = shown.length < list.length
    ? `${shown.length} of ${list.length} methods are drawn: the first ${FOLD}, and any that is coloured.`
    : `All ${list.length} methods are drawn.`;
  return shown;
}
function foldable(name, again) {
  at(`${name}-fold`).addEventListener("click", () => {
    if (!unfolded.delete(name)) unfolded.add(name);
    again();
  });
}
