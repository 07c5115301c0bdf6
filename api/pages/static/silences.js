// What is silenced: put into force; taken from its shelf, returned to service, ended.

import { letAct } from "/static/act.js";
import { follow, keepAges } from "/static/live.js";

const kind = document.getElementById("kind");

/** Of a suppression only what belongs to its kind is asked for, and sent. */
function showKind() {
  for (const fields of document.querySelectorAll("fieldset[data-kind]")) {
    const chosen = fields.dataset.kind === kind.selectedOptions[0].dataset.fields;
    fields.hidden = fields.disabled = !chosen;
  }
}

// Of several boxes at least one: forms know that of radio buttons alone.
function demandOne() {
  for (const fields of document.querySelectorAll("fieldset[data-some]")) {
    const boxes = [...fields.querySelectorAll("[type=checkbox]")];
    const none = !boxes.some((box) => box.checked);
    boxes[0].setCustomValidity(none ? fields.dataset.some : "");
  }
}

if (kind) {
  kind.addEventListener("change", showKind);
  kind.form.addEventListener("change", demandOne);
  showKind();
  demandOne();
}
letAct();
follow({});
keepAges();
