/** Trials of listing: every key once, in pages, by prefixes and delimiters, in the order that S3 promises. */
import { passed, type Trial } from "../../../../checkpoint/trial.ts";
import type { S3Context } from "../../context.ts";
import { deleteOne } from "../../scratch/delete.ts";
import { expectNames, page, pages, type Query, sorted } from "./pages.ts";
import { operation, shared, stepsIn, trialsOn } from "../steps.ts";
import { expect } from "../../../../checkpoint/expect.ts";
import { below } from "../../scratch/own_place.ts";

/** Sorted by UTF-8: U+FF5E comes before U+1F600 there, and after it when sorted by UTF-16. */
const NAMES: readonly string[] = [
  "A-top",
  "a/1.parquet",
  "a/2.parquet",
  "a/b/3.parquet",
  "dt=2026-11-20/x",
  "dt=2026-11-21/x",
  "dt=2026-11-21/y",
  "top",
  "top.txt",
  "z",
  "é",
  "日本",
  "\u{FF5E}",
  "\u{1F600}",
];

/** Objects of these names, made once for all trials that only list them. */
const listed = shared(async (context) => {
  const steps = await stepsIn(context, below(context.place, "list/"));
  await Promise.all(NAMES.map((name) => steps.put(name, "x")));
  return steps;
});

const listing = trialsOn(listed);

const listPages = listing({
  id: "s3.list-pages",
  title: "List in pages",
  explain:
    "A list of more keys than fit into a page gives each key once, whatever the size of a page. Nessie GC, Iceberg's " +
    "removal of orphans, Spark's reading of directories, and backups list this way: a key that is lost between pages " +
    "is a file that is missing from a backup.",
  weight: "critical",
}, async (steps) => {
  for (const [MaxKeys, Prefix] of [[5, ""], [1, "dt="]] as const) {
    const all = await pages(steps, { MaxKeys, Prefix });
    const keys = sorted(all.flatMap((one) => one.keys));
    const wanted = sorted(NAMES.filter((name) => name.startsWith(Prefix)));
    const evidence = `ListObjectsV2 with max-keys ${MaxKeys} and continuation tokens`;
    expectNames(keys, wanted, "KeysLost", "a list in pages does not give each key once", evidence);
    const wrong = all.find((one) => one.count !== one.keys.length);
    expect(!wrong, "WrongKeyCount", "a page of a list does not say how many keys it has", {
      observed: `KeyCount ${wrong?.count} with ${wrong?.keys.length} keys`,
      expected: "the number of keys",
      evidence,
      status: "warning",
    });
  }
  return passed(`${NAMES.length} keys in pages of 5, and some in pages of 1: each came once`);
});

const listOrder = listing({
  id: "s3.list-order",
  title: "Order of lists",
  explain:
    "Keys are listed in the order of their UTF-8 bytes. Tools that compare two listings (sync, clean-up of orphans) " +
    "walk them side by side, and skip or delete wrong keys when the order is another one.",
  weight: "warning",
}, async (steps) => {
  const { keys } = await page(steps, {});
  expectNames(
    keys,
    NAMES,
    "WrongOrder",
    "keys are not listed in the order of their UTF-8 bytes",
    "ListObjectsV2 of keys in several scripts",
  );
  return passed("keys are listed in the order of their UTF-8 bytes");
});

const listStartAfter = listing({
  id: "s3.list-start-after",
  title: "List from a key on",
  explain:
    "start-after begins a list behind a key, which need not exist. Walks of large buckets are resumed by it; a " +
    "store that ignores it makes every resumed walk begin again.",
  weight: "warning",
}, async (steps) => {
  for (const [StartAfter, from] of [["a/2.parquet", 3], ["dt=2026-11-20/zzz", 5]] as const) {
    const { keys } = await page(steps, { StartAfter });
    const evidence = `ListObjectsV2 with start-after ${StartAfter}`;
    expect(
      keys.length < NAMES.length,
      "SilentlyIgnored",
      "the store ignores start-after, and lists from the first key on",
      { observed: `${keys.length} keys`, expected: `${NAMES.length - from} keys`, evidence },
    );
    expectNames(
      sorted(keys),
      sorted(NAMES.slice(from)),
      "WrongStart",
      "start-after begins at another key",
      evidence,
    );
  }
  return passed("lists begin behind the key that was given, also when there is no such key");
});

/** What is asked, and the keys and common prefixes that it must give. */
const DELIMITED: readonly [Query, readonly string[], readonly string[]][] = [
  [
    { Delimiter: "/" },
    NAMES.filter((name) => !name.includes("/")),
    ["a/", "dt=2026-11-20/", "dt=2026-11-21/"],
  ],
  [{ Delimiter: "/", Prefix: "a/" }, ["a/1.parquet", "a/2.parquet"], ["a/b/"]],
  [{ Delimiter: "/", Prefix: "dt=2026-11-21/" }, ["dt=2026-11-21/x", "dt=2026-11-21/y"], []],
  [{ Prefix: "dt=" }, ["dt=2026-11-20/x", "dt=2026-11-21/x", "dt=2026-11-21/y"], []],
  [{ Delimiter: "/", Prefix: "nothing/" }, [], []],
  [{ Delimiter: "-", Prefix: "dt=" }, [], ["dt=2026-"]],
];

