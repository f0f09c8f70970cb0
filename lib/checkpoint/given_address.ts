/** The address of a service that was given on the command line or in the environment, with the CA that it is trusted by. */
import { givenConnection } from "../clients/kubernetes/service_connection.ts";
import { UsageError } from "../engine/errors.ts";
import type { Given } from "../cli/flags.ts";
import { readCaFile } from "./ca_file.ts";

export interface GivenAddress {
  /** What gave it, for messages: `--endpoint`, `S3_ENDPOINT`. */
  flag: string;
  url: string;
  /** PEM certificates to trust, and to trust here only. */
  ca?: string;
}

/** No address: a CA for the Service that is found in the cluster. */
export interface GivenCa {
  url?: undefined;
  ca: string;
}

/** Checked as far as it can be without asking anybody; the flag wins over the variable. UsageError. */
export async function givenAddress(
  given: Given,
  name: string,
  variable: string,
): Promise<GivenAddress | GivenCa | undefined> {
  const asked = given.get(name);
  const url = asked ?? Deno.env.get(variable);
  const file = given.get("ca");
  if (!url) return file === undefined ? undefined : { ca: await readCaFile("--ca", file) };
  const flag = asked === undefined ? variable : `--${name}`;
  void givenConnection(flag, url).close();
  if (file === undefined) return { flag, url };
  if (URL.parse(url)?.protocol === "http:") {
    throw new UsageError(`--ca is for TLS, and ${flag} is ${url}. Give an https address, or leave --ca out.`);
  }
  return { flag, url, ca: await readCaFile("--ca", file) };
}
