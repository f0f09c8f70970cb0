/**
 * The declaration of a platform as a zod schema: what docs/schema/platform.v1.json is generated from. Nothing on the way of
 * a run imports it; a test holds it and declaration.ts together.
 */
import { z } from "zod";
import {
  API_VERSION,
  durationText,
  kindsOfRole,
  NEEDS,
  ROLE_NAMES,
  type RoleName,
  THRESHOLDS,
  titleOfRole,
} from "../../lib/platform/mod.ts";

const need = z.enum(NEEDS)
  .describe("required: critical when it is missing. optional: not missed. absent: not looked for.");
const text = z.string().max(1000);
const full = text.regex(/\S/);
const named = "[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?";
const label = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";

function objectOf(role: RoleName) {
  const forms = kindsOfRole(role).map((kind) =>
    kind.startsWith("Cluster") && kind !== "Cluster" ? `${kind} ${named}` : `${kind} ${label}/${named}`
  );
  return text.regex(new RegExp(`^(?:${forms.join("|")})$`)).describe("KIND NAMESPACE/NAME");
}

function roleOf(role: RoleName) {
  const whole = z.strictObject({
    need: need.optional().describe("Default: required."),
    objects: z.array(objectOf(role)).max(500).optional()
      .describe("What fills it, where discovery finds others or none."),
  }).refine((one) => one.need !== "absent" || (one.objects ?? []).length === 0);
  return z.union([need, whole]).optional().describe(titleOfRole(role));
}

const thresholds = Object.entries(THRESHOLDS).map(([name, { seconds, help }]) =>
  [
    name,
    text.regex(/^[1-9]\d{0,7}[dhms]$/).optional().describe(
      `Time ${help}. Default: ${durationText(seconds)}.`,
    ),
  ] as const
);

const mute = z.strictObject({
  check: full.describe("The id of a check, docs/checks.md; * stands for any run of characters."),
  object: text.optional().describe(
    "As the report writes it, Deployment lake/catalog; default: every object.",
  ),
  reason: full.describe("Why it is known and may wait."),
  until: z.iso.date().describe("The last day, in UTC."),
});

export const declarationSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("Platform"),
  namespace: z.string().regex(new RegExp(`^${label}$`)).optional()
    .describe("The platform's own namespace; default: where most of its parts run."),
  roles: z.strictObject(Object.fromEntries(ROLE_NAMES.map((role) => [role, roleOf(role)]))).optional()
    .describe("What the platform consists of. What is not named here is judged when it is found."),
  thresholds: z.strictObject(Object.fromEntries(thresholds)).optional()
    .describe("Times that checks allow: 90s, 10m, 26h, 30d."),
  muted: z.array(mute).max(500).optional()
    .describe("Findings that are known and wait: shown in one line, and not in the exit status."),
}).meta({
  id: "Platform",
  title: "Lakecheck platform declaration",
  description:
    "What a platform consists of: --config platform.yaml, or a ConfigMap labelled lakecheck.dev/platform.",
});
