// [data-check-on-blur]: the browser's own message appears under a field when it is left, and goes once it is right.
const note = (field) => document.getElementById(`${field.id}_live`);

function describe(field, id, present) {
  const ids = new Set((field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
  if (present) ids.add(id);
  else ids.delete(id);
  if (ids.size) field.setAttribute("aria-describedby", [...ids].join(" "));
  else field.removeAttribute("aria-describedby");
}

function check(field) {
  const served = document.getElementById(`${field.id}_error`);
  if (field.validity.valid) {
    note(field)?.remove();
    describe(field, `${field.id}_live`, false);
    if (!served) field.removeAttribute("aria-invalid");
    return;
  }
  if (served) return;
  const message = note(field) ?? document.createElement("p");
  message.id = `${field.id}_live`;
  message.className = "field-error";
  message.textContent = field.validationMessage;
  field.before(message);
  field.setAttribute("aria-invalid", "true");
  describe(field, message.id, true);
}

for (const form of document.querySelectorAll("[data-check-on-blur]")) {
  form.addEventListener("focusout", ({ target }) => {
    if (target.matches(".field > :is(input, select, textarea)") && target.id && target.value !== "") check(target);
  });
  form.addEventListener("input", ({ target }) => {
    if (target.id && note(target)) check(target);
  });
}
