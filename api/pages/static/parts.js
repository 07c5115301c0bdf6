// The list of parts: many at once from a CSV file, after a look at what each row would do.

import { ask, letImport } from "/static/import.js";
import { follow, keepAges } from "/static/live.js";

letImport(async (file, dryRun) => {
  const { body, problem } = await ask("/api/v1/parts/import", {
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ csv: await file.text(), dry_run: dryRun }),
  });
  if (problem) return { problem };
  const refused = body.parts.filter((part) => part.outcome === "refused").length;
  const changes = body.parts.filter((part) => part.outcome === "added" || part.outcome === "changed").length;
  return {
    says: refused
      ? `${file.name}: ${refused} of ${body.parts.length} parts cannot be taken in. Nothing is, before they are right.`
      : `${file.name}: ${changes} of ${body.parts.length} parts are added or changed.`,
    head: ["Line", "Part", "Becomes", "What is wrong"],
    rows: body.parts.map(({ line, code, outcome, problem: wrong }) => [line, code, outcome, wrong]),
    todo: !refused && changes > 0,
    refused,
  };
});
follow({});
keepAges();
