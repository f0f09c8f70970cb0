import type { Proxy } from "./proxies.ts";

/** How to reach one server; all PEM is text. */
export interface Route {
  server: string;
  ca?: string;
  cert?: string;
  key?: string;
  insecure: boolean;
  tlsServerName?: string;
  proxy?: Proxy;
  /** Whether fetch takes this proxy, or none, by itself. */
  native: boolean;
  userName: string;
  clusterName: string;
}
