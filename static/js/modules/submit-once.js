// [data-once]: a second submit of the same form is ignored. The buttons stay enabled, so that the value of the
// pressed one is sent and focus is kept. A page that comes back from the back/forward cache starts afresh.
const BUSY = "aria-busy";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.getAttribute(BUSY) === "true") {
    event.preventDefault();
    return;
  }
  // After the other listeners: one of them may have stopped this submit.
  setTimeout(() => {
    if (!event.defaultPrevented) form.setAttribute(BUSY, "true");
  });
});

addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("[data-once]")) form.removeAttribute(BUSY);
});
