// The system page: looks again every few seconds while somebody looks at it.

import { follow, keepAges } from "/static/live.js";

const EVERY_MS = 3_000;

async function refresh() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const main = document.getElementById("main");
  if (!main.contains(document.activeElement)) {
    main.replaceChildren(...page.getElementById("main").childNodes);
  }
}

setInterval(() => {
  if (!document.hidden) refresh();
}, EVERY_MS);
follow({});
keepAges();
