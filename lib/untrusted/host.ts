/** Hosts with their ports, as configurations write them. */

/**
 * `host`, `host:80`, `[fd00::1]`, `[fd00::1]:80` or `fd00::1` in its parts; the host of an IPv6 address without brackets.
 * A port that is none is left out.
 */
export function hostAndPort(text: string): { host: string; port?: number } {
  const [, inner, after] = /^\[([^\]]*)\](?::(\d{1,5}))?$/.exec(text) ?? [];
  if (inner !== undefined) return { host: inner, ...portOf(after) };
  const [host = "", port, ...more] = text.split(":");
  return more.length > 0 ? { host: text } : { host, ...portOf(port) };
}

function portOf(text: string | undefined): { port?: number } {
  const port = /^\d{1,5}$/.test(text ?? "") ? Number(text) : 0;
  return port > 0 && port <= 65_535 ? { port } : {};
}
