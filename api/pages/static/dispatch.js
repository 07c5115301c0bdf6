// The board for dispatch: an order is given to somebody by its menu, or by dragging it to a column.

import { follow, paced, released } from "/static/live.js";

const board = document.getElementById("board");
const refusal = document.getElementById("refusal");
const dialog = document.getElementById("ask-why");
const byPerson = board.dataset.query.startsWith("by=people");

// What somebody has hold of is not drawn anew under their hand; what was missed is drawn afterwards.
let stale = false;
const busy = () => dialog.open || board.querySelector(".dragged") !== null;

const refresh = paced(async () => {
  stale = busy();
  if (stale) return;
  const response = await fetch(`/dispatch/board?${board.dataset.query}`, { headers: { Accept: "text/html" } });
  if (response.redirected) {
    location.reload();
    return;
  }
  if (!response.ok) return;
  const drawn = await response.text();
  await released();
  stale = busy();
  if (stale) return;
  const active = document.activeElement;
  const focused = board.contains(active) ? (active.dataset.give ?? null) : null;
  board.innerHTML = drawn;
  letGive();
  if (focused) board.querySelector(`[data-give="${CSS.escape(focused)}"]`)?.focus();
}, 500);

/** Nobody has hold of anything any more: draw what was missed meanwhile. */
function letGo() {
  if (stale && !busy()) refresh();
}

/** Menus come disabled, so that none can be used before somebody listens. */
function letGive() {
  for (const menu of board.querySelectorAll("[data-give]")) {
    const before = menu.value;
    menu.addEventListener("change", () => {
      const name = menu.selectedOptions[0].textContent;
      ask(menu.closest(".job"), menu.value, name, () => (menu.value = before));
    });
    menu.disabled = false;
  }
}

/** Ask for a reason, then give the order away; `undo` where it is left. */
function ask(job, code, name, undo) {
  document.getElementById("ask-why-what").textContent = `${job.dataset.number} to ${name}`;
  dialog.returnValue = "";
  dialog.querySelector("textarea").value = "";
  dialog.addEventListener(
    "close",
    () => {
      if (dialog.returnValue === "go") give(job, code || null, dialog.querySelector("textarea").value, undo);
      else undo();
      letGo();
    },
    { once: true },
  );
  dialog.showModal();
}

async function give(job, assignee, reason, undo) {
  refusal.textContent = "";
  const response = await fetch(`/api/v1/work-orders/${job.dataset.number}/assignee`, {
    method: "PUT",
    headers: { "Content-Type": "application/json", "If-Match": `"${job.dataset.version}"` },
    body: JSON.stringify({ assignee, reason }),
  }).catch(() => null);
  if (!response?.ok) {
    undo();
    const problem = await response?.json().catch(() => ({}));
    refusal.textContent = problem?.detail ?? "The server cannot be reached. Try again in a moment.";
  }
  refresh();
}

if (byPerson) {
  board.addEventListener("dragstart", (event) => {
    const job = event.target.closest(".job");
    if (!job) return;
    event.dataTransfer.setData("text/plain", job.dataset.number);
    event.dataTransfer.effectAllowed = "move";
    job.classList.add("dragged");
  });
  board.addEventListener("dragend", (event) => {
    event.target.closest(".job")?.classList.remove("dragged");
    for (const lane of board.querySelectorAll(".over")) lane.classList.remove("over");
    letGo();
  });
  board.addEventListener("dragover", (event) => {
    const lane = event.target.closest(".lane");
    if (!lane) return;
    event.preventDefault();
    for (const one of board.querySelectorAll(".lane")) one.classList.toggle("over", one === lane);
  });
  board.addEventListener("drop", (event) => {
    const lane = event.target.closest(".lane");
    const job = document.getElementById(`job-${event.dataTransfer.getData("text/plain")}`);
    if (!lane || !job) return;
    event.preventDefault();
    lane.classList.remove("over");
    job.classList.remove("dragged");
    if (job.closest(".lane") === lane) return;
    const name = lane.querySelector("h2").firstChild.textContent;
    ask(job, lane.dataset.lane, name, () => {});
  });
}

letGive();
follow({ work_order: refresh, poll: refresh });
