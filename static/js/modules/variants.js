// [data-variants]: choosing a variant changes the price shown on the page and the picture in front.
function show(radio) {
  for (const target of document.querySelectorAll("[data-price-target]")) {
    if (radio.dataset.price) target.textContent = radio.dataset.price;
  }
  for (const target of document.querySelectorAll("[data-was-target]")) {
    target.hidden = !radio.dataset.was;
    target.lastElementChild.textContent = radio.dataset.was ?? "";
  }
}

function picture(radio) {
  const index = radio.dataset.image;
  if (!index) return;
  const event = new CustomEvent("gallery:show", { detail: Number(index) });
  document.querySelector("[data-gallery]")?.dispatchEvent(event);
}

for (const form of document.querySelectorAll("[data-variants]")) {
  form.addEventListener("change", ({ target }) => {
    if (!target.matches("[type=radio][data-price]")) return;
    show(target);
    picture(target);
  });
  const chosen = form.querySelector("[type=radio][data-price]:checked");
  if (chosen) show(chosen);
}
