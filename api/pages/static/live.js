// The one connection over which changes come (server-sent events), and the dot that shows it.

const SLOW_POLL_MS = 10_000;

/**
 * Follow the plant. `handlers` has a function for each of: `work_order`, `condition_event` (given
 * the id that changed, or "" for any), `status` (given the figures), `poll` (called while there is
 * no connection, and once there is one: what happened in between was not told).
 */
export function follow(handlers) {
  const dot = document.getElementById("live");
  let timer = null;

  const show = (state, text) => {
    if (dot.dataset.state === state && dot.textContent === text) return;
    dot.dataset.state = state;
    dot.textContent = text;
  };
  const away = () => {
    show("away", "reconnecting");
    timer ??= setInterval(() => handlers.poll?.(), SLOW_POLL_MS);
  };
  const back = () => {
    clearInterval(timer);
    timer = null;
    handlers.poll?.();
  };

  const open = () => {
    const source = new EventSource("/api/v1/stream");
    source.addEventListener("open", back);
    source.addEventListener("status", (message) => {
      const status = JSON.parse(message.data);
      show(...stateOf(status));
      handlers.status?.(status);
    });
    for (const topic of ["work_order", "condition_event"]) {
      source.addEventListener(topic, (message) => handlers[topic]?.(JSON.parse(message.data).id));
    }
    source.addEventListener("error", () => {
      away();
      // A refused connection is given up by the browser; only a lost one is tried again.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, SLOW_POLL_MS);
    });
  };
  open();
}

function stateOf(status) {
  if (!status.database) return ["degraded", "database away"];
  if (!status.log) return ["degraded", "log away"];
  if (status.sources_connected < status.sources_total) return ["degraded", "a source is away"];
  return ["live", "live"];
}

let pressed = false;
document.addEventListener("pointerdown", () => (pressed = true), true);
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => (pressed = false), true);
// The list of a menu takes the pointer; it comes back with no button pressed.
document.addEventListener("pointermove", (event) => (pressed &&= event.buttons !== 0), true);

/** Wait until no button of the pointer is held: a click needs what it began on to stay. */
export async function released() {
  while (pressed) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Run `work` soon, and again at most every `ms`, however often it is asked for. */
export function paced(work, ms) {
  let running = false;
  let wanted = false;
  return async function run() {
    if (running) {
      wanted = true;
      return;
    }
    running = true;
    try {
      await work();
    } catch {
      // Shown by the dot; what was missed is asked for again with the next change.
    }
    setTimeout(() => {
      running = false;
      if (wanted) {
        wanted = false;
        run();
      }
    }, ms);
  };
}

/** Keep every `<time data-age>` of the page at its age. */
export function keepAges() {
  setInterval(() => {
    for (const element of document.querySelectorAll("time[data-age]")) {
      const text = age((Date.now() - Date.parse(element.dateTime)) / 1000);
      if (element.textContent !== text) element.textContent = text;
    }
  }, 5_000);
}

function age(seconds) {
  const whole = Math.max(0, seconds);
  if (whole >= 86_400) return `${Math.floor(whole / 86_400)} d`;
  if (whole >= 3_600) return `${Math.floor(whole / 3_600)} h`;
  if (whole >= 60) return `${Math.floor(whole / 60)} min`;
  return `${Math.floor(whole)} s`;
}
