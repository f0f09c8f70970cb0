/** What the TLS trial sees: plain HTTP, a good certificate, one that ends soon. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { tlsPeer } from "../../../../lib/clients/tls_peer.ts";
import { testAuthority } from "../../../fakes/api_server.ts";
import { tried, withFake } from "./fixture.ts";

/** A certificate that signs itself, for 127.0.0.1, valid this long. */
function certificate(days: number): { cert: string; key: string } {
  const dir = Deno.makeTempDirSync({ prefix: "lakecheck-test-tls-" });
  const args =
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key -out cert -days ${days} ` +
    "-subj /CN=s3.example -addext subjectAltName=IP:127.0.0.1,DNS:s3.example";
  try {
    execFileSync("openssl", args.split(" "), { cwd: dir, stdio: "pipe" });
    return { cert: Deno.readTextFileSync(`${dir}/cert`), key: Deno.readTextFileSync(`${dir}/key`) };
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

const trial = async (days: number) => {
  const [record] = await withFake((context) => tried(context, ["s3.tls"]), { tls: certificate(days) });
  return record;
};

Deno.test("over https the TLS trial names version, certificate and its end", async () => {
  const record = await trial(90);
  assert.equal(record?.result, "passed");
  assert.match(
    record?.observed ?? "",
    /^TLSv1\.3, certificate for 127\.0\.0\.1, s3\.example, valid until \d{4}-\d\d-\d\dT/,
  );
});

Deno.test("a certificate that ends in less than 14 days fails the TLS trial", async () => {
  const record = await trial(3);
  assert.deepEqual([record?.result, record?.reason], ["failed", "CertificateEnds"]);
});

Deno.test("plain http is said, and is no fault", async () => {
  const [record] = await withFake((context) => tried(context, ["s3.tls"]));
  assert.deepEqual([record?.result, record?.observed], ["passed", "http, no TLS"]);
});

Deno.test("every other trial holds over TLS as it does over http", async () => {
  const { ca, server } = testAuthority();
  const tls = { ...server, ca };
  const records = await withFake(
    (context) => tried(context, ["s3.put-get", "s3.presigned-limits", "s3.cors"]),
    { tls },
  );
  assert.deepEqual(records.filter(({ result }) => result !== "passed"), []);
});

Deno.test("of a server that nobody can reach there is nothing to see, and no error", async () => {
  assert.equal(await tlsPeer("no-such-host.invalid", 443, 2_000), undefined);
});
