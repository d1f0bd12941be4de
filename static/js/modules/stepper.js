// [data-stepper]: plus and minus beside a number, held between its min and max.
function refresh(wrapper) {
  const input = wrapper.querySelector("input");
  for (const button of wrapper.querySelectorAll("[data-step]")) {
    const limit = button.dataset.step < 0 ? input.min : input.max;
    button.disabled = limit !== "" && input.valueAsNumber === Number(limit);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  if (!button) return;
  const wrapper = button.closest("[data-stepper]");
  const input = wrapper.querySelector("input");
  if (Number.isNaN(input.valueAsNumber)) input.value = input.min || 1;
  else if (button.dataset.step < 0) input.stepDown();
  else input.stepUp();
  input.dispatchEvent(new Event("change", { bubbles: true }));
});

document.addEventListener("change", (event) => {
  const wrapper = event.target.closest("[data-stepper]");
  if (wrapper) refresh(wrapper);
});

document.querySelectorAll("[data-stepper]").forEach(refresh);
