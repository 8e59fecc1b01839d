// Sort a table by the column whose heading is pressed; once more turns the order round.
"use strict";
(() => {
  const valueOf = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();

  function compare(a, b) {
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
  }

  function sort(heading) {
    const table = heading.closest("table");
    const column = heading.cellIndex;
    const first = heading.classList.contains("number") ? "descending" : "ascending";
    const second = first === "descending" ? "ascending" : "descending";
    const order = heading.getAttribute("aria-sort") === first ? second : first;
    for (const other of table.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row, column), row]);
    // cells without a value stay last in either order
    rows.sort(([a], [b]) => (a === "") - (b === "") || sign * compare(a, b));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }

  for (const button of document.querySelectorAll(".sortable .sort")) {
    button.addEventListener("click", () => sort(button.closest("th")));
  }
})();
