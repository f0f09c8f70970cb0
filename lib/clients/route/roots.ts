/** The certificates that are trusted: those of the kubeconfig, else those of this machine, found as kubectl finds them. */
import { MOST_BYTES, readLimited } from "../../disk/read_limited.ts";

/** Where systems keep their roots in one file: the first that is there counts. https://go.dev/src/crypto/x509/root_linux.go */
const FILES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];
const DIRECTORIES = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/** More than any system trusts; a directory that is something else is not read to its end. */
const MOST_FILES = 2000;

/** The certificates in a text, as PEM each; other blocks, such as keys, are none. */
export function pemCertificates(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/**
 * The roots of this machine as PEM, without those that can't be used: of SSL_CERT_FILE and SSL_CERT_DIR where they are
 * set, else where systems keep them. Undefined when there are none; what can't be read is passed over, as kubectl does.
 */
export async function systemRoots(env: (name: string) => string | undefined): Promise<string | undefined> {
  const [file, directories] = [env("SSL_CERT_FILE"), env("SSL_CERT_DIR")];
  const found: string[] = [];
  for (const one of file ? [file] : FILES) {
    found.push(...pemCertificates(await textOf(one)));
    if (found.length > 0) break;
  }
  // A directory of the system holds what its file holds.
  const also = directories?.split(":").filter(Boolean) ?? (file || found.length === 0 ? DIRECTORIES : []);
  for (const directory of also) found.push(...await certificatesIn(directory));
  return usableOf([...new Set(found)].join("\n"));
}

/** The certificates of this text that can be used; undefined when there is none. One that is damaged spoils no other. */
export function usableOf(text: string): string | undefined {
  const all = pemCertificates(text);
  if (all.length === 0) return undefined;
  if (isUsable(all)) return all.join("\n");
  const usable = all.filter((one) => isUsable([one]));
  return usable.length > 0 ? usable.join("\n") : undefined;
}

function isUsable(certificates: readonly string[]): boolean {
  try {
    Deno.createHttpClient({ caCerts: [certificates.join("\n")] }).close();
    return true;
  } catch {
    return false;
  }
}

async function certificatesIn(directory: string): Promise<string[]> {
  const found: string[] = [];
  try {
    let files = 0;
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      if (isDirectory) continue;
      if (++files > MOST_FILES) break;
      found.push(...pemCertificates(await textOf(`${directory}/${name}`)));
    }
  } catch {
    // No such directory, or none of ours to read.
  }
  return found;
}

async function textOf(file: string): Promise<string> {
  const read = await readLimited(file, { maxBytes: MOST_BYTES.secret });
  return read.ok ? new TextDecoder().decode(read.bytes) : "";
}
