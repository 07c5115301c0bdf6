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
