/** A repository in a directory of its own, whose look.ts says what a file says, and facts to assert. */
import { typist } from "../fakes/terminal.ts";
import type { AssertedFact, Subject } from "../../lib/integration_test/asserted.ts";
import { createTest, type Creation, type Dependencies } from "../../lib/integration_test/create.ts";
import { runTest } from "../../lib/integration_test/prove.ts";
import { PATIENT_MS } from "../patience.ts";

export const SUBJECT: Subject = {
  command: "toy:test",
  noun: "the toy",
  doing: "It is wound up.",
  look: "lookAtToy",
  variable: "TOY_URL",
};

export const FACTS: readonly AssertedFact[] = [
  { id: "toy.buckets", title: "the toy has these buckets", value: ["lake", "logs"] },
  {
    id: "toy.users",
    title: 'its users are "ready"',
    value: { "ns/iceberg": { phase: "Ready", quota: null } },
  },
  { id: "toy.works", title: "all of this works", value: ["get", "put"], how: "includes" },
  { id: "toy.put-ms", title: "PUT takes at most 5000 ms", value: 12.5, how: "at most", limit: 5000 },
  { id: "toy.tls", title: "it speaks TLS", value: false },
];

const FAKE_LOOK = `
import { once } from "SEEN";
export { atMost, includes } from "SEEN";
export const lookAtToy = (flags = {}) => once(async () => {
  await Deno.writeTextFile(new URL("../../flags.json", import.meta.url), JSON.stringify(flags));
  const count = new URL("../../looks", import.meta.url);
  await Deno.writeTextFile(count, "x", { append: true });
  const text = await Deno.readTextFile(new URL("../../facts.json", import.meta.url));
  if (text.startsWith("hang")) await new Promise((resolve) => {
    const timer = setInterval(() => {}, 1000);
    Deno.addSignalListener("SIGTERM", () => {
      Deno.writeTextFileSync(new URL("../../undone", import.meta.url), "undone");
      clearInterval(timer);
      resolve(undefined);
    });
    Deno.writeTextFileSync(new URL("../../waiting", import.meta.url), "");
  });
  return JSON.parse(text);
});
`;

export interface Toy {
  root: string;
  /** What is said from now on. */
  facts(facts: readonly AssertedFact[] | "hang"): Promise<void>;
  create(more?: Partial<Creation>): Promise<string>;
  /** Everything that was said. */
  said: string[];
  /** The file that is written, if it is there. */
  written(): Promise<string | undefined>;
  looks(): Promise<number>;
  /** Of what was told to hang: it waits for its end. */
  waits(): Promise<boolean>;
}

export async function withToy(use: (toy: Toy) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "lakecheck-toy-" });
  const seen = new URL("../../lib/integration_test/seen.ts", import.meta.url).href;
  const said: string[] = [];
  const read = async (file: string) => await Deno.readTextFile(`${root}/${file}`).catch(() => undefined);
  const toy: Toy = {
    root,
    said,
    facts: (facts) => Deno.writeTextFile(`${root}/facts.json`, JSON.stringify(facts).replace(/^"|"$/g, "")),
    create: (more) =>
      createTest({
        subject: SUBJECT,
        facts: FACTS,
        flags: {},
        env: {},
        yes: false,
        signal: new AbortController().signal,
        timeoutMs: PATIENT_MS,
        root,
        dependencies: dependenciesOf(said, undefined, runTest),
        ...more,
      }),
    written: () => read("tests/integration/toy-test.test.ts"),
    looks: async () => (await read("looks"))?.length ?? 0,
    waits: async () => await read("waiting") !== undefined,
  };
  try {
    await Deno.mkdir(`${root}/lib/integration_test`, { recursive: true });
    await Deno.mkdir(`${root}/tests`);
    await Deno.writeTextFile(`${root}/deno.json`, '{ "fmt": { "lineWidth": 110 } }');
    await Deno.writeTextFile(
      `${root}/lib/integration_test/look.ts`,
      FAKE_LOOK.replaceAll("SEEN", seen),
    );
    await toy.facts(FACTS);
    await use(toy);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** A terminal that answers, or none; with `deno test` itself, or with one that finds every fact as it is asserted. */
export function dependenciesOf(
  said: string[],
  answer: boolean | undefined,
  run: Dependencies["run"] = believing,
): Dependencies {
  return {
    terminal: {
      ...typist(answer === undefined ? [] : [answer ? "y\n" : "n\n"], { terminal: answer !== undefined }),
      write: (text) => void said.push(text.replace(" [y/N] ", "")),
    },
    say: (line) => void said.push(line),
    run,
  };
}

/** The second run of a creation is the one with changed facts. */
const believing: Dependencies["run"] = ({ noCheck }) => {
  const titles = FACTS.map(({ title }) => title);
  return Promise.resolve(
    noCheck
      ? { passed: [], failed: titles.map((title) => ({ title, asserted: true, message: "AssertionError" })) }
      : { passed: titles, failed: [] },
  );
};
