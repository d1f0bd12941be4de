// [data-autosubmit]: changing a select sends its form. The button beside it is hidden by the js mark alone.
document.addEventListener("change", (event) => {
  if (!event.target.matches("select")) return;
  const form = event.target.closest("form");
  if (form?.matches("[data-autosubmit]") || event.target.matches("[data-autosubmit]")) form.requestSubmit();
});
