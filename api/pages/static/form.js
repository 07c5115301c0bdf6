// What a form says, as the API takes it.

/**
 * The fields of a form that can be filled in: `a.b` is b inside a; empty ones are left out, or null
 * where `data-null`; what is checked of several `data-list` is a list.
 */
export function said(form) {
  const body = {};
  for (const field of form.querySelectorAll("[name]:enabled")) {
    if (!field.closest("[data-item]")) put(body, field);
  }
  for (const item of form.querySelectorAll("[data-item]")) {
    const list = (body[item.dataset.item] ??= []);
    if (item.querySelector("input").value) list.push(said_of(item));
  }
  return body;
}

/** Write the moments of `data-moment` into their fields, in the reader's own time. */
export function fillMoments() {
  for (const field of document.querySelectorAll("[data-moment]")) {
    if (!field.dataset.moment) continue;
    const moment = new Date(field.dataset.moment);
    const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
    field.value = local.toISOString().slice(0, 16);
  }
}

/** Write what a button is about into the fields of the dialog that it opens. */
export function fill(form, button) {
  for (const [name, value] of Object.entries(JSON.parse(button.dataset.fill ?? "{}"))) {
    const field = form.querySelector(`[name="${name}"]`);
    if (field) field.value = value;
  }
}

/** What a field says: a number where `data-number`, cents where `data-minor`, a moment in UTC. */
export function written(field) {
  if ("number" in field.dataset) return Number(field.value);
  if ("boolean" in field.dataset) return field.value === "true";
  if ("decimal" in field.dataset) return field.value.trim().replace(",", ".");
  if ("minor" in field.dataset) return Math.round(Number(field.value.replace(",", ".")) * 100);
  return "moment" in field.dataset || field.type === "datetime-local" ? new Date(field.value).toISOString() : field.value;
}

function said_of(item) {
  return Object.fromEntries([...item.querySelectorAll("[name]")].map((field) => [field.name, field.value]));
}

function put(body, field) {
  if ("list" in field.dataset) {
    if (field.checked) (body[field.name] ??= []).push(written(field));
    return;
  }
  if (field.type === "checkbox") {
    body[field.name] = field.checked;
    return;
  }
  const value = valueOf(field);
  if (value === undefined) return;
  const [name, inner] = field.name.split(".");
  if (inner === undefined) body[name] = value;
  else (body[name] ??= {})[inner] = value;
}

function valueOf(field) {
  const text = field.value.trim();
  if (text === "") return "null" in (field.selectedOptions?.[0] ?? field).dataset ? null : "keep" in field.dataset ? "" : undefined;
  return written(field);
}