const listDelimiter = listing({
  id: "s3.list-delimiter",
  title: "Prefixes and delimiters",
  explain:
    "A list under a prefix gives only keys under it, and with a delimiter what lies deeper as common prefixes, " +
    "each once, also over pages. That is how Spark and Hadoop S3A see directories and Hive partitions: without it a " +
    "table has none, or those of its neighbours.",
  weight: "critical",
}, async (steps) => {
  const asked = DELIMITED.flatMap(([query, ...wanted]) =>
    [1000, 2].map((MaxKeys) => ({ query: { ...query, MaxKeys }, wanted }))
  );
  const seen = await Promise.all(asked.map(({ query }) => pages(steps, query)));
  asked.forEach(({ query, wanted: [keys, prefixes] }, at) => {
    const { Prefix = "", Delimiter = "", MaxKeys } = query;
    const evidence = `ListObjectsV2 with prefix "${Prefix}", delimiter "${Delimiter}", max-keys ${MaxKeys}`;
    const gotKeys = seen[at]?.flatMap((one) => one.keys) ?? [];
    const gotPrefixes = seen[at]?.flatMap((one) => one.prefixes) ?? [];
    expect(
      !Delimiter || prefixes.length === 0 || gotPrefixes.length > 0,
      "SilentlyIgnored",
      "the store ignores the delimiter: it gives no common prefixes",
      { observed: `keys ${gotKeys.join(" ")}`, expected: `common prefixes ${prefixes.join(" ")}`, evidence },
    );
    const message = "a list under a prefix has other keys";
    expectNames(sorted(gotKeys), sorted(keys), "WrongKeys", message, evidence);
    const other = "a list with a delimiter has other common prefixes";
    expectNames(sorted(gotPrefixes), sorted(prefixes), "WrongPrefixes", other, evidence);
  });
  return passed(
    `${DELIMITED.length} prefixes and delimiters gave the right keys and common prefixes, also in pages`,
  );
});

/** A list that is behind is not behind each time. */
const ROUNDS = 2;

const listFresh = operation({
  id: "s3.list-fresh",
  title: "List right after a change",
  explain:
    "What was just written is listed, and what was just deleted is not. Spark's committers rename by list and " +
    "copy: a list that is behind loses or doubles their output. Old stores promised this only after a while.",
  weight: "critical",
}, async (steps) => {
  for (let round = 1; round <= ROUNDS; round++) {
    const name = `object-${round}`;
    await steps.put(name, "x");
    const after = await page(steps, {});
    expect(after.keys.includes(name), "StaleList", "an object that was just written is not listed", {
      observed: after.keys.join(" ") || "nothing",
      expected: name,
      evidence: `ListObjectsV2 right after PUT, round ${round}`,
    });
    await steps.ask("DELETE", steps.s3.send(await deleteOne(steps.place, name)));
    const gone = await page(steps, {});
    expect(!gone.keys.includes(name), "StaleList", "an object that was just deleted is still listed", {
      observed: gone.keys.join(" "),
      expected: `no ${name}`,
      evidence: `ListObjectsV2 right after DELETE, round ${round}`,
    });
  }
  return passed(`lists show what was written and hide what was deleted at once, ${ROUNDS} times in a row`);
});

const listChanging = operation({
  id: "s3.list-changing",
  title: "Pages that change under way",
  explain:
    "While a list is read page by page, keys are added and deleted before and behind the page. Keys that were " +
    "there all the time must come exactly once: clean-up of orphans and backups list while Spark writes, and a key " +
    "that is skipped is a live file that is taken for an orphan or left out of the backup.",
  weight: "critical",
}, async (steps) => {
  const stays = ["b", "d", "f", "h", "j", "l", "n"];
  const goes = ["a", "c", "k"];
  await Promise.all([...stays, ...goes].map((name) => steps.put(name, "x")));
  const all = await pages(steps, { MaxKeys: 3 }, async (number) => {
    if (number !== 1) return;
    const gone = goes.map(async (name) =>
      steps.ask("DELETE", steps.s3.send(await deleteOne(steps.place, name)))
    );
    await Promise.all([...gone, steps.put("aa", "x"), steps.put("m", "x")]);
  });
  const keys = all.flatMap((one) => one.keys);
  expectNames(
    keys.filter((key) => stays.includes(key)),
    stays,
    "KeysLost",
    "keys that were there all the time are not each listed once when others come and go",
    "ListObjectsV2 in pages of 3, with PUT and DELETE after the first page",
  );
  expect(!keys.includes("k"), "StaleList", {
    message: "a later page lists a key that was deleted before it was asked for",
    observed: keys.join(" "),
    expected: "no k",
    evidence: "ListObjectsV2 in pages of 3, with DELETE after the first page",
  });
  return passed("keys that stayed came once each while others were added and deleted between pages");
});

export const listTrials: readonly Trial<S3Context>[] = [
  listPages,
  listOrder,
  listStartAfter,
  listDelimiter,
  listFresh,
  listChanging,
];
