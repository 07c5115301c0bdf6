// The steps of an order, one at a time: for a thumb, a keyboard, and places without a connection.

import { follow } from "/static/live.js";
import { Recordings, identity } from "/static/recordings.js";
import { send } from "/static/request.js";

const root = document.getElementById("steps");
const { number, id, person } = root.dataset;
const mayRecord = "may" in root.dataset;
const card = document.getElementById("step");
const list = document.getElementById("all-steps");
const status = document.getElementById("sent");
const refusals = document.getElementById("refusals");
const [previous, next] = [document.getElementById("previous"), document.getElementById("next")];

let steps = [];
let at = 0;

const recordings = new Recordings(person, {
  told(entry, step) {
    if (entry.number !== number) return;
    if (step) replace(step);
    else refresh();
  },
  changed: tell,
});

function element(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...inside.filter((each) => each !== null && each !== undefined && each !== ""));
  return made;
}

const WORDS = { open: "to do", passed: "done", alert: "unusual", failed: "failed", skipped: "skipped" };

/** Steps as they are once what waits on this device has arrived. */
function ahead(step) {
  const own = recordings.waiting().filter((entry) => entry.number === number && entry.position === step.position);
  return own.length ? { ...step, revision: step.revision + own.length, waiting: own.at(-1).body } : step;
}

function replace(step) {
  steps = steps.map((each) => (each.position === step.position ? step : each));
  redraw();
}

async function refresh() {
  const { problem, body } = await send("GET", `/api/v1/work-orders/${number}/steps`);
  if (problem) return;
  steps = body.steps;
  redraw();
}

/** Draw what is new; what somebody is typing stays. */
function redraw() {
  const typing = card.contains(document.activeElement) && document.activeElement.matches("input, textarea");
  const begun = [...card.querySelectorAll("input, textarea")].some((field) => field.value !== field.defaultValue);
  if (typing || begun) drawList();
  else draw();
}

function go(place) {
  at = Math.max(0, Math.min(steps.length - 1, place));
  draw();
  card.focus();
}

function record(step, said) {
  const body = { ...said, expected_revision: ahead(step).revision, at: new Date().toISOString(), request: identity() };
  recordings.add(number, step.position, body);
  const open = steps.findIndex((each, place) => place > at && ahead(each).outcome === "open" && !ahead(each).waiting);
  go(open < 0 ? at : open);
}

function seen(step) {
  const now = ahead(step);
  if (now.waiting) return `recorded here, not sent yet: ${inWords(now.waiting, step)}`;
  if (!step.result) return "";
  const found = `${WORDS[step.outcome]}: ${inWords(step.result, step)} (${step.result.actor})`;
  return step.result.reason ? `${found}; ${step.result.reason}` : found;
}

function inWords(result, step) {
  if (result.skipped || (result.value === null && !result.said && !result.photos?.length)) return result.note || "skipped";
  if (result.value !== null && result.value !== undefined) return `${result.value}${step.unit && step.unit !== "1" ? ` ${step.unit}` : ""}`;
  return result.said ?? `${result.photos.length} photo`;
}

function limits({ limits: { low_reject, low_alert, high_alert, high_reject }, unit }) {
  const span = (low, high) => (low === null ? `up to ${high}` : high === null ? `from ${low}` : `${low} to ${high}`);
  const said = [];
  if (low_reject !== null || high_reject !== null) said.push(`allowed ${span(low_reject, high_reject)}`);
  if (low_alert !== null || high_alert !== null) said.push(`usual ${span(low_alert, high_alert)}`);
  return said.length ? `${said.join(", ")}${unit && unit !== "1" ? ` ${unit}` : ""}` : "";
}

const big = (text, said, step, look = "") =>
  element("button", { type: "button", class: `do big ${look}`, onclick: () => record(step, { ...said, note: note() }) }, text);

const note = () => document.getElementById("note")?.value.trim() ?? "";

function asked(step) {
  const field = (attributes) => element("input", { id: "given", class: "big", autocomplete: "off", ...attributes });
  const form = (input, read) =>
    element(
      "form",
      {
        class: "stack",
        onsubmit: (event) => {
          event.preventDefault();
          record(step, { ...read(input), note: note() });
        },
      },
      input,
      element("button", { class: "do first big" }, step.kind === "signature" ? "Sign" : "Record"),
    );
  const named = { "aria-label": step.text, required: true };
  switch (step.kind) {
    case "check":
      return element("div", { class: "answers" }, big("OK", { said: "ok" }, step, "first"), big("Not OK", { said: "not ok" }, step, "quiet"));
    case "choice":
      return element("div", { class: "answers" }, ...step.choices.map((said) => big(said, { said }, step)));
    case "number":
    case "meter":
      return form(
        field({ ...named, inputmode: "decimal", pattern: "-?[0-9]+([.,][0-9]+)?", placeholder: step.unit === "1" ? "" : step.unit }),
        (input) => ({ value: Number(input.value.replace(",", ".")) }),
      );
    case "photo":
      return photo(step);
    default:
      return form(field({ ...named, value: step.kind === "signature" ? person : "" }), (input) => ({ said: input.value.trim() }));
  }
}

