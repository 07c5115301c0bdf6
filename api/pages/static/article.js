// An article: its files, and whether it helped.

import { letAct } from "/static/act.js";
import { letAttach } from "/static/files.js";
import { follow } from "/static/live.js";
import { send } from "/static/request.js";

const vote = document.getElementById("vote");
for (const button of vote?.querySelectorAll("button") ?? []) {
  button.addEventListener("click", async () => {
    const said = { useful: button.dataset.useful === "true" };
    const { problem } = await send("PUT", `/api/v1/articles/${vote.dataset.code}/vote`, said);
    if (problem === null) location.reload();
    document.getElementById("refusal").textContent = problem ?? "";
  });
  button.disabled = false;
}

letAct();
letAttach();
follow({});
