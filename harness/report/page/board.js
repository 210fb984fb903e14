// Sorting and filtering the leaderboard, by mouse and keyboard alike: headings are buttons.
const body = document.querySelector("#board tbody");
const rows = [...body.rows];
const batchColumn = document.querySelector("#board th[data-key=declared]").cellIndex;

const cellValue = (row, column) => row.cells[column].dataset.value ?? "";

function sortBy(heading, direction) {
  const column = heading.cellIndex;
  const numeric = heading.querySelector("button").dataset.kind === "number";
  const turn = direction === "ascending" ? 1 : -1;
  const compare = (a, b) => {
    const left = cellValue(a, column), right = cellValue(b, column);
    if (left === "" || right === "") return (left === "") - (right === ""); // the unknown last, either way
    return turn * (numeric ? left - right : left.localeCompare(right)) || rows.indexOf(a) - rows.indexOf(b);
  };
  for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", direction);
  body.append(...[...rows].sort(compare));
}
document.querySelector("#board thead").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const heading = button.closest("th");
  const before = heading.getAttribute("aria-sort");
  const first = button.dataset.kind === "number" ? "descending" : "ascending";
  const second = first === "ascending" ? "descending" : "ascending";
  sortBy(heading, before === first ? second : first);
});

function filterRows() {
  const words = at("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const batch = at("batch").value;
  let shown = 0;
  for (const row of rows) {
    const all = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => all.includes(word)) || (batch !== "" && cellValue(row, batchColumn) !== batch);
    shown += !row.hidden;
    if (row.hidden) hidden.add(+row.dataset.method);
    else hidden.delete(+row.dataset.method);
  }
  redraw();
  at("shown").textContent = shown === rows.length ? `${rows.length} methods` : `${shown} of ${rows.length} methods`;
}
const batches = [...new Set(rows.map((row) => cellValue(row, batchColumn)))].sort();
options(at("batch"), batches.map((name) => [name, name]));
at("batch").parentNode.hidden = batches.length < 2;
at("filter").addEventListener("input", filterRows);
at("batch").addEventListener("change", filterRows);
for (const form of document.forms) form.addEventListener("submit", (event) => event.preventDefault());
filterRows();
