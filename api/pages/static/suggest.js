// What may help, while somebody types what is wrong: articles and finished orders, with the reason.

import { paced } from "/static/live.js";

const PACE_MS = 400;

/** Show in `list` what helps with the text of `input`; `about()` gives more, such as the asset. */
export function suggest(input, list, about = () => ({})) {
  let newest = 0;
  const look = paced(async () => {
    const asked = ++newest;
    const text = input.value.trim();
    const found = text.length > 2 ? await ask({ text, ...about() }) : { articles: [], orders: [] };
    if (asked === newest && found) show(list, found);
  }, PACE_MS);
  input.addEventListener("input", look);
  return look;
}

async function ask(report) {
  const response = await fetch(`/api/v1/knowledge/recommendations?${new URLSearchParams(report)}`).catch(() => null);
  return response?.ok ? response.json() : null;
}

function show(list, { articles, orders }) {
  const rows = [
    ...articles.map((one) => row(`/knowledge/${one.code}`, "article", one.title, one.because)),
    ...orders.map((one) => row(`/work-orders/${one.number}`, one.number, one.title, one.resolution || one.because)),
  ];
  list.replaceChildren(...rows);
}

function row(address, kind, title, because) {
  const item = document.createElement("li");
  const link = item.appendChild(document.createElement("a"));
  link.className = "row";
  link.href = address;
  const parts = [["pill", kind], ["what", ""]];
  for (const [name, text] of parts) {
    const part = link.appendChild(document.createElement("span"));
    part.className = name;
    part.textContent = text;
  }
  const what = link.lastElementChild;
  what.appendChild(document.createElement("b")).textContent = title;
  const sub = what.appendChild(document.createElement("span"));
  sub.className = "sub";
  sub.textContent = because;
  return item;
}
