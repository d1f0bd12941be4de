// [data-error-summary] takes focus when the page arrives, so that a screen reader starts with what is wrong.
const summary = document.querySelector("[data-error-summary]");
if (summary) {
  summary.focus();
  const title = document.title;
  if (!title.startsWith("Error: ")) document.title = `Error: ${title}`;
}
