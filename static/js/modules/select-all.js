// [data-select-all]: the checkbox in a table's head ticks the rows of this page.
document.addEventListener("change", (event) => {
  const table = event.target.closest("table");
  const all = table?.querySelector("[data-select-all]");
  if (!all || event.target.type !== "checkbox") return;
  const rows = [...table.querySelectorAll("tbody input[type=checkbox]:not(:disabled)")];
  if (event.target === all) rows.forEach((row) => (row.checked = all.checked));
  const ticked = rows.filter((row) => row.checked).length;
  all.checked = ticked === rows.length && ticked > 0;
  all.indeterminate = ticked > 0 && ticked < rows.length;
});
