// Makes a work order. Sent again after a lost answer, it is the same order.

import { said } from "/static/form.js";
import { send } from "/static/request.js";

const form = document.getElementById("new");
const make = document.getElementById("make");
const refusal = document.getElementById("refusal");
let asked = null;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  make.disabled = true;
  refusal.textContent = "";
  const body = said(form);
  const words = JSON.stringify(body);
  if (asked?.words !== words) asked = { words, key: newKey() };
  const { problem, body: order } = await send("POST", "/api/v1/work-orders", body, { key: asked.key });
  if (problem === null) {
    location.assign(`/work-orders/${order.number}`);
    return;
  }
  refusal.textContent = problem;
  make.disabled = false;
});
make.disabled = false;

// randomUUID is not there on a page that came over plain HTTP.
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
