// A work order's page: its chart, its actions, and word of what others do to it meanwhile.

import { drawEvidence } from "/static/evidence.js";
import { follow, keepAges } from "/static/live.js";
import { post } from "/static/request.js";

const actions = document.getElementById("actions");
const { number, version, id } = actions.dataset;
const refusal = document.getElementById("refusal");
let acting = false;

// Buttons come disabled, so that none can be pressed before somebody listens.
for (const button of actions.querySelectorAll("[data-action]")) {
  button.addEventListener("click", () => {
    const dialog = button.dataset.asks && document.getElementById(`ask-${button.dataset.asks}`);
    if (dialog) dialog.showModal();
    else act(button.dataset.action, null);
  });
  button.disabled = false;
}

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "go") {
      const said = Object.fromEntries(new FormData(dialog.querySelector("form")));
      act(dialog.id.replace("ask-", ""), said);
    }
    dialog.returnValue = "";
  });
}

async function act(action, body) {
  acting = true;
  refusal.textContent = "";
  for (const button of actions.querySelectorAll("button")) button.disabled = true;
  const problem = await post(`/api/v1/work-orders/${number}/${action}`, { body, version });
  if (problem === null) {
    location.reload();
    return;
  }
  acting = false;
  refusal.textContent = problem;
  for (const button of actions.querySelectorAll("button")) button.disabled = false;
  lookForChange();
}

async function lookForChange() {
  if (acting) return;
  const response = await fetch(`/api/v1/work-orders/${number}`).catch(() => null);
  if (!response?.ok || response.headers.get("ETag") === `"${version}"`) return;
  document.getElementById("changed").hidden = false;
}

document.getElementById("reload").addEventListener("click", () => location.reload());
drawEvidence();
follow({
  work_order(changed) {
    if (changed === id || changed === "") lookForChange();
  },
  poll: lookForChange,
});
keepAges();
