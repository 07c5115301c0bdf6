// Documents and photos of whatever a page is about: files that are chosen are sent one after another.

const panel = document.getElementById("documents");
const input = document.getElementById("file");
const state = document.getElementById("file-state");

/** Let files be chosen. The input comes disabled: nothing is lost before this listens. */
export function letAttach() {
  if (!input) return;
  input.addEventListener("change", sendAll);
  input.disabled = false;
}

async function sendAll() {
  const files = [...input.files];
  input.disabled = true;
  for (const [index, file] of files.entries()) {
    state.textContent = `Sending ${file.name} (${index + 1} of ${files.length})`;
    const problem = await send(file);
    if (problem !== null) {
      state.textContent = `${file.name}: ${problem}`;
      input.disabled = false;
      input.value = "";
      return;
    }
  }
  location.reload();
}

async function send(file) {
  const query = new URLSearchParams({ subject: panel.dataset.subject, key: panel.dataset.key, name: file.name });
  let response;
  try {
    response = await fetch(`/api/v1/attachments?${query}`, { method: "POST", body: file });
  } catch {
    return "The server cannot be reached. Try again in a moment.";
  }
  if (response.ok) return null;
  const problem = await response.json().catch(() => ({}));
  return problem.detail ?? `refused (${response.status})`;
}
