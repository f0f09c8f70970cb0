import assert from "node:assert/strict";
import fc from "fast-check";
import { hostsIn } from "../../lib/components/common/fields.ts";
import { hostAndPort } from "../../lib/untrusted/host.ts";

Deno.test("a host is told from its port, also an IPv6 address", () => {
  const cases: [string, ReturnType<typeof hostAndPort>][] = [
    ["nessie", { host: "nessie" }],
    ["nessie.lake.svc:19120", { host: "nessie.lake.svc", port: 19120 }],
    ["10.0.0.1:443", { host: "10.0.0.1", port: 443 }],
    ["[fd00::1]:443", { host: "fd00::1", port: 443 }],
    ["[fd00::1]", { host: "fd00::1" }],
    ["fd00::1", { host: "fd00::1" }],
    ["nessie:99999", { host: "nessie" }],
    ["nessie:", { host: "nessie" }],
    ["", { host: "" }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(hostAndPort(text), expected, text);
});

Deno.test("property: any host and port, put together, come apart again; any other text makes no invalid port", () => {
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
  fc.assert(fc.property(host, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
    const written = host.includes(":") ? `[${host}]` : host;
    assert.deepEqual(hostAndPort(`${written}:${port}`), { host, port });
    assert.deepEqual(hostAndPort(written), { host });
  }));
  fc.assert(fc.property(fc.string(), (text) => {
    const { port } = hostAndPort(text);
    assert.ok(port === undefined || (port > 0 && port <= 65_535));
  }));
});

Deno.test("IPv6 addresses and several hosts are found in URLs, and no password with them", () => {
  assert.deepEqual(hostsIn("http://[fd00::1]:8080/iceberg"), ["[fd00::1]:8080"]);
  assert.deepEqual(hostsIn("https://user:secret@[2001:db8::5]/x"), ["[2001:db8::5]"]);
  assert.deepEqual(hostsIn("jdbc:postgresql://one:5432,other:5433/db?x=1"), ["one:5432", "other:5433"]);
  assert.deepEqual(hostsIn("thrift://one:9083,thrift://one:9084"), ["one:9083", "one:9084"]);
  assert.deepEqual(hostsIn("http://one:80,secret"), ["one:80"]);
});
