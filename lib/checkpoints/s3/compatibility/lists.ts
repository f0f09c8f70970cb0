/** The forms of a listing. */
import type { S3Context } from "../context.ts";
import { type Probe, put, type Seen, send } from "./probe.ts";
import { said } from "./told.ts";
import { between } from "../../../untrusted/text.ts";
import { own } from "../../../untrusted/lookup.ts";

/** A name that XML, URLs and forms each write in their own way. */
const ODD = "a b+c&d=ü%41<e>";

/** Lists what it has made and looks for a key in it, as the listing writes it. */
async function lists(context: S3Context, key: string, query: Record<string, string>): Promise<Seen> {
  const wanted = `${key}/${ODD}`;
  await put(context, wanted);
  const reply = await send(context, { method: "GET", query: { ...query, prefix: `${key}/` } });
  if (reply.status !== 200) return { behaviour: "refused", observed: said(reply) };
  const listed = reply.text();
  const found = plain(between(listed, "<Key>", "</Key>", Math.max(0, listed.indexOf("<Contents>"))) ?? "");
  if (found === wanted) return { behaviour: "works", observed: said(reply) };
  const observed = `${said(reply)}, lists ${JSON.stringify(found)} for ${JSON.stringify(wanted)}`;
  return { behaviour: "corrupts", observed };
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function plain(text: string): string {
  return text.replace(
    /&(\w+|#\d+);/g,
    (whole, name: string) =>
      name.startsWith("#") ? String.fromCodePoint(Number(name.slice(1))) : own(ENTITIES, name) ?? whole,
  );
}

export const listProbes: readonly Probe[] = [
  { id: "list.v1", run: (context, key) => lists(context, key, {}) },
  { id: "list.v2", run: (context, key) => lists(context, key, { "list-type": "2" }) },
];
