// People: entering absences and taking them back.

import { letAct } from "/static/act.js";
import { follow, keepAges } from "/static/live.js";

letAct();
follow({});
keepAges();
