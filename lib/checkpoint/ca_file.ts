/** Reads a file of certificates that somebody gave to trust. node:crypto is loaded only then. */
import { systemReason } from "../disk/atomic_file.ts";
import { UsageError } from "../engine/errors.ts";

/** Larger than the bundle of all public CAs, which has a quarter of it. */
const MAX_BYTES = 1024 * 1024;
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
  const bytes = new Uint8Array(MAX_BYTES + 1);
  let size = 0;
  try {
    using file = await Deno.open(path);
    for (let read: number | null = 0; read !== null && size < bytes.length; size += read ?? 0) {
      read = await file.read(bytes.subarray(size));
    }
  } catch (error) {
    throw new UsageError(
      `Cannot read ${path}: ${systemReason(error)}. Give ${flag} a file that you may read.`,
    );
  }
  if (size <= MAX_BYTES) return new TextDecoder().decode(bytes.subarray(0, size));
  throw new UsageError(
    `${path} is larger than 1 MiB, which no bundle of certificates is. Give ${flag} another.`,
  );
}

/** In one pass, whatever the text is. */
function certificatesOf(text: string): string[] {
  return text.split(BEGIN).slice(1).flatMap((part) => {
    const end = part.indexOf(END);
    return [`${BEGIN}${end < 0 ? part : part.slice(0, end)}${END}`];
  });
}
