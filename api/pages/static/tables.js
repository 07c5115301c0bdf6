// Tables on a phone: each row becomes a block, and each cell says the heading of its column.

const TOO_WIDE = 4;
const A_LINE = 28;

/** A row that is no row of a table any more for the eye stays one for whoever has it read out. */
function stack(table) {
  const headings = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  if (headings.length < TOO_WIDE) return;
  table.classList.add("stacked");
  table.setAttribute("role", "table");
  for (const row of table.rows) {
    row.setAttribute("role", "row");
    for (const cell of row.cells) cell.setAttribute("role", cell.tagName === "TD" ? "cell" : "columnheader");
  }
  for (const body of table.tBodies) {
    for (const row of body.rows) label(row, headings);
  }
}

function label(row, headings) {
  let column = 0;
  for (const cell of row.cells) {
    const acts = cell.querySelector("button") !== null;
    if (column > 0 && !acts && cell.textContent.trim()) cell.dataset.label = headings[column];
    cell.classList.toggle("wide", acts || cell.textContent.trim().length > A_LINE);
    column += cell.colSpan;
  }
}

for (const table of document.querySelectorAll("main table.table")) {
  if (table.tHead?.rows.length === 1) stack(table);
}
