/** Trials of what the catalog says of itself: its configuration, its default branch, its release. */
import { expect } from "../../../checkpoint/expect.ts";
import type { NessieContext } from "../context.ts";
import { failed, passed, skipped, type Trial } from "../../../checkpoint/trial.ts";
import { taken } from "../trying.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";

const configTrial: Trial<NessieContext> = {
  id: "nessie.config",
  title: "API version 2",
  weight: "critical",
  explain:
    "GET /api/v2/config says which versions of the API and of its specification the server knows. Iceberg's clients " +
    "and this tool speak version 2; a default branch other than the configured one sends them to the wrong tables.",
  run({ config, wanted }) {
    const evidence = "GET /api/v2/config";
    const { minSupportedApiVersion: min, maxSupportedApiVersion: max, specVersion, defaultBranch } = config;
    expect(min <= 2 && max >= 2, "ApiVersion", {
      message: `the server knows versions ${min} to ${max} of the API, and not 2`,
      observed: `${min} to ${max}`,
      expected: "2",
      evidence,
    });
    const asked = "why" in wanted ? defaultBranch : wanted.defaultBranch ?? defaultBranch;
    const other = `the default branch is ${defaultBranch}, and its configuration asks for ${asked}`;
    const seen = { observed: defaultBranch, expected: asked, evidence };
    expect(asked === defaultBranch, "OtherDefaultBranch", other, seen);
    const spec = specVersion ?? "not told";
    return passed(`API version 2, specification ${spec}, default branch ${defaultBranch}`, { evidence });
  },
};

const defaultBranchTrial: Trial<NessieContext> = {
  id: "nessie.default-branch",
  title: "Default branch",
  weight: "critical",
  explain:
    "The default branch is there, is a branch, answers to the name `-` too, and its entries and commits can be read. " +
    "Without it no client finds a table.",
  async run({ nessie, config }) {
    const name = config.defaultBranch;
    const [byName, byDash] = await Promise.all([nessie.reference(name), nessie.reference("-")]);
    expect(byName.type === "BRANCH", "NoBranch", {
      message: `${name} is a ${byName.type.toLowerCase()} and no branch: nothing can be committed to it`,
    });
    expect(byDash.name === name, "OtherDefaultBranch", `- leads to ${byDash.name} and not to ${name}`, {
      observed: byDash.name,
      expected: name,
    });
    const at = `${name}@${byName.hash}`;
    const [entries, log] = await Promise.all([
      nessie.page("entries", { at }),
      first(nessie.history(at, { pageSize: 1 })),
    ]);
    const begun = log
      ? `its last commit is of ${log.commitTime ?? "a time that is not told"}`
      : "it has no commits yet";
    expect(log || entries.items.length === 0, "NoHistory", {
      message: `${name} has entries, and no commit that made them`,
      evidence: `GET /api/v2/trees/${name}/history`,
    });
    return passed(`${name} is there; ${begun}`);
  },
};

async function first<T>(items: AsyncGenerator<T, void, void>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}

const versionTrial: Trial<NessieContext> = {
  id: "nessie.version",
  title: "Release that runs",
  weight: "warning",
  explain:
    "The server tells its release in the API document that it serves (/nessie-openapi/openapi.yaml). It is compared " +
    "with the tag of the image in the Deployment: another release means a tag that was moved, or an image that is not what " +
    "it is called.",
  async run({ nessie, wanted, place }) {
    const evidence = "GET /nessie-openapi/openapi.yaml, info.version";
    const runs = await nessie.serverVersion();
    if (runs === undefined) {
      return skipped("cannot tell which release runs: this server does not say it", { evidence });
    }
    if ("why" in wanted) {
      return skipped(`release ${runs} runs; what is asked for is not known: ${wanted.why}`, { evidence });
    }
    const { version, image } = wanted;
    if (version === undefined) {
      return skipped(`release ${runs} runs; image ${image ?? "unknown"} asks for no release by its tag`, {
        evidence,
      });
    }
    if (version === runs) return passed(`release ${runs} runs, as image ${image} says`, { evidence });
    return failed("OtherVersion", `release ${runs} runs, and its workload asks for ${version} (${image})`, {
      observed: runs,
      expected: version,
      evidence,
      next: [nextStep("images-of-nessie", place?.workload.namespace ?? "")],
    });
  },
};

const REFERENCES = 5;

const referencesTrial: Trial<NessieContext> = {
  id: "nessie.references",
  title: "References in pages",
  weight: "critical",
  explain:
    "Branches are made, and GET /api/v2/trees is read in pages of one, two and more entries, and as a whole: each time " +
    "every one of them comes once, and the default branch is in the whole list. Garbage collection and backups that miss a " +
    "reference lose its tables.",
  async run(context) {
    const { nessie, config } = context;
    const base = await nessie.reference(config.defaultBranch);
    const made = await Promise.all(
      Array.from({ length: REFERENCES }, (_, i) => context.makeBranch(`ref-${i}`, base)),
    );
    const names = made.map(({ name }) => name);
    const filter = `ref.name.startsWith('${names[0]?.slice(0, -1)}')`;
    for (const pageSize of [1, 2, REFERENCES, 100]) {
      const got = (await taken(nessie.references({ pageSize, filter }), 1000)).map(({ name }) => name);
      expectNames(got, names, `in pages of ${pageSize}`, "GET /api/v2/trees?max-records=…");
    }
    const all = (await taken(nessie.references(), MOST_REFERENCES)).map(({ name }) => name);
    const known = all.filter((name) => name === config.defaultBranch || names.includes(name));
    const wanted = [...names, config.defaultBranch];
    expectNames(known, wanted, "in the list of all references", "GET /api/v2/trees");
    return passed(`each of ${all.length} references comes once, whatever the size of a page`);
  },
};

const MOST_REFERENCES = 100_000;

function expectNames(found: readonly string[], wanted: readonly string[], where: string, evidence: string) {
  const twice = found.find((name, at) => found.indexOf(name) !== at);
  expect(twice === undefined, "Duplicate", `${twice} comes twice ${where}`, { evidence });
  const missing = wanted.filter((name) => !found.includes(name));
  const message = `${missing.length} of ${wanted.length} references, ${
    missing[0]
  } among them, do not come ${where}`;
  expect(missing.length === 0, "Missing", message, { evidence });
  const strange = found.find((name) => !wanted.includes(name));
  expect(strange === undefined, "Unexpected", `${strange}, which does not belong there, comes ${where}`, {
    evidence,
  });
}

export const configTrials = [configTrial, defaultBranchTrial, versionTrial, referencesTrial];
