// [data-sticky-until="#id"]: the bar is there only while the element it repeats is off screen.
for (const bar of document.querySelectorAll("[data-sticky-until]")) {
  const original = document.querySelector(bar.dataset.stickyUntil);
  if (!original) continue;
  new IntersectionObserver(([entry]) => {
    bar.hidden = entry.isIntersecting;
  }).observe(original);
}
