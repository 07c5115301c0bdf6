// The search of the knowledge base: it answers while somebody types.

import { follow } from "/static/live.js";
import { suggest } from "/static/suggest.js";

suggest(document.getElementById("wrong"), document.getElementById("found"));
follow({});
