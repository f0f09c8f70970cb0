/**
 * Which proxy leads to an API server, as kubectl chooses it: the proxy-url of the kubeconfig, which NO_PROXY does not
 * concern, else HTTPS_PROXY, but not for this machine itself and what NO_PROXY lists. Pure.
 * Rules: https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
import { UsageError } from "../../engine/errors.ts";
import { command } from "../../untrusted/shell.ts";

export interface Proxy {
  url: URL;
  /** For people: `proxy-url of cluster a`, `HTTPS_PROXY`. */
  from: string;
}

/** A way to a server. `native`: fetch goes it by itself, if it is given the proxy of a kubeconfig. */
export interface ProxyChoice {
  proxy?: Proxy;
  native: boolean;
}

type Env = (name: string) => string | undefined;

/** UsageError when the proxy's address is none. */
export async function chooseProxy(
  server: URL,
  proxyUrl: string | undefined,
  clusterName: string,
  env: Env,
): Promise<ProxyChoice> {
  const excluded = env("NO_PROXY") ?? env("no_proxy");
  const listed = excluded !== undefined && await isListed(server, excluded);
  if (proxyUrl) {
    const url = proxyOf(proxyUrl);
    if (url) return { proxy: { url, from: `proxy-url of cluster ${clusterName}` }, native: !listed };
    throw new UsageError(
      `the proxy-url of cluster ${clusterName} is not an http, https or socks5 URL. ` +
        `Next: ${command`kubectl config set-cluster ${clusterName} --proxy-url=http://...`}`,
    );
  }
  const name = env("HTTPS_PROXY") ? "HTTPS_PROXY" : "https_proxy";
  const text = env(name);
  if (!text || server.protocol !== "https:" || listed) return { native: true };
  if (isLoopback(server.hostname)) return { native: false };
  const url = proxyOf(/^[a-z0-9]+:\/\//i.test(text) ? text : `http://${text}`);
  if (url) return { proxy: { url, from: name }, native: true };
  throw new UsageError(`${name} is not an http, https or socks5 URL. Next: correct it, or unset it`);
}

/** Names are resolved by the proxy, as with kubectl: who sits behind it may not know them. */
function proxyOf(text: string): URL | undefined {
  const url = URL.parse(text.replace(/^socks5:/i, "socks5h:"));
  return url?.hostname && /^(https?|socks5h):$/.test(url.protocol) ? url : undefined;
}

/** `host:port` of a proxy, without its user and password. */
export function proxyAddress({ url }: Proxy): string {
  return url.host;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

/** Whether a NO_PROXY with this list is about this server. */
async function isListed(server: URL, list: string): Promise<boolean> {
  const { BlockList, isIP } = await import("node:net");
  const host = bare(server.hostname);
  const port = server.port || "443";
  const version = isIP(host);
  const family = version === 6 ? "ipv6" : "ipv4";
  return list.toLowerCase().split(",").map((entry) => entry.trim()).some((entry) => {
    if (entry === "*") return true;
    const [, network, length] = /^([\d.]+|[\da-f:.]+)\/(\d{1,3})$/.exec(entry) ?? [];
    if (network && length) {
      const of = isIP(network);
      if (of === 0 || of !== version || Number(length) > (of === 6 ? 128 : 32)) return false;
      const block = new BlockList();
      block.addSubnet(network, Number(length), family);
      return block.check(host, family);
    }
    const [, name = entry, only] = isIP(bare(entry)) ? [] : /^(.+?)(?::(\d+))?$/.exec(entry) ?? [];
    if (name === "" || (only && only !== port)) return false;
    if (isIP(bare(name)) || version) return bare(name) === host;
    const domain = name.replace(/^\*?\./, "");
    return host.endsWith(`.${domain}`) || (domain === name && host === domain);
  });
}

/** A host without the brackets that an IPv6 address has in a URL. */
export function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}
