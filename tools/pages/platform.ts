/** docs/platform.md: how the parts of a platform are recognised. */
import { ALL_ROLES, labelText } from "../../lib/platform/mod.ts";

const BLOCK = /(<!-- roles -->\n)[\s\S]*?(<!-- \/roles -->)/;

/** The page with the table of roles in its place. */
export async function platformText(): Promise<string> {
  const code = (texts: readonly string[] = []) => texts.map((text) => `\`${text}\``).join(", ");
  const rows = ALL_ROLES.map(([role, { labels, also, charts, images, names, ends }]) =>
    `| ${role} | ${code(labels.map(labelText))}${
      also ? `, with ${also.map((label) => code([labelText(label)])).join(" or ")}` : ""
    } | ${code(charts)} | ${code(images)}${ends ? `, and the name ends in \`${ends}\`` : ""} | ${
      code(names)
    } |`
  );
  const table = ["| role | label | chart | image | name |", "|---|---|---|---|---|", ...rows].join("\n");
  const page = await Deno.readTextFile("docs/platform.md");
  return page.replace(BLOCK, (_, from, to) => `${from}\n${table}\n\n${to}`);
}
