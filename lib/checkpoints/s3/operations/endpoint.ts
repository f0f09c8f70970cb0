/** Trials of the endpoint: how buckets are named in URLs, and whether the way there is encrypted. */
import { tlsPeer } from "../../../clients/tls_peer.ts";
import { CannotLook } from "../../../engine/errors.ts";
import { expect } from "../../../checkpoint/expect.ts";
import { passed, type Trial } from "../../../checkpoint/trial.ts";
import { ofServed, type Seen, tell } from "../compatibility/told.ts";
import type { S3Context } from "../context.ts";
import { expectBytes, madeBytes, same } from "./bytes.ts";
import { expectStatus, operation, type Steps } from "./steps.ts";
import { nextStep } from "../../../checkpoint/next_steps.ts";

/** Days before the end of a certificate at which somebody should hear of it. */
const DAYS_LEFT = 14;
const DAY_MS = 86_400_000;

const pathStyle = operation({
  id: "s3.path-style",
  title: "Path style and virtual hosts",
  explain:
    "An object is read as /bucket/key, the path style that clients in a cluster are set to, because no DNS name " +
    "exists for each bucket there. Whether bucket.host/key (virtual hosts, the default of most SDKs) works too is " +
    "said: where it does not, path style must be set in every client.",
  weight: "critical",
}, async (steps) => {
  const bytes = madeBytes(200, 141);
  await steps.put("object", bytes);
  const { bucket, prefix } = steps;
  const reply = await steps.raw({ method: "GET", bucket, key: `${prefix}object`, virtualHost: false });
  const evidence = "GET /bucket/key";
  expectStatus(reply, 200, "PathStyleRefused", "the store does not take path style", evidence);
  expectBytes(reply.bytes, bytes, evidence);
  const virtual = await virtualHost(steps, bytes);
  tell(steps.context, "address.virtual-host", virtual);
  const works = virtual.behaviour === "works";
  const hosts = works ? "work too" : `do not (${virtual.observed}): set path style`;
  return passed(`path style works; virtual hosts ${hosts}`, {
    observed: `virtual hosts: ${virtual.observed}`,
  });
});

/** Whether an object is read by the name of its bucket in that of the host. */
async function virtualHost({ context, bucket, prefix }: Steps, bytes: Uint8Array): Promise<Seen> {
  if (/^[\d.]+$|^\[/.test(new URL(context.connection.url).hostname)) {
    return { behaviour: "refused", observed: "the endpoint is an IP address" };
  }
  try {
    const reply = await context.raw.send({
      method: "GET",
      bucket,
      key: `${prefix}object`,
      virtualHost: true,
    });
    const seen = ofServed(reply);
    if (seen.behaviour !== "works" || same(reply.bytes, bytes)) return seen;
    return { behaviour: "corrupts", observed: `${seen.observed}, another object` };
  } catch (error) {
    // No such name, or no certificate for it: as good an answer as a status.
    if (!(error instanceof CannotLook)) throw error;
    return { behaviour: "refused", observed: `no way to it (${error.failure.kind})` };
  }
}

const tls = operation({
  id: "s3.tls",
  title: "TLS",
  explain:
    "Says whether the endpoint speaks TLS; with it, which version, which names the certificate is for, and how long " +
    "it is valid. Plain HTTP inside a cluster is usual for RGW and no fault: keys never travel, but data does, for " +
    "everyone on the network to read.",
  weight: "warning",
}, async ({ context }) => {
  const url = new URL(context.connection.url);
  if (url.protocol === "http:") {
    return passed(
      "the endpoint speaks plain HTTP: secrets are never sent, but data is readable on the network",
      { observed: "http, no TLS" },
    );
  }
  const { hostname } = url;
  const peer = await tlsPeer(hostname, Number(url.port || 443), context.timeoutMs);
  if (!peer) {
    return passed(`the endpoint speaks TLS, and its certificate is valid for ${hostname}`, {
      observed:
        "https; its version and certificate can't be seen from here, because the name does not lead there",
    });
  }
  const { version, names, validUntil } = peer;
  const observed = `${version}, certificate for ${names.join(", ")}, valid until ${validUntil ?? "unknown"}`;
  expect(!/^TLSv1(?:\.1)?$|^SSL/.test(version), "OldTls", {
    message: "the endpoint speaks a version of TLS that clients no longer accept",
    observed,
    expected: "TLSv1.2 or newer",
  });
  expect(
    !validUntil || Date.parse(validUntil) - Date.now() > DAYS_LEFT * DAY_MS,
    "CertificateEnds",
    `the certificate of the endpoint ends in less than ${DAYS_LEFT} days`,
    { observed, expected: `more than ${DAYS_LEFT} days`, next: [nextStep("list-certificates")] },
  );
  return passed(`the endpoint speaks ${version}, and its certificate is valid`, { observed });
});

export const endpointTrials: readonly Trial<S3Context>[] = [pathStyle, tls];
