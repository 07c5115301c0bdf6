// Begin a walk along a round, or go on with the one that is not over.

import { follow, keepAges } from "/static/live.js";
import { send } from "/static/request.js";

const refusal = document.getElementById("refusal");

for (const button of document.querySelectorAll("[data-walk]")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    const { problem, body } = await send("POST", `/api/v1/rounds/${button.dataset.walk}/walks`);
    if (problem === null) location.assign(`/work-orders/${body.number}/steps`);
    refusal.textContent = problem ?? "";
    button.disabled = false;
  });
  button.disabled = false;
}

follow({});
keepAges();
