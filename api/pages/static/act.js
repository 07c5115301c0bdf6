// Buttons that do something over the API: `data-post` says where, `data-asks` which dialog comes first.

import { fill, said } from "/static/form.js";
import { keyOf, send } from "/static/request.js";

const refusal = document.getElementById("refusal");

/** Let every button of the page act. They come disabled: none can be pressed before this. */
export function letAct() {
  for (const button of document.querySelectorAll("[data-post]")) {
    button.addEventListener("click", () => {
      const dialog = button.dataset.asks && document.getElementById(button.dataset.asks);
      if (dialog) ask(dialog, button);
      else act(button, null);
    });
    button.disabled = false;
  }
}

function ask(dialog, button) {
  dialog.returnValue = "";
  fill(dialog, button);
  dialog.addEventListener(
    "close",
    () => {
      if (dialog.returnValue === "go") act(button, said(dialog.querySelector("form")));
    },
    { once: true },
  );
  dialog.showModal();
}

/**
 * What a form says, as the API takes it: numbers where `data-number`, moments where `data-moment`;
 * nothing where it is empty, or null where `data-null`; what is checked of several `data-list` as a list.
 */
function said(form) {
  const body = {};
  for (const field of form.querySelectorAll("[name]:enabled")) {
    if ("list" in field.dataset) {
      if (field.checked) (body[field.name] ??= []).push(written(field));
    } else if (field.type === "checkbox") body[field.name] = field.checked;
    else if (field.value) body[field.name] = written(field);
    else if ("null" in (field.selectedOptions?.[0] ?? field).dataset) body[field.name] = null;
  }
  return body;
}

async function act(button, body) {
  refusal.textContent = "";
  button.disabled = true;
  const key = keyOf(button.dataset.post, body);
  const { method = "POST", version } = button.dataset;
  const { problem } = await send(method, button.dataset.post, body, { version, key });
  if (problem === null) {
    location.reload();
    return;
  }
  refusal.textContent = problem;
  button.disabled = false;
}

/** Is somebody about to say something? Then the page does not change under their hands. */
export function beingAsked() {
  return document.querySelector("dialog[open]") !== null;
}
