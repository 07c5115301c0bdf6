// The form for a backtest: what is typed becomes a request, and its page is opened.

import { follow, keepAges } from "/static/live.js";
import { send } from "/static/request.js";

const form = document.getElementById("form");

function parts(text) {
  return text.split(/[\s,;]+/).filter((part) => part !== "");
}

/** `rule@3` as the API names a version. */
function choice(text) {
  const [rule, version] = text.split("@");
  return { rule, version: Number(version) };
}

function failures(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (!lines.length) return null;
  return lines.map((line) => {
    const [asset, time, mode] = line.split(",").map((part) => part.trim());
    return { asset, time, failure_mode: mode || null };
  });
}

function request(values) {
  const body = {
    kind: values.get("kind"),
    rules: values.get("rule") ? [choice(values.get("rule"))] : [],
    start: `${values.get("start")}T00:00:00Z`,
    end: `${values.get("end")}T00:00:00Z`,
    assets: values.get("assets").trim() ? parts(values.get("assets")) : null,
    window: values.get("window"),
    lead: values.get("lead"),
    failures: failures(values.get("failures")),
  };
  if (body.kind === "diff" && values.get("against")) body.against = [choice(values.get("against"))];
  if (body.kind === "sweep") {
    body.sweep = { parameter: values.get("parameter").trim(), values: parts(values.get("values")).map(Number) };
  }
  return body;
}

function show() {
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== form.elements.kind.value;
}

async function start(event) {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  const { problem, body } = await send("POST", "/api/v1/backtests", request(new FormData(form)));
  if (problem === null) {
    location.assign(`/backtests/${body.id}`);
    return;
  }
  button.disabled = false;
  document.getElementById("refusal").textContent = problem;
}

if (form) {
  form.elements.kind.addEventListener("change", show);
  form.addEventListener("submit", start);
  form.querySelector("button").disabled = false;
  show();
}
follow({});
keepAges();
