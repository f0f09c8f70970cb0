/** docs/platform.md: how the parts of a platform are recognised. */
import { ALL_ROLES, durationText, labelText, THRESHOLDS } from "../../lib/platform/mod.ts";

const BLOCK = /(<!-- roles -->\n)[\s\S]*?(<!-- \/roles -->)/;

const REST_BLOCK = /(<!-- iceberg-rest -->\n)[\s\S]*?(<!-- \/iceberg-rest -->)/;

function restTable(): string {
  const rows = ALL_ROLES.flatMap(([, { otherCatalog, icebergRest }]) =>
    icebergRest ? [`| ${otherCatalog} | \`${icebergRest.path}\` | ${icebergRest.port} |`] : []
  );
  return ["| catalog | path | port |", "|---|---|---|", ...rows].join("\n");
}

const THRESHOLD_BLOCK = /(<!-- thresholds -->\n)[\s\S]*?(<!-- \/thresholds -->)/;

function thresholdTable(): string {
  const rows = Object.entries(THRESHOLDS).map(([name, { seconds, help }]) =>
    `| \`${name}\` | ${durationText(seconds)} | ${help} |`
  );
  return ["| threshold | default | what it is |", "|---|---|---|", ...rows].join("\n");
}

/** The page with the tables of roles, of Iceberg REST and of thresholds in their places. */
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
  return page.replace(BLOCK, (_, from, to) => `${from}\n${table}\n\n${to}`)
    .replace(REST_BLOCK, (_, from, to) => `${from}\n${restTable()}\n\n${to}`)
    .replace(THRESHOLD_BLOCK, (_, from, to) => `${from}\n${thresholdTable()}\n\n${to}`);
}
