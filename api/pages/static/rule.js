// A rule's page: versions are tried, activated and retired by their buttons.

import { follow, keepAges } from "/static/live.js";
import { post } from "/static/request.js";

const { rule } = document.getElementById("versions").dataset;
const buttons = [...document.querySelectorAll("[data-action]")];

async function move(button) {
  for (const other of buttons) other.disabled = true;
  const { action, version } = button.dataset;
  const reason = document.getElementById("reason").value;
  const problem = await post(`/api/v1/rule-versions/${rule}/${version}/${action}`, { body: { reason } });
  if (problem === null) {
    location.reload();
    return;
  }
  for (const other of buttons) other.disabled = false;
  document.getElementById("refusal").textContent = problem;
}

// They come disabled, so that none can be pressed before somebody listens.
for (const button of buttons) {
  button.addEventListener("click", () => move(button));
  button.disabled = false;
}

follow({});
keepAges();
