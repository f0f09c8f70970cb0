/** What the demo does, with nothing done. */
import assert from "node:assert/strict";
import { demo, type Dependencies } from "../../tools/demo.ts";

/** The first words of the tasks that are started, and what is said. */
async function watch(more: Partial<Dependencies>) {
  const tasks: string[] = [];
  const said: string[] = [];
  const code = await demo({
    perform: (step) => Promise.resolve(tasks.push(step.task[0] ?? "") > 0),
    whyNot: () => undefined,
    say: (text) => void said.push(text),
    ...more,
  });
  return { code, tasks, said: said.join("\n") };
}

const ALL = [
  ...["data-platform:health", "lab:up", "data-platform:health", "lab:break"],
  ...["data-platform:health", "lab:repair", "data-platform:health"],
];

Deno.test("the demo says what building takes before it asks, and a no builds nothing", async () => {
  const { code, tasks, said } = await watch({ agreed: () => Promise.resolve(false) });
  assert.deepEqual([code, tasks], [0, ["data-platform:health"]]);
  assert.match(said, /as root: up to 30 minutes and 20 GB of disk[^]*Nothing was built/);
});

Deno.test("a yes, or nobody to ask, goes through all steps", async () => {
  assert.deepEqual((await watch({ agreed: () => Promise.resolve(true) })).tasks, ALL);
  assert.deepEqual((await watch({})).tasks, ALL);
});

Deno.test("a machine that can have no lab is not asked", async () => {
  const asked: string[] = [];
  const agreed = (question: string) => Promise.resolve(asked.push(question) > 0);
  const { code, tasks, said } = await watch({ agreed, whyNot: () => "this is a Mac" });
  assert.deepEqual([code, tasks, asked], [0, ["data-platform:health"], []]);
  assert.match(said, /ends here: this is a Mac\./);
});

Deno.test("a step that fails ends the demo with 3", async () => {
  assert.equal((await watch({ perform: () => Promise.resolve(false) })).code, 3);
});
