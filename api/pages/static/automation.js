// The page of automation: messages that may not have arrived are sent again by somebody's will.

import { letAct } from "/static/act.js";
import { follow, keepAges } from "/static/live.js";

letAct();
follow({});
keepAges();
