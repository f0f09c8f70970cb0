/** The management port of the catalog: its health, its metrics. */
import { type CatalogOptions, type CatalogReply, sendToCatalog } from "../../../clients/catalog_http.ts";
import { list, obj, str } from "../../../engine/decode.ts";

export interface Management {
  /** GET; every status is an answer. */
  get(path: string): Promise<CatalogReply>;
  /** For people. */
  words: string;
  /** It is the management port of the very pod that the API is asked of. */
  samePod: boolean;
}

export function managementOf({ samePod, ...options }: CatalogOptions & { samePod: boolean }): Management {
  const get = (path: string) =>
    sendToCatalog(options, {
      method: "GET",
      path,
      what: `read ${path} of the management port`,
      headers: { accept: "*/*" },
    });
  return { get, words: options.connection.words, samePod };
}

/** MicroProfile Health, as Quarkus serves it. */
export const HEALTH = obj({ status: str, checks: list(obj({ name: str, status: str })) });

/** The sum of all series of a metric, by what stands before their braces; undefined when there is none. */
export function metricSum(text: string, name: string, label?: string): number | undefined {
  let sum: number | undefined;
  for (const line of text.split("\n")) {
    if (!line.startsWith(name)) continue;
    const [, labels = "", value] = /^(\{.*\})?\s+(\S+)/.exec(line.slice(name.length)) ?? [];
    if (value === undefined || (label !== undefined && !labels.includes(label))) continue;
    sum = (sum ?? 0) + Number(value);
  }
  return sum;
}
