// A condition event's page: its chart, what may be done about it, and word of what others do.

import { beingAsked, letAct } from "/static/act.js";
import { drawEvidence } from "/static/evidence.js";
import { follow, keepAges, released } from "/static/live.js";

const { id } = document.getElementById("actions").dataset;

letAct();
drawEvidence();
follow({
  async condition_event(changed) {
    await released();
    if (changed === id && !beingAsked()) location.reload();
  },
});
keepAges();
