// What is silenced: taken from its shelf, returned to service, ended.

import { letAct } from "/static/act.js";
import { follow, keepAges } from "/static/live.js";

letAct();
follow({});
keepAges();
