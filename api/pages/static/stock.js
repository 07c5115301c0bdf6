// Pages of parts and purchases: buttons that book over the API, each with the question that it asks.

import { letAct } from "/static/act.js";
import { follow, keepAges } from "/static/live.js";

letAct();
follow({});
keepAges();
