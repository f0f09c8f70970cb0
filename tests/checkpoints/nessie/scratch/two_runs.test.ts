/** Whole runs beside each other, each of which sees what the other has made. */
import assert from "node:assert/strict";
import type { TrialRecord } from "../../../../lib/checkpoint/trial.ts";
import { withKubeconfig } from "../../../clients/kubernetes/fixture.ts";
import { withClock } from "../../../fakes/clock.ts";
import { closedPort, kubeconfigFor } from "../../../fakes/api_server.ts";
import { fakeNessie } from "../../../fakes/nessie/server.ts";
import { NO_FACTS, validate } from "../fixture.ts";
import { withAsked } from "../../../fakes/asked.ts";

Deno.test("two runs at once on machines whose clocks are an hour apart do not touch each other", async () => {
  const Right = Date;
  const fake = fakeNessie([], undefined, () => new Right());
  const begun = Promise.withResolvers<void>();
  fake.intercept = () => {
    if (fake.state.refs.size > 3) begun.resolve();
    return undefined;
  };
  const unwell: string[] = [];
  const ran = () =>
    withKubeconfigOfNothing(async (kubeconfig) => {
      const given = new Map([["url", fake.url]]);
      const { sources } = await withAsked({ given, kubeconfig }, (asked) => validate(NO_FACTS, asked));
      const found = sources["nessie.trials"];
      assert.ok(found?.ok && "items" in found);
      const all = found.items as TrialRecord[];
      assert.ok(all.length > 30);
      const bad = all.filter(({ result, message }) =>
        result === "failed" || /NOT_FOUND|could not/.test(message)
      );
      unwell.push(...bad.map(({ message }) => message));
      const clean = all.find(({ trial }) => trial === "nessie.scratch-gone");
      assert.doesNotMatch(clean?.message ?? "", /of earlier runs/);
    });
  try {
    let first: Promise<void> | undefined;
    await withClock(-61 * 60_000, async () => {
      first = ran();
      await begun.promise;
    });
    await Promise.all([first, ran()]);
    assert.deepEqual(unwell, []);
    assert.deepEqual([...fake.state.refs.keys()], ["main"]);
  } finally {
    await fake.close();
  }
});

async function withKubeconfigOfNothing(use: (kubeconfig: string) => Promise<void>): Promise<void> {
  await withKubeconfig(kubeconfigFor(`https://127.0.0.1:${await closedPort()}`), use);
}
