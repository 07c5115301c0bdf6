// An asset's page: the history of its points over a range that the reader picks.

import { letAct } from "/static/act.js";
import { clockOf, draw, layoutOf } from "/static/chart.js";
import { letAttach } from "/static/files.js";
import { follow, keepAges, paced } from "/static/live.js";

const place = document.getElementById("history");
const state = document.getElementById("history-state");
const buttons = [...document.querySelectorAll("[data-range]")];
let range = buttons.length ? Number(buttons[0].dataset.range) : 0;

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
    pixels: String(Math.max(100, Math.min(4000, Math.round(element.clientWidth * devicePixelRatio)))),
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

function describe({ name, unit }, { value }) {
  const known = value.filter((number) => number !== null);
  if (!known.length) return `${name}: no readings`;
  const [least, greatest] = known.reduce(([low, high], number) => [Math.min(low, number), Math.max(high, number)], [known[0], known[0]]);
  return `${name}: ${least.toPrecision(4)} to ${greatest.toPrecision(4)} ${unit}`;
}

/** One line as the server thinned it out for these pixels; a null is a hole where nothing came. */
function chart({ name, unit, kind }, readings, clock, [start, end], { colour, size }) {
  const layout = layoutOf(colour, { title: name, unit, width: size, compact: true });
  layout.xaxis.range = [clock(start * 1000), clock(end * 1000)];
  layout.xaxis.hoverformat = "%Y-%m-%d %H:%M:%S";
  return {
    traces: [
      {
        type: "scatter", mode: "lines", x: readings.ts.map(clock), y: readings.value, name: unit || "value",
        connectgaps: false, line: { color: colour.accent, width: 1.6, shape: kind === "state" ? "hv" : "linear" },
      },
    ],
    layout,
  };
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
letAct();
letAttach();
follow({});
keepAges();
