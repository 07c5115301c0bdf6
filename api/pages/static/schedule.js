// The week's schedule: freezing it, and word of orders that change meanwhile.

import { beingAsked, letAct } from "/static/act.js";
import { follow, paced, released } from "/static/live.js";

const reload = paced(async () => {
  await released();
  if (!beingAsked()) location.reload();
}, 5_000);

letAct();
follow({
  work_order(id) {
    // The feed tells once, as it begins, that anything may have changed.
    if (id) reload();
  },
});
