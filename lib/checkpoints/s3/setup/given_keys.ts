/** Keys that were given, and not found in a Secret: in a file, or in the environment. Never in an argument. */
import type { Given } from "../../../cli/flags.ts";
import { MOST_BYTES, readLimited } from "../../../disk/read_limited.ts";
import { UsageError } from "../../../engine/errors.ts";
import { own } from "../../../untrusted/lookup.ts";
import { cut } from "../../../untrusted/text.ts";
import { type Credential, pairFlaw } from "./credentials.ts";
import { pairAmong } from "./facts.ts";

const FLAG = "credentials-file";
const [ID, SECRET] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const;
const LONGEST_NAME = 253;

/**
 * The pair of keys in the file that `--credentials-file` names; else, where no cluster is asked for keys, the one in the
 * environment, where AWS's own clients look for it. UsageError, which quotes neither.
 */
export async function givenKeys(given: Given, noCluster: boolean): Promise<Credential | undefined> {
  const path = given.get(FLAG);
  if (path !== undefined && given.has("credentials")) {
    throw new UsageError(`--credentials names a Secret and --${FLAG} a file. Keep one of them.`);
  }
  if (path !== undefined) return await fromFile(path);
  if (!noCluster) return undefined;
  const [id, secret] = [Deno.env.get(ID), Deno.env.get(SECRET)];
  if (id && secret) {
    return credential({ kind: "EnvironmentVariable", name: ID }, { [ID]: id, [SECRET]: secret });
  }
  throw new UsageError(
    `--endpoint and --bucket ask no cluster, so the keys must be given. Give --${FLAG} FILE, or set ${ID} and ${SECRET}.`,
  );
}

async function fromFile(path: string): Promise<Credential> {
  const read = await readLimited(path, { maxBytes: MOST_BYTES.secret, pipes: "substituted" });
  if (!read.ok) {
    throw new UsageError(`Cannot read ${path}: ${read.why}. Next: give --${FLAG} a file that you may read.`);
  }
  const found = credential(
    { kind: "File", name: cut(path, LONGEST_NAME) },
    valuesOf(new TextDecoder().decode(read.bytes)),
  );
  if (found) return found;
  throw new UsageError(
    `${path} holds no pair of S3 keys. Give --${FLAG} a file as the AWS CLI has it, with aws_access_key_id and ` +
      `aws_secret_access_key in its section [default], or with lines ${ID}=... and ${SECRET}=...`,
  );
}

function credential(secret: Credential["secret"], values: Record<string, string>): Credential | undefined {
  const pair = pairAmong(Object.keys(values));
  if (!pair) return undefined;
  const keys = {
    accessKeyId: own(values, pair.idKey) ?? "",
    secretAccessKey: own(values, pair.secretKey) ?? "",
  };
  return { secret, ...pair, kind: "given", used: true, ...pairFlaw(keys, pair) };
}

/** The lines `name = value` before the first section, and those of the section `[default]`. */
function valuesOf(text: string): Record<string, string> {
  const values = new Map<string, string>();
  let section = "default";
  for (const line of text.split(/\r?\n/)) {
    const heading = line.trim();
    if (heading.startsWith("[") && heading.endsWith("]")) section = heading.slice(1, -1).trim();
    const at = line.indexOf("=");
    if (section !== "default" || at < 0 || /^[#;]/.test(heading)) continue;
    const name = line.slice(0, at).trim().replace(/^export /, "").trim();
    values.set(name, unquoted(line.slice(at + 1).trim()));
  }
  return Object.fromEntries(values);
}

function unquoted(text: string): string {
  const quote = text.at(0);
  const isQuoted = text.length > 1 && (quote === '"' || quote === "'") && text.at(-1) === quote;
  return isQuoted ? text.slice(1, -1) : text;
}
