// [data-gallery]: thumbnails slide the strip instead of jumping the page, and the one in view is marked.
for (const gallery of document.querySelectorAll("[data-gallery]")) {
  const strip = gallery.querySelector("ol");
  const slides = [...strip.children];
  const thumbs = [...gallery.querySelectorAll("ul a")];
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  const show = (index) => {
    const slide = slides[index];
    if (!slide) return;
    strip.scrollTo({ left: slide.offsetLeft - strip.offsetLeft, behavior: calm.matches ? "auto" : "smooth" });
  };

  thumbs.forEach((thumb, index) => {
    thumb.addEventListener("click", (event) => {
      event.preventDefault();
      show(index);
    });
  });
  gallery.addEventListener("gallery:show", (event) => show(event.detail));

  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        thumbs.forEach((thumb, index) => {
          if (slides[index] === entry.target) thumb.setAttribute("aria-current", "true");
          else thumb.removeAttribute("aria-current");
        });
      }
    },
    { root: strip, threshold: 0.6 },
  );
  slides.forEach((slide) => observer.observe(slide));
}
