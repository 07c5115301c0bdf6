// Makes a work order. Sent again after a lost answer, it is the same order.

import { said } from "/static/form.js";
import { keyOf, send } from "/static/request.js";

const form = document.getElementById("new");
const make = document.getElementById("make");
const refusal = document.getElementById("refusal");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  make.disabled = true;
  refusal.textContent = "";
  const body = said(form);
  const key = keyOf("/api/v1/work-orders", body);
  const { problem, body: order } = await send("POST", "/api/v1/work-orders", body, { key });
  if (problem === null) {
    location.assign(`/work-orders/${order.number}`);
    return;
  }
  refusal.textContent = problem;
  make.disabled = false;
});
make.disabled = false;
