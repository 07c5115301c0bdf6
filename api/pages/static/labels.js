// Labels to print.

import { follow } from "/static/live.js";

const button = document.getElementById("print");
button.addEventListener("click", () => print());
button.disabled = false;
follow({});
