/** Reads the dates of a certificate; node:crypto is loaded only when something has gone wrong. */

/** "it expired at <RFC 3339>, 3 days ago" (or is not valid yet); undefined when its dates are fine or unreadable. */
export async function expiredSince(pem: string | undefined, now = Date.now()): Promise<string | undefined> {
  if (!pem) return undefined;
  try {
    const { X509Certificate } = await import("node:crypto");
    const { validFrom, validTo } = new X509Certificate(pem);
    const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
    if (now > to) return `it expired at ${rfc3339(to)}, ${days(now - to)} ago`;
    if (now < from) {
      return `it is valid only from ${rfc3339(from)}, in ${
        days(from - now)
      } (is this machine's clock right?)`;
    }
    return undefined;
  } catch {
    return undefined;
  }
}

function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

function days(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  if (hours < 1) return "less than an hour";
  if (hours < 48) return `${hours} ${hours === 1 ? "hour" : "hours"}`;
  return `${Math.floor(hours / 24)} days`;
}
