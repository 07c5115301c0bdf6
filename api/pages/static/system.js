// The system page: looks again every few seconds while somebody looks at it; settles dead letters.

import { follow, keepAges, released } from "/static/live.js";
import { post } from "/static/request.js";

const EVERY_MS = 3_000;
const main = document.getElementById("main");
let discarding = null;

async function refresh({ always = false } = {}) {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  await released();
  // A question that was opened meanwhile is not taken away.
  if (document.querySelector("dialog[open]")) return;
  if (always || !main.contains(document.activeElement)) {
    main.replaceChildren(...page.getElementById("main").childNodes);
    listen();
  }
}

// Buttons come disabled, so that none can be pressed before somebody listens.
function listen() {
  for (const button of main.querySelectorAll("[data-retry]")) {
    button.addEventListener("click", () => settle(button.dataset.retry, "retry", null));
    button.disabled = false;
  }
  const dialog = document.getElementById("ask-discard");
  for (const button of main.querySelectorAll("[data-discard]")) {
    button.addEventListener("click", () => {
      discarding = button.dataset.discard;
      dialog.showModal();
    });
    button.disabled = false;
  }
  dialog?.addEventListener("close", () => {
    const said = Object.fromEntries(new FormData(dialog.querySelector("form")));
    if (dialog.returnValue === "go") settle(discarding, "discard", said);
    dialog.returnValue = "";
  });
}

async function settle(letter, action, body) {
  const problem = await post(`/api/v1/dead-letters/${letter}/${action}`, { body });
  if (problem === null) await refresh({ always: true });
  else document.getElementById("refusal").textContent = problem;
}

setInterval(() => {
  if (!document.hidden && !document.querySelector("dialog[open]")) refresh();
}, EVERY_MS);
listen();
follow({});
keepAges();
