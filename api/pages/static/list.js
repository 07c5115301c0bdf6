// A list of work orders or events: says when there is something new, and lets the reader choose.

import { follow, keepAges } from "/static/live.js";

const panel = document.querySelector("[data-topic]");
const count = panel.querySelector(".count");

follow({
  [panel.dataset.topic](id) {
    if (!id || document.getElementById("newer")) return;
    const link = document.createElement("a");
    link.id = "newer";
    link.href = location.pathname + location.search;
    link.textContent = "Something has changed: show it";
    link.setAttribute("role", "status");
    count.before(link);
  },
});
keepAges();
