// The load of the next year: for each craft, bars of work and a line of what its people can give.

import { draw, layoutOf } from "/static/chart.js";
import { follow } from "/static/live.js";

const data = document.getElementById("load-data");
const series = data ? JSON.parse(data.textContent) : [];

function build(one) {
  return (colour, width) => {
    const over = one.hours.map((hours, at) => hours > one.capacity[at] && one.capacity[at] > 0);
    const layout = layoutOf(colour, { title: one.craft, unit: "h a week", width, compact: true });
    layout.yaxis.rangemode = "tozero";
    layout.xaxis.hoverformat = "week of %Y-%m-%d";
    return {
      layout,
      traces: [
        { type: "bar", name: "work", x: one.weeks, y: one.hours, marker: { color: over.map((is) => (is ? colour.high : colour.accent)) } },
        { type: "scatter", mode: "lines", name: "capacity", x: one.weeks, y: one.capacity, line: { color: colour.muted, dash: "dot", shape: "hv" } },
      ],
    };
  };
}

for (const element of document.querySelectorAll("[data-series]")) draw(element, build(series[Number(element.dataset.series)]));
follow({});
