// A request's page: triage, and what a requester says.

import { follow, keepAges } from "/static/live.js";
import { post } from "/static/request.js";

const { number, version } = document.getElementById("triage").dataset;
const refusal = document.getElementById("refusal");

for (const button of document.querySelectorAll("[data-step]")) {
  button.addEventListener("click", () => {
    const dialog = button.dataset.asks && document.getElementById(button.dataset.asks);
    if (!dialog) {
      act(button, fixedIn(button));
      return;
    }
    dialog.returnValue = "";
    dialog.addEventListener(
      "close",
      () => {
        if (dialog.returnValue === "go") act(button, { ...said(dialog), ...fixedIn(button) });
      },
      { once: true },
    );
    dialog.showModal();
  });
  button.disabled = false;
}

function fixedIn(button) {
  if (button.dataset.first) return { first: button.dataset.first };
  return button.dataset.fixed ? { fixed: button.dataset.fixed === "yes" } : {};
}

function said(dialog) {
  const body = {};
  for (const field of dialog.querySelectorAll("[name]")) {
    if (field.value) body[field.name] = "number" in field.dataset ? Number(field.value) : field.value;
  }
  return body;
}

async function act(button, body) {
  refusal.textContent = "";
  button.disabled = true;
  const problem = await post(`/api/v1/requests/${number}/${button.dataset.step}`, { body, version });
  if (problem === null) {
    location.reload();
    return;
  }
  refusal.textContent = problem;
  button.disabled = false;
}

follow({});
keepAges();
