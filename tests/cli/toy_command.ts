/** A command over two toy components, for tests that run the whole process. */
import { main } from "../../lib/cli/main.ts";
import type { Component, KindCheck, ListSource } from "../../lib/engine/model.ts";
import { list, obj, str } from "../../lib/engine/decode.ts";

interface Widget {
  metadata?: { name?: string; namespace?: string };
  parts?: string[];
}

const widgets: ListSource<Widget> = {
  id: "widgets",
  kind: "Widget",
  path: "/apis/toys/v1/widgets",
  read: obj({ metadata: obj({ name: str, namespace: str }), parts: list(str) }),
};

const gadgets: ListSource<Widget> = {
  ...widgets,
  id: "gadgets",
  kind: "Gadget",
  path: "/apis/toys/v1/gadgets",
};

const broken: KindCheck<Widget> = {
  id: "toys.widgets",
  title: "Widgets have their parts",
  explain: "A widget without parts is broken.",
  source: widgets,
  component: () => "toys",
  ref: (widget) => ({
    kind: "Widget",
    namespace: widget.metadata?.namespace,
    name: widget.metadata?.name ?? "",
  }),
  judge: (widget) => {
    if (widget.parts?.includes("bug")) throw new Error("deliberate");
    if (widget.parts?.includes("worn")) {
      return { status: "warning", reason: "Worn", message: "a part is worn" };
    }
    return widget.parts?.length
      ? undefined
      : { status: "critical", reason: "NoParts", message: "it has no parts" };
  },
};

const toys: Component = {
  name: "toys",
  title: "Toys",
  dependsOn: [],
  sources: [widgets, gadgets],
  namespaces: () => [],
  kinds: [broken],
  checks: [{
    id: "toys.gadgets",
    title: "There are gadgets",
    explain: "A toy box needs gadgets.",
    needs: [gadgets],
    object: () => ({ kind: "Gadget", name: "*" }),
    run: (world) => {
      const found = world.list(gadgets).length;
      if (world.namespace === "bug") throw new TypeError("deliberate");
      return [{
        status: found > 0 ? "ok" : "critical",
        reason: found > 0 ? "Found" : "None",
        message: `${found} gadgets found`,
      }];
    },
  }],
  edges: (world) => {
    if (world.namespace === "bug") throw new TypeError("the edges are broken on purpose");
    return [];
  },
};

await main({
  name: "toys:health",
  summary: "Says whether the toys are fine.",
  examples: [{ args: "--json", what: "for programs" }],
  components: () => Promise.resolve([toys]),
}, Deno.args);
