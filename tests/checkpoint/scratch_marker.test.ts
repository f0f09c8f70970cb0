import assert from "node:assert/strict";
import {
  GRACE_MS,
  isRunId,
  judgeMarker,
  LEASE_MS,
  markerText,
  MAX_MARKER_CHARS,
  RENEW_MS,
  storeTimeMs,
} from "../../lib/checkpoint/scratch_marker.ts";

const RUN = "20261121t1305z-4f1c09ae";
const MINUTE_MS = 60_000;

const at = (ageMs: number, text = markerText(RUN, "ci-7", 30 * MINUTE_MS)) =>
  judgeMarker({ text, ageMs }, RUN);

Deno.test("a marker is one short line, which says who and for how long, and no time of a machine", () => {
  assert.equal(
    markerText(RUN, "ci-7", 90_500),
    `{"tool":"lakecheck","version":1,"run":"${RUN}","host":"ci-7","leaseSeconds":91}`,
  );
  const longest = markerText(RUN, `${"a".repeat(252)}b`, Number.MAX_VALUE);
  assert.ok(longest.length < MAX_MARKER_CHARS);
  assert.equal(judgeMarker({ text: longest, ageMs: 0 }, RUN).state, "live");
});

Deno.test("a host with an unusual name does not get into a marker", () => {
  for (const host of ["", "a b", "-x", "x\n", "$(id)", "a".repeat(254), "é"]) {
    assert.match(markerText(RUN, host, 1), /"host":"unknown"/, host);
  }
});

Deno.test("a run is under way until its time and the grace are over, to the millisecond", () => {
  assert.deepEqual(at(0), { state: "live", host: "ci-7", leftMs: 30 * MINUTE_MS });
  assert.equal(at(30 * MINUTE_MS + GRACE_MS).state, "live");
  const over = at(30 * MINUTE_MS + GRACE_MS + 1);
  assert.deepEqual(over, { state: "expired", run: { id: RUN, host: "ci-7", overForMs: GRACE_MS + 1 } });
  // Years later all the same.
  assert.equal(at(10 * 365 * 24 * 60 * MINUTE_MS).state, "expired");
});

Deno.test("a marker that is younger than the grace allows, or whose age is not known, says nothing", () => {
  assert.equal(at(-GRACE_MS).state, "live");
  for (const age of [-GRACE_MS - 1, -1e15, NaN, Infinity, -Infinity]) {
    const verdict = at(age);
    assert.equal(verdict.state, "unclear", String(age));
  }
});

Deno.test("renewals may fail several times, and undoing still has time", () => {
  assert.ok(LEASE_MS >= 5 * RENEW_MS);
});

Deno.test("what is not exactly a marker of that run is unclear, however old it is", () => {
  const right = JSON.parse(markerText(RUN, "ci-7", MINUTE_MS));
  const texts = [
    "",
    " ",
    "null",
    "true",
    "[]",
    "{}",
    '"lakecheck"',
    "{",
    "\u0000",
    JSON.stringify([right]),
    ...[
      { tool: "otherwise" },
      { tool: undefined },
      { version: 2 },
      { version: "1" },
      { run: "20261121t1305z-4f1c09af" },
      { run: `${RUN}-x` },
      { run: "" },
      { run: [RUN] },
      { host: "" },
      { host: "a b" },
      { host: "x\u001b[2J" },
      { host: "a".repeat(254) },
      { host: 7 },
      { host: null },
      { leaseSeconds: 0 },
      { leaseSeconds: -1 },
      { leaseSeconds: 1.5 },
      { leaseSeconds: "60" },
      { leaseSeconds: null },
      { leaseSeconds: 6 * 3600 + 1 },
      { leaseSeconds: 1e308 },
      // The end in the year 9999, as others would write it.
      { leaseSeconds: 253_402_300_799 },
      { until: "9999-12-31T23:59:59Z" },
      { leaseSeconds: undefined, until: "2026-11-21T13:05:00Z" },
      { constructor: "x" },
    ].map((other) => JSON.stringify({ ...right, ...other })),
    `{"__proto__":{},${JSON.stringify(right).slice(1)}`,
    JSON.stringify({ owner: "terraform", expires: "2020-01-01T00:00:00Z" }),
    `${JSON.stringify(right)}${" ".repeat(MAX_MARKER_CHARS)}`,
    "[".repeat(MAX_MARKER_CHARS),
    "9".repeat(10_000_000),
  ];
  for (const text of texts) {
    for (const ageMs of [0, 1e12]) {
      assert.equal(judgeMarker({ text, ageMs }, RUN).state, "unclear", text.slice(0, 200));
    }
  }
  assert.equal(judgeMarker(undefined, RUN).state, "unclear");
  assert.equal(at(1e12, JSON.stringify(right)).state, "expired");
});

Deno.test("the id of a run in a name is a whole one", () => {
  for (const id of [RUN, "20261121t1305z-4f1c"]) assert.ok(isRunId(id), id);
  for (
    const id of [
      "",
      "x",
      "20261121t1305z-4f1",
      "20261121t1305z-4f1c0",
      "20261121t1305z-4F1C",
      `${RUN}0`,
      `x${RUN}`,
    ]
  ) assert.ok(!isRunId(id), id);
});

Deno.test("times of a store are read when they are written as HTTP or Nessie write them, and else are none", () => {
  assert.equal(storeTimeMs("Sat, 21 Nov 2026 13:05:00 GMT"), Date.UTC(2026, 10, 21, 13, 5));
  assert.equal(storeTimeMs("2026-11-21T13:05:00Z"), Date.UTC(2026, 10, 21, 13, 5));
  assert.equal(storeTimeMs("2026-11-21T13:05:00.123456789Z"), Date.UTC(2026, 10, 21, 13, 5, 0, 123));
  for (
    const text of [
      undefined,
      null,
      "",
      "0",
      "-1",
      "1764000000",
      "yesterday",
      "Nov 21 2026",
      "2026-11-21",
      "2026-11-21T13:05:00",
      "2026-11-21T13:05:00+01:00",
      "+012026-11-21T13:05:00Z",
      "Sat, 21 Nov 2026 13:05:00 +0100",
      "Sat, 21 Nov 2026 13:05:00 GMT, Sat, 21 Nov 2026 13:05:00 GMT",
      "2026-99-99T99:99:99Z",
      "Sat, 21 Nov 2026 13:05:00 GMT (x)",
      " Sat, 21 Nov 2026 13:05:00 GMT",
      "2026-11-21T13:05:00Z ",
      " 2026-11-21T13:05:00Z",
    ]
  ) assert.ok(Number.isNaN(storeTimeMs(text)), String(text));
});
