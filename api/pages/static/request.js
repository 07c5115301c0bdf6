// Changing requests to the API, and what it says when it refuses.

let asked = null;

/** The key of a request: the same one for the same words, until they have been answered. */
export function keyOf(address, body) {
  const words = `${address} ${JSON.stringify(body)}`;
  // randomUUID is not there on a page that came over plain HTTP.
  const made = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (asked?.words !== words) asked = { words, key: made() };
  return asked.key;
}

/** POST to the API; gives null when it was done, else the sentence that says why not. */
export async function post(address, { body = null, version = null, key = null } = {}) {
  const headers = {};
  if (key) headers["Idempotency-Key"] = key;
  if (body) headers["Content-Type"] = "application/json";
  if (version) headers["If-Match"] = `"${version}"`;
  let response;
  try {
    response = await fetch(address, {
      method: "POST",
      headers,
      body: body ? JSON.stringify(body) : undefined,
    });
  } catch {
    return "The server cannot be reached. Try again in a moment.";
  }
  if (response.ok) return null;
  const problem = await response.json().catch(() => ({}));
  return sentence(problem.detail ?? problem.title ?? `refused (${response.status})`);
}

/** Any request to the API; gives what it answered, and `problem`: null or why not. */
export async function send(method, address, body = null, { version = null, key = null } = {}) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  if (version) headers["If-Match"] = `"${version}"`;
  if (key) headers["Idempotency-Key"] = key;
  let response;
  try {
    response = await fetch(address, {
      method,
      headers,
      body: body ? JSON.stringify(body) : undefined,
    });
  } catch {
    return { problem: "The server cannot be reached. Try again in a moment.", body: null };
  }
  const answered = await response.json().catch(() => ({}));
  if (response.ok) return { problem: null, body: answered };
  return { problem: sentence(answered.detail ?? answered.title ?? `refused (${response.status})`), body: answered };
}

function sentence(text) {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}
