// Alarm performance stands still; the dot says whether the plant is being followed.

import { follow } from "/static/live.js";

follow({});
