// The list of events as it is: fetched anew when an event changed, with the focus where it was.

import { follow, keepAges, paced, released } from "/static/live.js";

const list = document.getElementById("alarms");

const refresh = paced(async () => {
  const address = `/condition-events/rows?${list.dataset.query}`;
  const response = await fetch(address, { headers: { Accept: "text/html" } });
  if (response.redirected) {
    location.reload();
    return;
  }
  if (!response.ok) return;
  const wanted = document.createElement("div");
  wanted.innerHTML = await response.text();
  await released();
  const before = new Set([...list.querySelectorAll("li[id]")].map((row) => row.id));
  const active = document.activeElement;
  const focused = list.contains(active) ? active.getAttribute("href") : null;
  list.replaceChildren(...wanted.childNodes);
  for (const row of list.querySelectorAll("li[id]")) {
    if (!before.has(row.id)) row.classList.add("new");
  }
  if (focused) list.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
}, 500);

follow({ condition_event: refresh, poll: refresh });
keepAges();
