// A work order's page: its chart, its actions, and word of what others do to it meanwhile.

import { drawEvidence } from "/static/evidence.js";
import { fill, fillMoments, said } from "/static/form.js";
import { follow, keepAges } from "/static/live.js";
import { keyOf, send } from "/static/request.js";

const { number, version, id } = document.getElementById("actions").dataset;
const order = `/api/v1/work-orders/${number}`;
const refusal = document.getElementById("refusal");
const buttons = [...document.querySelectorAll("[data-send]")];
let acting = false;

// Buttons come disabled, so that none can be pressed before somebody listens.
for (const button of buttons) {
  button.addEventListener("click", () => {
    const dialog = button.dataset.asks && document.getElementById(`ask-${button.dataset.asks}`);
    if (dialog) ask(dialog, button);
    else act(button, button.dataset.person ? { person: button.dataset.person } : null);
  });
}
enable();
fillMoments();

function enable() {
  for (const button of buttons) button.disabled = "never" in button.dataset;
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
  acting = true;
  refusal.textContent = "";
  for (const each of buttons) each.disabled = true;
  const sent = button.dataset.send;
  const address = sent.startsWith("/") ? sent : sent ? `${order}/${sent}` : order;
  const key = keyOf(address, body);
  const { problem } = await send(button.dataset.method ?? "POST", address, body, { version, key });
  settle(problem);
}

function settle(problem) {
  if (problem === null) {
    location.reload();
    return;
  }
  acting = false;
  refusal.textContent = problem;
  refusal.scrollIntoView({ block: "nearest" });
  enable();
  lookForChange();
}

const upload = document.getElementById("upload");
if (upload) {
  upload.disabled = false;
  upload.addEventListener("change", async () => {
    const [file] = upload.files;
    if (!file) return;
    acting = true;
    const query = new URLSearchParams({ subject: "order", key: number, name: file.name });
    const response = await fetch(`/api/v1/attachments?${query}`, { method: "POST", body: file }).catch(() => null);
    const told = response?.ok ? null : (await response?.json().catch(() => null))?.detail;
    settle(response?.ok ? null : (told ?? "The file could not be sent. Try again in a moment."));
  });
}

async function lookForChange() {
  if (acting) return;
  const response = await fetch(order).catch(() => null);
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
