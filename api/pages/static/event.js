// A condition event's page: its chart, and the button that says that somebody has seen it.

import { drawEvidence } from "/static/evidence.js";
import { follow, keepAges } from "/static/live.js";
import { post } from "/static/request.js";

const { id } = document.getElementById("actions").dataset;
const button = document.getElementById("acknowledge");

// It comes disabled, so that it cannot be pressed before somebody listens.
if (button) button.disabled = false;
button?.addEventListener("click", async () => {
  button.disabled = true;
  const problem = await post(`/api/v1/condition-events/${id}/acknowledge`);
  if (problem === null) {
    location.reload();
    return;
  }
  button.disabled = false;
  document.getElementById("refusal").textContent = problem;
});

drawEvidence();
follow({
  condition_event(changed) {
    if (changed === id) location.reload();
  },
});
keepAges();