/** A photo goes at once: it is too large to wait on the device. */
function photo(step) {
  const told = element("p", { class: "muted", role: "status" }, "Photos need a connection.");
  const input = element("input", { type: "file", accept: "image/*", capture: "environment", "aria-label": step.text, class: "big" });
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    told.textContent = "Sending…";
    const where = new URLSearchParams({ subject: "order", key: number, name: file.name, caption: step.text });
    const response = await fetch(`/api/v1/attachments?${where}`, { method: "POST", body: file }).catch(() => null);
    if (!response?.ok) {
      told.textContent = "The photo was not taken. Try again where there is a connection.";
      return;
    }
    record(step, { photos: [String((await response.json()).id)], note: note() });
  });
  return element("div", { class: "stack" }, input, told);
}

function skip(step) {
  const why = document.getElementById("note");
  if (!why.value.trim()) {
    why.closest("details").open = true;
    why.setAttribute("placeholder", "Say why it is skipped");
    why.focus();
    return;
  }
  record(step, { skipped: true, note: note() });
}

function draw() {
  drawList();
  const step = steps[at];
  card.replaceChildren();
  for (const part of document.querySelectorAll(".way, #list-of-steps")) part.hidden = !step;
  if (!step) {
    card.append(element("p", {}, "This order has no steps: no job plan gave it any. What was done is said when the order is completed."));
    return;
  }
  const stops = new Set(steps.map((each) => each.stop).filter(Boolean)).size;
  const place = step.stop
    ? `Stop ${step.stop} of ${stops} · ${step.asset}${step.place ? ` · ${step.place}` : ""}`
    : `Step ${at + 1} of ${steps.length}`;
  card.append(
    element("p", { class: "muted" }, place),
    element("h2", { id: "step-title" }, step.text),
    element("p", { class: "muted" }, step.hint),
    element("p", { class: "muted" }, limits(step)),
    element("p", { class: `seen ${step.outcome}`, role: "status" }, seen(step)),
  );
  if (step.follow_up) {
    card.append(element("p", {}, "Followed up by ", element("a", { href: `/work-orders/${step.follow_up}` }, step.follow_up)));
  }
  if (mayRecord) {
    card.append(
      asked(step),
      element(
        "details",
        {},
        element("summary", {}, "Remark, or skip it"),
        element("div", { class: "stack" },
          element("label", {}, "Remark", element("textarea", { id: "note", maxlength: 2000 })),
          element("button", { type: "button", class: "do", onclick: () => skip(step) }, "Skip with this reason")),
      ),
    );
  }
  previous.disabled = at === 0;
  next.disabled = at === steps.length - 1;
}

function drawList() {
  const rows = steps.map((step, place) => {
    const state = ahead(step).waiting ? "waiting" : step.outcome;
    return element(
      "li",
      {},
      element(
        "button",
        { type: "button", class: "row", "aria-current": place === at ? "step" : null, onclick: () => go(place) },
        element("span", { class: `pill ${state === "open" ? "" : "on"}` }, state === "waiting" ? "to send" : WORDS[state]),
        element("span", { class: "what" }, step.stop ? `${step.asset}: ${step.text}` : step.text),
      ),
    );
  });
  list.replaceChildren(...rows);
  const done = steps.filter((step) => step.outcome !== "open" || ahead(step).waiting).length;
  document.getElementById("progress").textContent = `${done} of ${steps.length}`;
}

function tell() {
  const waits = recordings.waiting().length;
  status.textContent = waits ? `${waits} kept on this device until the connection is back` : "Everything is sent";
  status.dataset.waits = waits;
  refusals.replaceChildren(
    ...recordings.refused().map((entry) =>
      element(
        "div",
        { class: "notice bad" },
        `${entry.number}, step ${entry.position}: ${entry.problem} `,
        element("button", { class: "linkish", onclick: () => recordings.forget(entry.body.request) }, "Put it away"),
      ),
    ),
  );
  if (steps.length) drawList();
}

previous.addEventListener("click", () => go(at - 1));
next.addEventListener("click", () => go(at + 1));
addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea")) return;
  if (event.key === "ArrowLeft") go(at - 1);
  if (event.key === "ArrowRight") go(at + 1);
});

await refresh();
at = Math.max(0, steps.findIndex((step) => ahead(step).outcome === "open" && !ahead(step).waiting));
draw();
tell();
recordings.send();
follow({
  work_order(changed) {
    if (changed === id || changed === "") refresh();
  },
  poll: refresh,
});
