// The list of work orders: says when there is something new, and does one thing to several of them.

import "/static/list.js";
import { send } from "/static/request.js";

const action = document.getElementById("bulk-action");
if (action) {
  const go = document.getElementById("bulk-go");
  const said = document.getElementById("bulk-said");
  const refusal = document.getElementById("refusal");
  const choices = [...document.querySelectorAll("[data-number]")];
  const chosen = () => choices.filter((box) => box.checked);
  const ready = () => {
    go.disabled = chosen().length === 0;
  };

  go.addEventListener("click", async () => {
    go.disabled = true;
    refusal.textContent = "";
    const orders = chosen().map(({ dataset }) => ({ number: dataset.number, version: Number(dataset.version) }));
    const body = action.value === "assignee" ? { orders, assignee: said.value || null } : { orders, reason: said.value };
    const { problem, body: answer } = await send("POST", `/api/v1/work-orders/bulk/${action.value}`, body);
    if (problem === null) location.reload();
    else refusal.textContent = [problem, ...(answer?.refused ?? []).map((row) => row.detail)].join(" \u00b7 ");
    ready();
  });
  for (const box of choices) {
    box.addEventListener("change", ready);
    box.disabled = false;
  }
  action.disabled = said.disabled = false;
  ready();
}
