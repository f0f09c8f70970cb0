/** What a TLS server shows of itself to whoever connects: fetch keeps it to itself. */
import type { TLSSocket } from "node:tls";

export interface TlsPeer {
  /** `TLSv1.3` */
  version: string;
  /** Names and addresses that the certificate is for. */
  names: string[];
  /** RFC 3339; absent when the certificate does not say. */
  validUntil?: string;
}

/** Connects and looks, without judging the certificate; undefined when nobody can be reached at that name from here. */
export async function tlsPeer(
  hostname: string,
  port: number,
  timeoutMs: number,
): Promise<TlsPeer | undefined> {
  const [{ connect }, { isIP }] = await Promise.all([import("node:tls"), import("node:net")]);
  // The name of an address is none: RFC 6066, section 3.
  const named = isIP(hostname) ? {} : { servername: hostname };
  const socket = connect({ host: hostname, port, ...named, rejectUnauthorized: false });
  const { promise, resolve } = Promise.withResolvers<TlsPeer | undefined>();
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  socket.once("secureConnect", () => resolve(peerOf(socket)));
  socket.once("error", () => resolve(undefined));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function peerOf(socket: TLSSocket): TlsPeer {
  const { subjectaltname = "", valid_to } = socket.getPeerCertificate();
  const until = Date.parse(valid_to ?? "");
  return {
    version: socket.getProtocol() ?? "TLS",
    names: subjectaltname.split(", ").map((name) => name.replace(/^[^:]*:/, "")).filter(Boolean),
    ...(Number.isNaN(until) ? {} : { validUntil: new Date(until).toISOString().replace(".000Z", "Z") }),
  };
}
