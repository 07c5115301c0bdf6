// A backtest's page: its progress while it runs, then its chart.

import { clockOf, draw, layoutOf } from "/static/chart.js";
import { follow, keepAges } from "/static/live.js";
import { send } from "/static/request.js";

const LOOK_MS = 500;
const page = document.getElementById("backtest");
const { id, state, zone } = page.dataset;
const clock = clockOf(zone);
const at = (text) => clock(Date.parse(text) * 1000);

async function look() {
  const { problem, body } = await send("GET", `/api/v1/backtests/${id}`);
  if (problem === null) {
    if (body.state !== "waiting" && body.state !== "running") {
      location.reload();
      return;
    }
    document.getElementById("progress").value = body.progress;
    document.getElementById("readings").textContent = `${body.readings.toLocaleString("en")} readings`;
  }
  setTimeout(look, LOOK_MS);
}

async function cancel(event) {
  event.target.disabled = true;
  const { problem } = await send("DELETE", `/api/v1/backtests/${id}`);
  if (problem === null) location.reload();
  else document.getElementById("refusal").textContent = problem;
}

/** A lane for each asset: bars are events, diamonds would-be orders, crosses failures. */
function timeline(result, colour, width) {
  const layout = layoutOf(colour, { title: "", unit: "", width });
  const shades = { low: colour.accent, medium: colour.medium, high: colour.high, critical: colour.critical };
  const traces = [];
  const named = new Set();
  // Several variants share a legend: each kind stands in it once.
  const add = (trace) => {
    if (!trace.x.length) return;
    traces.push({ ...trace, legendgroup: trace.name, showlegend: !named.has(trace.name) });
    named.add(trace.name);
  };
  for (const variant of result.variants) {
    const lane = (asset) => (variant.label ? `${asset} ${variant.label}` : asset);
    for (const [severity, shade] of Object.entries(shades)) {
      const events = variant.events.filter((event) => event.peak_severity === severity);
      add({
        type: "scatter", mode: "lines", name: severity, line: { color: shade, width: 9 }, connectgaps: false, hoverinfo: "x+y",
        x: events.flatMap((event) => [at(event.raised_at), at(event.cleared_at ?? result.end), null]),
        y: events.flatMap((event) => [lane(event.asset), lane(event.asset), null]),
      });
    }
    add({
      type: "scatter", mode: "markers", name: "order", marker: { symbol: "diamond", size: 10, color: colour.text },
      x: variant.orders.map((order) => at(order.raised_at)), y: variant.orders.map((order) => lane(order.asset)),
      text: variant.orders.map((order) => order.reason),
    });
    add({
      type: "scatter", mode: "markers", name: "failure", marker: { symbol: "x", size: 11, color: colour.critical },
      x: variant.failures.map((failure) => at(failure.at)), y: variant.failures.map((failure) => lane(failure.asset)),
    });
  }
  layout.showlegend = true;
  layout.legend = { orientation: "h", y: -0.2 };
  layout.hovermode = "closest";
  layout.xaxis.range = [at(result.start), at(result.end)];
  layout.yaxis.type = "category";
  return { traces, layout };
}

/** What each value costs in orders a month, and what it brings in failures caught. */
function curve(result, colour, width) {
  const layout = layoutOf(colour, { title: "orders a month, and failures caught", unit: "", width });
  const score = (variant) => variant.by_order ?? variant.by_event;
  const x = result.variants.map((variant) => variant.value);
  const traces = [
    { type: "scatter", mode: "lines+markers", name: "orders a month", x, y: result.variants.map((variant) => variant.orders_per_month), line: { color: colour.accent } },
    { type: "scatter", mode: "lines+markers", name: "failures caught", x, y: result.variants.map((variant) => score(variant).caught), yaxis: "y2", line: { color: colour.ok, dash: "dot" } },
    { type: "scatter", mode: "lines+markers", name: "lead in days", x, y: result.variants.map((variant) => (score(variant).lead_hours === null ? null : score(variant).lead_hours / 24)), yaxis: "y3", line: { color: colour.medium, dash: "dash" } },
  ];
  layout.xaxis = { ...layout.xaxis, type: "linear", hoverformat: "", range: undefined };
  layout.yaxis.rangemode = "tozero";
  layout.yaxis2 = { ...layout.yaxis, overlaying: "y", side: "right", showgrid: false };
  layout.yaxis3 = { ...layout.yaxis, overlaying: "y", side: "right", showgrid: false, visible: false };
  layout.showlegend = true;
  layout.legend = { orientation: "h", y: -0.15 };
  return { traces, layout };
}

function describe(result) {
  const counts = result.variants.map((variant) => `${variant.label || "all"}: ${variant.figures.events} events, ${variant.orders_made} orders`);
  return counts.join("; ");
}

const data = document.getElementById("result-data");
if (data) {
  const result = JSON.parse(data.textContent);
  const chart = document.getElementById("chart");
  const swept = result.variants.some((variant) => variant.value !== null);
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", describe(result));
  draw(chart, (colour, width) => (swept ? curve : timeline)(result, colour, width));
}
if (state === "waiting" || state === "running") setTimeout(look, LOOK_MS);
const button = document.getElementById("cancel");
if (button) {
  button.addEventListener("click", cancel);
  button.disabled = false;
}
follow({});
keepAges();
