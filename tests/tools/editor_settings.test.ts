import assert from "node:assert/strict";
import { ROOT } from "./tasks.ts";

Deno.test("editors are told the widths that deno fmt uses", async () => {
  const { fmt } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  const [, common = ""] = /^\[\*\]\n([^[]*)/m.exec(await Deno.readTextFile(`${ROOT}/.editorconfig`)) ?? [];
  const settings = Object.fromEntries(
    [...common.matchAll(/^(\w+) = (.+)$/gm)].map(([, key, value]) => [key, value]),
  );
  assert.deepEqual(settings, {
    charset: "utf-8",
    end_of_line: "lf",
    indent_style: fmt.useTabs ? "tab" : "space",
    indent_size: String(fmt.indentWidth ?? 2),
    max_line_length: String(fmt.lineWidth ?? 80),
    insert_final_newline: "true",
    trim_trailing_whitespace: "true",
  });
});
