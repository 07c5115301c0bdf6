// A plan's page: work ahead is skipped or done now, the plan is paused, by their buttons.

import { letAct } from "/static/act.js";
import { follow } from "/static/live.js";

letAct();
follow({});
