// A page that nothing is done on: it says whether the plant is live, and how old things are.

import { follow, keepAges } from "/static/live.js";

follow({});
keepAges();
