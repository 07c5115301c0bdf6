// Keeps the overview as the plant is: parts are fetched anew when something of theirs changed.

import { follow, keepAges, paced, released } from "/static/live.js";

const VALUES_EVERY_MS = 2_000;

const refresh = {
  assets: paced(() => replace("assets"), 1_000),
  events: paced(() => replace("events"), 300),
  orders: paced(() => replace("orders"), 300),
};

async function replace(part) {
  const response = await fetch(`/parts/${part}`, { headers: { Accept: "text/html" } });
  if (response.redirected) {
    location.reload();
    return;
  }
  if (!response.ok) return;
  const element = document.querySelector(`[data-part="${part}"]`);
  const text = await response.text();
  const wanted = document.createElement("div");
  wanted.innerHTML = text;
  await released();
  const before = new Set([...element.querySelectorAll("li[id]")].map((row) => row.id));
  const focused = element.contains(document.activeElement)
    ? document.activeElement.getAttribute("href")
    : null;
  element.replaceChildren(...wanted.childNodes);
  for (const row of element.querySelectorAll("li[id]")) {
    if (!before.has(row.id)) row.classList.add("new");
  }
  if (focused) element.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
  const count = element.querySelector("[data-count]");
  if (count) figure(count.dataset.count, parseInt(count.textContent, 10));
}

function figure(name, value) {
  const element = document.querySelector(`[data-figure="${name}"]`);
  const text = name === "readings_per_s" ? rate(value) : String(value);
  if (element && element.textContent !== text) element.textContent = text;
}

function rate(value) {
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("fr-FR");
}

follow({
  work_order() {
    refresh.orders();
    refresh.assets();
  },
  condition_event() {
    refresh.events();
    refresh.assets();
  },
  status(status) {
    for (const name of ["sources_connected", "sources_total", "readings_per_s"]) {
      figure(name, status[name]);
    }
    const off = status.sources_connected < status.sources_total;
    document.querySelector(".figure").classList.toggle("off", off);
  },
  poll() {
    Object.values(refresh).forEach((run) => run());
  },
});
keepAges();
setInterval(() => {
  if (!document.hidden) refresh.assets();
}, VALUES_EVERY_MS);
