// What was recorded at steps and has not reached the server yet. It is kept on the device until it has;
// each recording has an identity of its own, so that one which is sent twice counts once.

const WAITING = "oilcan.recordings";
const REFUSED = "oilcan.recordings.refused";
const AGAIN_MS = 5_000;

function load(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? [];
  } catch {
    return [];
  }
}

function keep(key, entries) {
  localStorage.setItem(key, JSON.stringify(entries));
}

function take(key, request) {
  keep(key, load(key).filter((entry) => entry.body.request !== request));
}

/** An identity for a recording; plants without a certificate have no `crypto.randomUUID`. */
export function identity() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The recordings of a person, in the order in which they were made; other people's wait for them. */
export class Recordings {
  #sending = false;

  /** `told(entry, step, problem)` hears of each that was answered, `changed()` of every change. */
  constructor(person, { told, changed }) {
    this.person = person;
    this.told = told;
    this.changed = changed;
    addEventListener("online", () => this.send());
    addEventListener("storage", () => changed());
    setInterval(() => this.send(), AGAIN_MS);
  }

  waiting() {
    return load(WAITING).filter((entry) => entry.person === this.person);
  }

  refused() {
    return load(REFUSED).filter((entry) => entry.person === this.person);
  }

  add(number, position, body) {
    keep(WAITING, [...load(WAITING), { person: this.person, number, position, body }]);
    this.changed();
    return this.send();
  }

  forget(request) {
    take(REFUSED, request);
    this.changed();
  }

  async send() {
    if (this.#sending) return;
    this.#sending = true;
    try {
      for (const entry of this.waiting()) if (!(await this.#sendOne(entry))) break;
    } finally {
      this.#sending = false;
      this.changed();
    }
  }

  /** Is the entry settled? What cannot be reached or does not know us at present is asked again. */
  async #sendOne(entry) {
    const address = `/api/v1/work-orders/${entry.number}/steps/${entry.position}/results`;
    let response;
    try {
      response = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(entry.body),
      });
    } catch {
      return false;
    }
    if (response.status >= 500 || [401, 403, 408, 429].includes(response.status)) return false;
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) {
      const problem = answer.detail ?? answer.title ?? `refused (${response.status})`;
      keep(REFUSED, [...load(REFUSED), { ...entry, problem }]);
    }
    take(WAITING, entry.body.request);
    this.told(entry, response.ok ? answer : null);
    return true;
  }
}
