/** What `deno task test:unit` gives to `deno test`: the test files named as arguments, all of them in one process. */
const root = new URL("../", import.meta.url);
for (const path of Deno.args) await import(new URL(path, root).href);
