// Charts by Plotly, in the page's colours and the site's time zone.

const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false };

const drawn = new Set();

/** Plotly, once its script has been read. */
function plotly() {
  return new Promise((resolve) => {
    const look = () => (window.Plotly ? resolve(window.Plotly) : setTimeout(look, 30));
    look();
  });
}

function colours() {
  const probe = document.createElement("span");
  document.body.append(probe);
  const of = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const names = ["text", "muted", "line", "accent", "critical", "high", "medium", "ok"];
  const found = Object.fromEntries(names.map((name) => [name, of(name)]));
  probe.remove();
  return found;
}

/** A function that writes microseconds since 1970 as Plotly reads local time in a zone. */
export function clockOf(zone) {
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  return (us) => {
    const ms = Math.floor(us / 1000);
    const fraction = String(((ms % 1000) + 1000) % 1000).padStart(3, "0");
    return `${format.format(ms)}.${fraction}`;
  };
}

/** Draw, and draw again when the colours of the system change. */
export async function draw(element, build) {
  const library = await plotly();
  const paint = () => {
    const { traces, layout } = build(colours(), element.clientWidth);
    return library.react(element, traces, layout, CONFIG);
  };
  element.repaint = paint;
  drawn.add(element);
  await paint();
  element.dataset.drawn = "true";
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const element of drawn) element.repaint();
});

/** The layout that all charts share. */
export function layoutOf(colour, { unit, title, width, compact = false }) {
  const narrow = width < 480;
  const axis = {
    gridcolor: colour.line,
    linecolor: colour.line,
    zeroline: false,
    tickfont: { color: colour.muted },
    automargin: true,
  };
  return {
    font: { family: "system-ui, 'Liberation Sans', sans-serif", size: 12, color: colour.text },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 46, r: 14, t: 34, b: compact ? 30 : 34 },
    title: {
      text: unit ? `${title} <span style="color:${colour.muted}">${unit}</span>` : title,
      font: { size: 13, color: colour.text },
      x: 0,
      xref: "container",
      xanchor: "left",
      y: 0.97,
      yref: "container",
      yanchor: "top",
    },
    hovermode: "x unified",
    showlegend: false,
    dragmode: false,
    xaxis: { ...axis, type: "date", showgrid: false, tickangle: 0, nticks: narrow ? 4 : 8, hoverformat: "%Y-%m-%d %H:%M:%S.%L" },
    yaxis: { ...axis, nticks: compact ? 4 : 6 },
    shapes: [],
    annotations: [],
  };
}
