/** The forms of a listing. */
import type { S3Context } from "../context.ts";
import { type Probe, put, said, type Seen, send } from "./probe.ts";
import { between } from "../../../untrusted/text.ts";
import { own } from "../../../untrusted/lookup.ts";

/** A name that XML, URLs and forms each write in their own way. */
const ODD = "a b+c&d=ü%41<e>";

/** Lists what a probe has made and looks for a key in it, as the listing writes it. */
async function lists(
  context: S3Context,
  key: string,
  name: string,
  query: Record<string, string>,
  read: (text: string) => string,
): Promise<Seen> {
  const wanted = `${key}/${name}`;
  await put(context, wanted);
  const reply = await send(context, { method: "GET", query: { ...query, prefix: `${key}/` } });
  if (reply.status !== 200) return { behaviour: "refused", observed: said(reply) };
  const listed = reply.text();
  const text = between(listed, "<Key>", "</Key>", Math.max(0, listed.indexOf("<Contents>"))) ?? "";
  let found: string;
  try {
    found = read(text);
  } catch {
    found = text;
  }
  return found === wanted ? { behaviour: "works", observed: said(reply) } : {
    behaviour: "corrupts",
    observed: `${said(reply)}, lists ${JSON.stringify(found)} for ${JSON.stringify(wanted)}`,
  };
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function plain(text: string): string {
  return text.replace(
    /&(\w+|#\d+);/g,
    (whole, name: string) =>
      name.startsWith("#") ? String.fromCodePoint(Number(name.slice(1))) : own(ENTITIES, name) ?? whole,
  );
}

/** S3 writes a blank as plus. */
const url = (text: string): string => decodeURIComponent(plain(text).replaceAll("+", "%20"));

export const listProbes: readonly Probe[] = [
  { id: "list.v1", run: (context, key) => lists(context, key, ODD, {}, plain) },
  { id: "list.v2", run: (context, key) => lists(context, key, ODD, { "list-type": "2" }, plain) },
  {
    id: "list.encoding-type",
    run: (context, key) => lists(context, key, ODD, { "list-type": "2", "encoding-type": "url" }, url),
  },
];
