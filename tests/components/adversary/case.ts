/** Breaks the small platform in one way, and says which roots that must have. */
import assert from "node:assert/strict";
import { healthy, look, type Small, unhealthy } from "../healthy.ts";
import { LONG_AGO, rootsOf } from "../platform.ts";

/** Breaks the small platform, and expects these roots; `more` looks at what else the diagnosis says. */
export function adversary(
  name: string,
  roots: string[],
  breaks: (small: Small) => void,
  more?: (d: Awaited<ReturnType<typeof look>>) => void,
): void {
  Deno.test(`adversary: ${name}`, async () => {
    const small = healthy();
    breaks(small);
    const diagnosis = await look(small);
    assert.deepEqual(rootsOf(diagnosis).toSorted(), roots.toSorted(), unhealthy(diagnosis).join("\n"));
    more?.(diagnosis);
  });
}

/** A warning event about an object of the platform. */
export const event = (kind: string, name: string, reason: string, message: string) => ({
  metadata: { name: `${name}.1`, namespace: "data-platform", creationTimestamp: LONG_AGO },
  involvedObject: { kind, namespace: "data-platform", name },
  reason,
  message,
  lastTimestamp: "2026-01-01T11:59:00Z",
});

/** Every status that some finding has. */
export const statusesOf = (
  d: Awaited<ReturnType<typeof look>>,
) => [...new Set(d.findings.map((f) => f.status))];
