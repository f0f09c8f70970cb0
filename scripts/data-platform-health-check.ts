#!/usr/bin/env -S deno -q --no-prompt -RN -E=KUBE*,HOME,SSL_CERT_*,HTTPS_PROXY,https_proxy,NO_*,no_proxy,TERM,LAKECHECK_DEBUG --ignore-env
/** `deno task data-platform:health`: what is broken, what broke it, and what to do now. */
import { main } from "../lib/cli/main.ts";

await main({
  name: "data-platform:health",
  summary: "Says what is broken on the data platform, what broke it, and what to do now. Reads only.",
  examples: [
    { args: "", what: "the platform that the current context of your kubeconfig names" },
    { args: "--context staging --verbose", what: "another cluster, every check" },
    { args: "--json", what: "for programs" },
    { task: ":exec", args: "", what: "when your kubeconfig logs in by an exec plugin: aws, kubelogin ..." },
    { task: ":save", args: "--save-facts incident.json.gz", what: "record what was read ..." },
    { args: "--facts incident.json.gz", what: "... and judge it again, without a cluster" },
  ],
  readsOnly: true,
  components: async () => (await import("../lib/components/mod.ts")).components,
}, Deno.args);
