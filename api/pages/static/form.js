// What a form says, as the API takes it.

/** The fields of a form: `a.b` is b inside a; empty ones are left out, or null where `data-null`. */
export function said(form) {
  const body = {};
  for (const field of form.querySelectorAll("[name]")) {
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

function said_of(item) {
  return Object.fromEntries([...item.querySelectorAll("[name]")].map((field) => [field.name, field.value]));
}

function put(body, field) {
  const value = valueOf(field);
  if (value === undefined) return;
  const [name, inner] = field.name.split(".");
  if (inner === undefined) body[name] = value;
  else (body[name] ??= {})[inner] = value;
}

function valueOf(field) {
  const text = field.value.trim();
  if (text === "") return "null" in field.dataset ? null : "keep" in field.dataset ? "" : undefined;
  if (field.type === "datetime-local") return new Date(text).toISOString();
  return "number" in field.dataset ? Number(text) : field.value;
}
