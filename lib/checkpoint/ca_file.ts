/** Reads a file of certificates that somebody gave to trust. node:crypto is loaded only then. */
import { MOST_BYTES, readLimited } from "../disk/read_limited.ts";
import { UsageError } from "../engine/errors.ts";

const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";

/** The certificates of a PEM file, and nothing else that is in it. UsageError when it has none, or one is damaged. */
export async function readCaFile(flag: string, path: string): Promise<string> {
  const give = `Give ${flag} a PEM file with the certificate of the CA that signed the endpoint's.`;
  const certificates = certificatesOf(await textOf(flag, path));
  if (certificates.length === 0) throw new UsageError(`${path} holds no PEM certificate. ${give}`);
  const { X509Certificate } = await import("node:crypto");
  for (const [i, pem] of certificates.entries()) {
    try {
      new X509Certificate(pem);
    } catch {
      throw new UsageError(`certificate ${i + 1} of ${certificates.length} in ${path} is damaged. ${give}`);
    }
  }
  return `${certificates.join("\n")}\n`;
}

async function textOf(flag: string, path: string): Promise<string> {
  const read = await readLimited(path, { maxBytes: MOST_BYTES.secret, pipes: "substituted" });
  if (read.ok) return new TextDecoder().decode(read.bytes);
  throw new UsageError(
    `Cannot read ${path}: ${read.why}. Next: give ${flag} a PEM file that you may read.`,
  );
}

/** In one pass, whatever the text is. */
function certificatesOf(text: string): string[] {
  return text.split(BEGIN).slice(1).flatMap((part) => {
    const end = part.indexOf(END);
    return [`${BEGIN}${end < 0 ? part : part.slice(0, end)}${END}`];
  });
}
