// The register: a new asset, and a table of assets that is looked at before it is taken in.

import { letAct } from "/static/act.js";
import { follow, keepAges } from "/static/live.js";

const button = document.getElementById("take-table");
const input = document.getElementById("table");
const result = document.getElementById("import-result");
const refusal = document.getElementById("refusal");

async function send(file, dryRun) {
  const response = await fetch(`/api/v1/asset-table?dry_run=${dryRun}`, {
    method: "POST",
    headers: { "Content-Type": "text/csv" },
    body: file,
  }).catch(() => null);
  if (!response) return { problem: "The server cannot be reached. Try again in a moment." };
  const body = await response.json().catch(() => ({}));
  return response.ok ? { body } : { problem: body.detail ?? `refused (${response.status})`, errors: body.errors };
}

function list(lines) {
  const found = document.createElement("ul");
  found.className = "body";
  for (const line of lines) found.appendChild(document.createElement("li")).textContent = line;
  return found;
}

async function look() {
  const [file] = input.files;
  if (!file) return;
  refusal.textContent = "";
  result.replaceChildren();
  const { body, problem, errors } = await send(file, true);
  if (problem) {
    refusal.textContent = errors ? `${file.name} is refused whole: ${errors.length} to correct.` : problem;
    if (errors) result.append(list(errors.slice(0, 200).map(({ field, message }) => `${field}: ${message}`)));
    return;
  }
  const says = body.changes.map(({ kind, tag, fields }) => `${kind} ${tag}${fields.length ? `: ${fields.join(", ")}` : ""}`);
  result.append(list([`${says.length} to change, ${body.unchanged} unchanged`, ...says.slice(0, 200)]));
  if (!says.length) return;
  const take = document.createElement("button");
  take.className = "do first";
  take.textContent = `Import ${file.name}`;
  take.addEventListener("click", async () => {
    take.disabled = true;
    const { problem: refused } = await send(file, false);
    if (refused) refusal.textContent = refused;
    else location.reload();
  });
  const tools = document.createElement("div");
  tools.className = "tools body";
  tools.append(take);
  result.append(tools);
  take.focus();
}

if (button) {
  button.addEventListener("click", () => {
    input.value = "";
    input.click();
  });
  input.addEventListener("change", look);
  button.disabled = false;
}
letAct();
follow({});
keepAges();
