/** What the catalog can do with namespaces. */
import { restPath } from "../../../untrusted/api_path.ts";
import { expect } from "../../../checkpoint/expect.ts";
import { passed } from "../../../checkpoint/trial.ts";
import { ALL_ENGINES, type Capability, differently, expectServed, listAt, rejection, worst } from "./mod.ts";
import { isGood, words } from "./replies.ts";
import { at } from "../../../untrusted/lookup.ts";
import { inSpace, makeTable, type ScratchRest } from "./scratch.ts";

export const CREATE_NAMESPACE = "nessie.can-create-namespace";

const MISSING = "no_such_namespace";

const names = (body: unknown): string[] =>
  listAt(body, "namespaces").map((levels) => Array.isArray(levels) ? levels.join(".") : "");

const propertiesOf = async (rest: ScratchRest, ...levels: string[]) =>
  at((await rest.send("GET", inSpace(...levels))).body, "properties");

export const namespaceCapabilities: readonly Capability[] = [
  {
    id: CREATE_NAMESPACE,
    area: "namespaces",
    title: "create a namespace",
    explain: "A namespace with a property is created, listed, there (HEAD), and loaded with that property.",
    weight: "critical",
    engines: ALL_ENGINES,
    endpoints: [
      "POST /v1/{prefix}/namespaces",
      "GET /v1/{prefix}/namespaces",
      "GET /v1/{prefix}/namespaces/{namespace}",
      "HEAD /v1/{prefix}/namespaces/{namespace}",
    ],
    async run(rest) {
      const body = { namespace: [rest.root], properties: { purpose: "lakecheck" } };
      const made = await rest.send("POST", "/namespaces", body);
      expectServed(made, "create a namespace");
      const loaded = await rest.send("GET", inSpace(rest.root));
      const purpose = at(loaded.body, "properties", "purpose");
      expect(purpose === "lakecheck", "WrongAnswer", {
        message: "a namespace that was created is not loaded with its property",
        observed: words(loaded),
      });
      const listed = await rest.send("GET", "/namespaces");
      expect(names(listed.body).includes(rest.root), "WrongAnswer", {
        message: "a namespace that was created is not listed",
        observed: words(listed),
      });
      const head = await rest.send("HEAD", inSpace(rest.root));
      expect(isGood(head), "WrongAnswer", `HEAD of a namespace that is there answers ${head.status}`);
      return passed("namespaces are created, listed and loaded with their properties", {
        observed: words(made),
      });
    },
  },
  {
    id: "nessie.can-nest-namespaces",
    area: "namespaces",
    title: "nest namespaces",
    explain: "A namespace inside of another is created, listed below it, and not beside it.",
    weight: "warning",
    needs: [CREATE_NAMESPACE],
    async run(rest) {
      const made = await rest.send("POST", "/namespaces", { namespace: [rest.root, "inner"] });
      expectServed(made, "create a namespace inside of another");
      const below = names((await rest.send("GET", restPath`/namespaces?parent=${rest.root}`)).body);
      const beside = names((await rest.send("GET", "/namespaces")).body);
      const inner = `${rest.root}.inner`;
      expect(below.includes(inner), "WrongAnswer", "a nested namespace is not listed below its parent");
      if (beside.includes(inner)) return differently("nested namespaces are listed with the outermost ones");
      return passed("namespaces nest", { observed: words(made) });
    },
  },
  {
    id: "nessie.can-refuse-duplicate-namespace",
    area: "namespaces",
    title: "reject a namespace that exists",
    explain: "A namespace created twice is rejected with 409; engines' IF NOT EXISTS lives on that.",
    weight: "warning",
    engines: ALL_ENGINES,
    needs: [CREATE_NAMESPACE],
    async run(rest) {
      const again = await rest.send("POST", "/namespaces", { namespace: [rest.root] });
      return rejection("create a namespace that exists", again, [409], "its properties may be gone");
    },
  },
  {
    id: "nessie.can-tell-missing-namespace",
    area: "namespaces",
    title: "tell that a namespace is missing",
    explain:
      "Loading, HEAD, dropping and changing the properties of a namespace that is not there answer 404.",
    weight: "warning",
    engines: ALL_ENGINES,
    needs: [CREATE_NAMESPACE],
    async run(rest) {
      const path = inSpace(rest.root, MISSING);
      const harm = "who asks believes that it is there";
      return worst(
        rejection("load a namespace that is missing", await rest.send("GET", path), [404], harm),
        rejection("find a namespace that is missing", await rest.send("HEAD", path), [404], harm),
        rejection("drop a namespace that is missing", await rest.send("DELETE", path), [404], harm),
        rejection(
          "change a namespace that is missing",
          await rest.send("POST", restPath`${path}/properties`, { updates: { a: "1" }, removals: [] }),
          [404],
          harm,
        ),
        passed("namespaces that are missing are told as such", { observed: "HTTP 404" }),
      );
    },
  },
  {
    id: "nessie.can-list-missing-namespace",
    area: "namespaces",
    title: "tell that what is to be listed is missing",
    explain: "Listing the tables of a namespace that is not there answers 404, and not an empty list.",
    weight: "warning",
    needs: [CREATE_NAMESPACE],
    async run(rest) {
      const reply = await rest.send("GET", restPath`${inSpace(rest.root, MISSING)}/tables`);
      if (isGood(reply) && listAt(reply.body, "identifiers").length === 0) {
        return differently("a namespace that is missing is listed as an empty one", {
          observed: `${reply.status}, no tables`,
          expected: "HTTP 404",
        });
      }
      return rejection(
        "list a namespace that is missing",
        reply,
        [404],
        "who asks believes that it is there",
      );
    },
  },
  {
    id: "nessie.can-change-namespace-properties",
    area: "namespaces",
    title: "set and remove properties of a namespace",
    explain:
      "A property is set, another removed, and the answer says which was missing; read back afterwards.",
    weight: "warning",
    needs: [CREATE_NAMESPACE],
    endpoints: ["POST /v1/{prefix}/namespaces/{namespace}/properties"],
    async run(rest) {
      const space = [rest.root, "properties"];
      await rest.send("POST", "/namespaces", { namespace: space, properties: { old: "1" } });
      const body = { updates: { fresh: "2" }, removals: ["old", "absent"] };
      const said = await rest.send("POST", restPath`${inSpace(...space)}/properties`, body);
      expectServed(said, "change the properties of a namespace");
      const now = await propertiesOf(rest, ...space);
      expect(at(now, "fresh") === "2" && at(now, "old") === undefined, "SilentlyIgnored", {
        message: "a change of a namespace's properties is answered as done and is not",
        observed: words(said),
      });
      const right = listAt(said.body, "updated").join() === "fresh" &&
        listAt(said.body, "removed").join() === "old" && listAt(said.body, "missing").join() === "absent";
      if (right) return passed("properties of namespaces change", { observed: words(said) });
      return differently(
        "properties of namespaces change, but the answer names others than those that changed",
        {
          observed: `updated ${listAt(said.body, "updated")}, removed ${
            listAt(said.body, "removed")
          }, missing ${listAt(said.body, "missing")}`,
          expected: "updated fresh, removed old, missing absent",
        },
      );
    },
  },
  {
    id: "nessie.can-refuse-contradiction",
    area: "namespaces",
    title: "reject setting and removing one property at once",
    explain: "The protocol has 422 for a key that is both among the updates and the removals.",
    weight: "warning",
    needs: [CREATE_NAMESPACE],
    async run(rest) {
      const body = { updates: { both: "1" }, removals: ["both"] };
      const reply = await rest.send("POST", restPath`${inSpace(rest.root)}/properties`, body);
      return rejection("set and remove a property at once", reply, [422, 400], "one of both wins unsaid");
    },
  },
  {
    id: "nessie.can-keep-used-namespace",
    area: "namespaces",
    title: "reject dropping a namespace that is not empty",
    explain: "A namespace with a table, and one with a namespace inside, are rejected with 409 and stay.",
    weight: "critical",
    engines: ALL_ENGINES,
    needs: [CREATE_NAMESPACE],
    async run(rest) {
      await makeTable(rest, "keeps_its_namespace");
      const reply = await rest.send("DELETE", inSpace(rest.root));
      const still = await rest.send("HEAD", inSpace(rest.root));
      expect(isGood(still), "DataLost", "a namespace with a table in it was dropped", {
        observed: words(reply),
      });
      return rejection("drop a namespace that is not empty", reply, [409, 400], "tables may be lost with it");
    },
  },
  {
    id: "nessie.can-drop-namespace",
    area: "namespaces",
    title: "drop a namespace",
    explain: "An empty namespace is dropped, and is then missing.",
    weight: "warning",
    engines: ALL_ENGINES,
    needs: [CREATE_NAMESPACE],
    endpoints: ["DELETE /v1/{prefix}/namespaces/{namespace}"],
    async run(rest) {
      const path = inSpace(rest.root, "dropped");
      await rest.send("POST", "/namespaces", { namespace: [rest.root, "dropped"] });
      const reply = await rest.send("DELETE", path);
      expectServed(reply, "drop an empty namespace");
      const after = await rest.send("GET", path);
      expect(after.status === 404, "SilentlyIgnored", "a namespace that was dropped is still there", {
        observed: words(after),
      });
      return passed("empty namespaces are dropped", { observed: words(reply) });
    },
  },
  {
    id: "nessie.can-take-odd-names",
    area: "namespaces",
    title: "take dots, slashes and letters of any script in names",
    explain: "Namespaces called a.b, a/b and ü are created, loaded, and told apart.",
    weight: "warning",
    needs: [CREATE_NAMESPACE],
    async run(rest) {
      const odd = ["a.b", "a/b", "ü"];
      for (const name of odd) {
        const made = await rest.send("POST", "/namespaces", {
          namespace: [rest.root, name],
          properties: { name },
        });
        expectServed(made, `take ${name} as a name`);
        expect(at(await propertiesOf(rest, rest.root, name), "name") === name, "WrongAnswer", {
          message: `a namespace called ${name} is not the one that is loaded by that name`,
        });
      }
      return passed(`names with dots, slashes and other scripts are kept apart`, {
        observed: odd.join(", "),
      });
    },
  },
];
