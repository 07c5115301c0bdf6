// A table that is looked at before it is taken in: first what each row would do, then a button.

const MOST_SHOWN = 500;
const button = document.getElementById("take-table");
const input = document.getElementById("table");
const refusal = document.getElementById("refusal");
const result = document.getElementById("import-result");
const go = document.getElementById("import-go");
let chosen = null;

/**
 * Let a file be chosen. `send(file, dryRun)` gives what the server said of it: `problem` where it
 * takes nothing, `says` in a sentence, `head` and `rows` of a table, and whether there is something `todo`.
 */
export function letImport(send) {
  if (!button) return;
  button.addEventListener("click", () => {
    input.value = "";
    input.click();
  });
  input.addEventListener("change", () => look(send));
  go.addEventListener("click", () => take(send));
  document.getElementById("import-no").addEventListener("click", () => {
    result.hidden = true;
    button.focus();
  });
  button.disabled = false;
}

async function look(send) {
  [chosen] = input.files;
  if (!chosen) return;
  button.disabled = true;
  const found = await send(chosen, true);
  button.disabled = false;
  show(found);
  (found.todo ? go : button).focus();
}

function show({ problem = "", says = "", head = [], rows = [], todo = false }) {
  refusal.textContent = problem;
  document.getElementById("import-says").textContent = says;
  document.getElementById("import-head").replaceChildren(...cells("th", head));
  const shown = rows.slice(0, MOST_SHOWN).map((row) => line(row));
  if (rows.length > MOST_SHOWN) shown.push(line([`and ${rows.length - MOST_SHOWN} more`]));
  document.getElementById("import-rows").replaceChildren(...shown);
  go.hidden = !todo;
  result.hidden = !says;
}

function line(row) {
  const made = document.createElement("tr");
  made.append(...cells("td", row));
  return made;
}

function cells(tag, texts) {
  return texts.map((text) => {
    const cell = document.createElement(tag);
    if (tag === "th") cell.scope = "col";
    cell.textContent = text;
    return cell;
  });
}

async function take(send) {
  go.disabled = true;
  const found = await send(chosen, false);
  go.disabled = false;
  if (found.problem || found.refused) show(found);
  else location.reload();
}

/** The answer to a request: `body` where it was taken, else `problem` and what was `wrong`. */
export async function ask(address, options) {
  const response = await fetch(address, { method: "POST", ...options }).catch(() => null);
  if (!response) return { problem: "The server cannot be reached. Try again in a moment." };
  const body = await response.json().catch(() => ({}));
  return response.ok ? { body } : { problem: body.detail ?? `refused (${response.status})`, wrong: body.errors };
}
