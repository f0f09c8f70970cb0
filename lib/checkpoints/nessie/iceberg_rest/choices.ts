/** What a client may choose, or leave to the catalog, when it creates a table. */
import { expect, fail } from "../../../checkpoint/expect.ts";
import { passed } from "../../../checkpoint/trial.ts";
import { type Capability, differently, expectServed } from "./mod.ts";
import { isGood, words } from "./replies.ts";
import { at } from "../../../untrusted/lookup.ts";
import { CREATE_NAMESPACE } from "./namespaces.ts";
import { create, CREATE_TABLE, tablesIn } from "./tables.ts";
import { inSpace, makeTable, SCHEMA } from "./scratch.ts";
import { trimEnd } from "../../../untrusted/text.ts";

export const choiceCapabilities: readonly Capability[] = [
  {
    id: "nessie.can-create-without-stage",
    area: "tables",
    title: "create a table without saying stage-create",
    explain: "The protocol's default for stage-create is false; a client that leaves it out gets its table.",
    weight: "warning",
    needs: [CREATE_NAMESPACE],
    async run(rest) {
      const reply = await rest.send("POST", tablesIn(rest), { name: "unstaged", schema: SCHEMA });
      if (isGood(reply)) return passed("stage-create may be left out", { observed: words(reply) });
      return differently(
        `stage-create must be given; without it the catalog answers ${reply.status}. Engines always give it`,
        { observed: words(reply), expected: "HTTP 200" },
      );
    },
  },
  {
    id: "nessie.can-place-table",
    area: "tables",
    title: "put a table where the client says",
    explain: "A table created with a location inside of the warehouse gets that location.",
    weight: "warning",
    needs: [CREATE_TABLE],
    async run(rest) {
      const home = at((await rest.send("GET", inSpace(rest.root))).body, "properties", "location");
      const given = at((await makeTable(rest, "placed_by_catalog")).metadata, "location");
      const base = typeof home === "string" ? trimEnd(home, "/") : String(given).replace(/\/[^/]*$/, "");
      const location = `${base}/own_place`;
      const made = await create(rest, "placed", { location });
      expectServed(made, "put a table where the client says");
      const got = at(made.body, "metadata", "location");
      expect(got === location, "SilentlyIgnored", "a table's location is accepted and another one is used", {
        observed: `a location that the catalog chose`,
        expected: "the location of the request",
      });
      return passed("a table's location may be chosen", { observed: words(made) });
    },
  },
  {
    id: "nessie.can-choose-format",
    area: "tables",
    title: "create a table of a format version",
    explain: "The property format-version chooses 1 or 3 instead of 2.",
    weight: "warning",
    needs: [CREATE_TABLE],
    async run(rest) {
      const got: string[] = [];
      for (const version of ["1", "3"]) {
        const made = await create(rest, `format_${version}`, { properties: { "format-version": version } });
        got.push(isGood(made) ? String(at(made.body, "metadata", "format-version")) : words(made));
      }
      const observed = `asked for 1 and 3, got ${got.join(" and ")}`;
      if (got.join() === "1,3") return passed("format versions 1 and 3 may be chosen", { observed });
      if (got.includes("1") || got.includes("3")) {
        return differently("only some format versions may be chosen", { observed });
      }
      fail("SilentlyIgnored", "a format version is accepted and another one is used", { observed });
    },
  },
];
