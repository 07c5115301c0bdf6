// The readings that caused an event, with the limits of the rule and when they were passed.

import { clockOf, draw, layoutOf } from "/static/chart.js";

const BAD = 128;

/** Draw the evidence of the page into `#evidence`, one chart for each point. */
export function drawEvidence() {
  const place = document.getElementById("evidence");
  if (!place) return;
  const evidence = JSON.parse(document.getElementById("evidence-data").textContent);
  const clock = clockOf(place.dataset.zone);
  const points = evidence.points ?? [];
  const judged = evidence.rule && points.find((point) => point.unit === evidence.rule.unit);
  for (const point of points) {
    const element = document.createElement("div");
    element.className = points.length > 1 && point !== judged ? "chart small" : "chart";
    element.setAttribute("role", "img");
    element.setAttribute("aria-label", describe(point, point === judged ? evidence.rule : null));
    if (point === judged) place.prepend(element);
    else place.append(element);
    draw(element, (colour, width) => {
      const { traces, layout } = chart(point, evidence, clock, colour, width);
      if (point === judged) limits(layout, traces, evidence.rule, colour);
      return { traces, layout };
    });
  }
}

function describe(point, rule) {
  const values = point.readings.map((reading) => reading[1]).filter((value) => value !== null);
  const range = values.length ? `from ${Math.min(...values)} to ${Math.max(...values)}` : "no number";
  const limit = rule?.raise != null ? `, limit ${rule.raise_op} ${rule.raise}` : "";
  return `${point.tag}: ${point.readings.length} readings ${range} ${sign(point.unit)}${limit}`;
}

function chart(point, evidence, clock, colour, width) {
  const layout = layoutOf(colour, { title: point.tag, unit: sign(point.unit), width });
  const good = point.readings.filter((reading) => reading[2] < BAD);
  const bad = point.readings.filter((reading) => reading[2] >= BAD && reading[1] !== null);
  const traces = [
    {
      type: "scatter",
      mode: good.length < 60 ? "lines+markers" : "lines",
      x: good.map((reading) => clock(reading[0])),
      y: good.map((reading) => reading[1]),
      line: { color: colour.accent, width: 2 },
      marker: { size: 5 },
      name: sign(point.unit) || "value",
    },
  ];
  if (bad.length) {
    traces.push({
      type: "scatter",
      mode: "markers",
      x: bad.map((reading) => clock(reading[0])),
      y: bad.map((reading) => reading[1]),
      marker: { color: colour.high, symbol: "x", size: 8 },
      name: "bad",
    });
  }
  moments(layout, evidence, clock, colour);
  return { traces, layout };
}

function limits(layout, traces, rule, colour) {
  const lines = [
    ["raise", rule.raise, rule.raise_op, colour.critical, "solid"],
    ["clear", rule.clear, rule.clear_op, colour.ok, "dot"],
  ];
  for (const [name, value, operator, line, dash] of lines) {
    if (value === null || value === undefined) continue;
    layout.shapes.push({
      type: "line", xref: "paper", x0: 0, x1: 1, y0: value, y1: value,
      line: { color: line, width: 1.5, dash },
    });
    layout.annotations.push({
      xref: "paper", x: 0.005, xanchor: "left", y: value, yanchor: name === "raise" ? "bottom" : "top",
      text: `${name} ${operator} ${round(value)}`, showarrow: false, font: { color: line, size: 11.5 },
    });
  }
  // The limits belong to the picture even where the readings are far from them.
  const seen = [...traces.flatMap((trace) => trace.y), rule.raise, rule.clear].filter(Number.isFinite);
  if (seen.length) {
    const [least, most] = [Math.min(...seen), Math.max(...seen)];
    const air = (most - least || Math.abs(most) || 1) * 0.12;
    layout.yaxis.range = [least - air, most + air];
  }
}

function moments(layout, evidence, clock, colour) {
  const same = Math.abs(evidence.raised_us - evidence.onset_us) < 1000;
  const marks = same
    ? [["raised", evidence.raised_us, "right"]]
    : [["onset", evidence.onset_us, "right"], ["raised", evidence.raised_us, "left"]];
  for (const [name, us, side] of marks) {
    if (!us) continue;
    layout.shapes.push({
      type: "line", yref: "paper", y0: 0, y1: 1, x0: clock(us), x1: clock(us),
      line: { color: colour.text, width: 1, dash: name === "onset" ? "dash" : "solid" },
    });
    layout.annotations.push({
      x: clock(us), yref: "paper", y: 1, yanchor: "bottom", xanchor: side, text: name,
      showarrow: false, font: { color: colour.text, size: 11.5 },
    });
  }
  if (!same && evidence.raised_us > evidence.onset_us) {
    layout.shapes.push({
      type: "rect", yref: "paper", y0: 0, y1: 1, x0: clock(evidence.onset_us), x1: clock(evidence.raised_us),
      fillcolor: colour.high, opacity: 0.12, line: { width: 0 }, layer: "below",
    });
  }
}

const SIGNS = { 1: "", degC: "°C", degF: "°F", percent: "%" };

function sign(unit) {
  return SIGNS[unit] ?? unit.replaceAll("**2", "²").replaceAll("**3", "³");
}

function round(value) {
  return Number(value.toPrecision(6));
}
