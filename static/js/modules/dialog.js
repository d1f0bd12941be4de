// [data-dialog="id"]: opens the dialog instead of following the link to the page that asks the same question.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog?.showModal) {
    event.preventDefault();
    dialog.showModal();
    return;
  }
  const shown = event.target.closest("dialog[open]");
  if (shown && (event.target === shown || event.target.closest("[data-close]"))) shown.close();
});
