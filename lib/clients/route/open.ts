/** How one server is reached, and what carries requests there: fetch, or node:https where fetch has no option for it. */
import { UsageError } from "../../engine/errors.ts";
import { networkError, type TransportError } from "../network_errors.ts";
import { fetchOnce, type Transport } from "../transport.ts";
import type { Route } from "./types.ts";

/** UsageError when certificate and key can't be used. */
export async function openTransport(route: Route): Promise<Transport> {
  const { server, ca, insecure, tlsServerName, native } = route;
  const byFetch = !server.startsWith("https:") || (!insecure && !tlsServerName && native);
  const first = byFetch ? overFetch(route) : await overNode(route);
  return ca && !insecure && server.startsWith("https:") ? orPinned(first, route) : first;
}

async function overNode(route: Route, pinned = false): Promise<Transport> {
  return (await import("./over_node.ts")).overNode(route, pinned);
}

/**
 * A trusted certificate may be the server's own rather than that of who signed it, which kubectl takes and fetch and
 * node:https do not: what they reject for its issuer is held against the trusted ones, from then on.
 */
function orPinned(first: Transport, route: Route): Transport {
  let second: Promise<Transport> | undefined;
  return {
    async send(method, url, headers, body, limits) {
      if (!second) {
        const sent = await first.send(method, url, headers, body, limits);
        if (sent.ok || !isUntrusted(sent.trouble)) return sent;
      }
      const pinned = await (second ??= overNode(route, true));
      return await pinned.send(method, url, headers, body, limits);
    },
    close() {
      first.close();
      void second?.then((one) => one.close());
    },
  };
}

function isUntrusted(trouble: TransportError): boolean {
  return trouble.why === "network" &&
    ["untrustedIssuer", "caCertificate"].includes(networkError(trouble.text));
}

/**
 * Over TLS one connection carries every request by HTTP/2, or one each by HTTP/1.1, as the server chooses (ALPN). Which it
 * is shows with the first answer: requests that are made together before it open a connection each.
 */
function overFetch(route: Route): Transport {
  const client = usable(route, () =>
    Deno.createHttpClient({
      caCerts: route.ca ? [route.ca] : [],
      ...(route.cert && route.key ? { cert: route.cert, key: route.key } : {}),
      ...(route.proxy ? { proxy: { url: route.proxy.url.href } } : {}),
      http1: true,
      http2: route.server.startsWith("https:"),
    }));
  return {
    send: (method, url, headers, body, { signal, maxBytes }) =>
      fetchOnce(url, { method, headers, body, redirect: "manual", signal, client }, maxBytes),
    close: () => client.close(),
  };
}

/** Makes a client; a certificate and key that are no pair are the user's to repair. */
function usable<T>(route: Route, make: () => T): T {
  try {
    return make();
  } catch {
    // The library's own words may quote what it was given.
    throw new UsageError(
      `the client certificate and key of user ${route.userName}, or the proxy-url of cluster ${route.clusterName}, ` +
        "can't be used: they are damaged or don't belong together. Next: get a new kubeconfig",
    );
  }
}
