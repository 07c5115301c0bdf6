// An asset's page: the history of its points over a range that the reader picks.

import { clockOf, draw, layoutOf } from "/static/chart.js";
import { follow, keepAges, paced } from "/static/live.js";

const BUCKETS = 300;
const WIDTHS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

const place = document.getElementById("history");
const state = document.getElementById("history-state");
const buttons = [...document.querySelectorAll("[data-range]")];
let range = buttons.length ? Number(buttons[0].dataset.range) : 0;

function widthOf(seconds) {
  return WIDTHS_S.find((width) => seconds / width <= BUCKETS) ?? WIDTHS_S.at(-1);
}

async function show() {
  const end = new Date();
  const start = new Date(end - range * 1000);
  const charts = [...place.querySelectorAll("[data-tag]")];
  const counts = await Promise.all(charts.map((element) => load(element, start, end)));
  state.textContent = counts.some((count) => count > 0) ? "" : "No readings in this range.";
}

async function load(element, start, end) {
  const query = new URLSearchParams({
    start: start.toISOString(),
    end: end.toISOString(),
    width: `${widthOf(range)}s`,
  });
  const response = await fetch(`/api/v1/points/${encodeURIComponent(element.dataset.tag)}/readings?${query}`);
  if (!response.ok) return 0;
  const readings = await response.json();
  const clock = clockOf(place.dataset.zone);
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", describe(element.dataset, readings));
  await draw(element, (colour, size) => chart(element.dataset, readings, clock, [start, end], { colour, size }));
  return readings.ts.length;
}

function describe({ name, unit }, { min, max, ts }) {
  if (!ts.length) return `${name}: no readings`;
  return `${name}: ${Math.min(...min).toPrecision(4)} to ${Math.max(...max).toPrecision(4)} ${unit}`;
}

/** Average as a line over the span between least and greatest; a hole where nothing came. */
function chart({ name, unit, kind }, readings, clock, [start, end], { colour, size }) {
  const columns = { x: [], avg: [], min: [], max: [] };
  readings.ts.forEach((ts, index) => {
    const before = readings.ts[index - 1];
    if (index && ts - before > 5 * readings.width_us) {
      columns.x.push(clock(before + readings.width_us));
      for (const key of ["avg", "min", "max"]) columns[key].push(null);
    }
    columns.x.push(clock(ts + readings.width_us / 2));
    for (const key of ["avg", "min", "max"]) columns[key].push(readings[key][index]);
  });
  const shape = kind === "state" ? "hv" : "linear";
  const bound = { type: "scatter", mode: "lines", x: columns.x, line: { width: 0, shape }, hoverinfo: "skip" };
  const layout = layoutOf(colour, { title: name, unit, width: size, compact: true });
  layout.xaxis.range = [clock(start * 1000), clock(end * 1000)];
  layout.xaxis.hoverformat = "%Y-%m-%d %H:%M:%S";
  return {
    traces: [
      { ...bound, y: columns.min },
      { ...bound, y: columns.max, fill: "tonexty", fillcolor: faint(colour.accent) },
      {
        type: "scatter", mode: "lines", x: columns.x, y: columns.avg, name: unit || "value",
        line: { color: colour.accent, width: 1.8, shape },
      },
    ],
    layout,
  };
}

function faint(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g);
  return `rgba(${red}, ${green}, ${blue}, 0.18)`;
}

for (const button of buttons) {
  button.addEventListener("click", () => {
    range = Number(button.dataset.range);
    for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    show();
  });
  button.disabled = false;
}

const again = paced(show, 4_000);
if (place) {
  again();
  // A short range moves on by itself.
  setInterval(() => {
    if (!document.hidden && range <= 3600) again();
  }, 5_000);
}
follow({});
keepAges();
