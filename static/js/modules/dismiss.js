// [data-dismiss]: closes the notice it stands in.
document.addEventListener("click", (event) => {
  event.target.closest("[data-dismiss]")?.closest(".toast, .notice")?.remove();
});
