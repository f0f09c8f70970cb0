/** Routes of a gateway in a configuration text: which path leads to which host, and nothing else of it. */
import type { Reader } from "../../engine/model.ts";
import { anyText, map, via } from "../../engine/decode.ts";

export interface Route {
  path: string;
  /** Without scheme and port. */
  host: string;
}

/** More of them are not kept. */
const MOST_ROUTES = 500;
const MAY_ROUTE = /\bPath=|\bproxy_pass\b/;

/** `lb://${ORDERS_HOST:orders}`: the host is the default of a variable. */
const SPRING_URI =
  /^\s*(?:- )?uri:\s*["']?(?:lb|https?):\/\/(?:\$\{[\w.-]{1,100}:)?([a-z0-9][a-z0-9.-]{0,252})/i;
const SPRING_PATH = /\bPath=([^\s,"']{1,200})/;
const NGINX_PATH = /^\s*location\s+(?:[=~^*]{1,2}\s+)?(\/[^\s{]{0,200})/;
const NGINX_HOST = /\bproxy_pass\s+https?:\/\/([a-z0-9][a-z0-9.-]{0,252})/i;

/** Spring Cloud Gateway names the host before the path, nginx after it. */
export function routesIn(text: string): Route[] {
  if (!MAY_ROUTE.test(text)) return [];
  const found: Route[] = [];
  let host: string | undefined;
  let path: string | undefined;
  for (const line of text.split("\n")) {
    if (found.length >= MOST_ROUTES) break;
    const uri = SPRING_URI.exec(line)?.[1];
    if (uri) host = uri;
    const predicate = SPRING_PATH.exec(line)?.[1];
    if (predicate && host) {
      found.push({ path: predicate, host: host.toLowerCase() });
      host = undefined;
    }
    path = NGINX_PATH.exec(line)?.[1] ?? path;
    const passed = NGINX_HOST.exec(line)?.[1];
    if (passed && path) {
      found.push({ path, host: passed.toLowerCase() });
      path = undefined;
    }
  }
  return found;
}

/** The routes in the values of a map; undefined when there are none. */
export const routesOfData: Reader<Route[]> = via(map(via(anyText, routesIn)), (byKey) => {
  const all = Object.values(byKey).flat();
  return all.length > 0 ? all : undefined;
});
