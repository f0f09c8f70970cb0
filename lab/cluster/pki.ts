import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabContext } from "../context.ts";
import { must } from "../process.ts";

/** The lab's certificate authorities: the cluster's, etcd's, and the aggregation layer's (which must not be the cluster's). */
export type Authority = "ca" | "etcd-ca" | "front-proxy-ca";

/** A certificate to issue. Subject `O=group...,CN=user`, as Kubernetes reads it. */
export interface CertificateRequest {
  user: string;
  groups?: readonly string[];
  /** Such as `IP:127.0.0.1` or `DNS:kubernetes`; servers need them. */
  altNames?: readonly string[];
  /** Whole days; negative: expired that many days ago. */
  days: number;
}

/** A certificate and its private key, both PEM. */
export interface IssuedCertificate {
  cert: string;
  key: string;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"];
const DAY_MS = 86_400_000;

/** Path of a certificate, private key or public key in the lab's pki directory. */
export function pkiPath(ctx: LabContext, name: string, kind: "crt" | "key" | "pub"): string {
  return join(ctx.pki, `${name}.${kind}`);
}

/** Pure: an openssl subject, with the characters escaped that openssl reads as separators. */
export function subject(request: Pick<CertificateRequest, "user" | "groups">): string {
  const escape = (text: string) => text.replace(/[\\/+]/g, "\\$&");
  return [...(request.groups ?? []).map((group) => `/O=${escape(group)}`), `/CN=${escape(request.user)}`]
    .join("");
}

/** Pure: when a certificate of `days` begins and ends. One that has expired has had a life of thirty days before. */
export function validity(days: number, now: number): { start: Date; end: Date } {
  const end = now + days * DAY_MS;
  return { start: new Date(days > 0 ? now : end - 30 * DAY_MS), end: new Date(end) };
}

async function makeAuthority(ctx: LabContext, name: Authority): Promise<void> {
  const cert = pkiPath(ctx, name, "crt");
  if (existsSync(cert)) return;
  await must("certificates", [
    ...["openssl", "req", "-x509", "-config", "/dev/null", ...NEW_KEY, "-days", "3650"],
    ...["-subj", `/CN=lakecheck-lab-${name}`, "-keyout", pkiPath(ctx, name, "key"), "-out", `${cert}.new`],
    ...["-addext", "basicConstraints=critical,CA:TRUE"],
    ...["-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"],
  ]);
  await must("certificates", ["mv", `${cert}.new`, cert]);
}

/** Signs through `openssl ca`, the only way with openssl 3.0 to choose both ends of the validity. */
async function sign(ctx: LabContext, by: Authority, request: CertificateRequest, dir: string): Promise<void> {
  const stamp = (date: Date) => date.toISOString().replace(/[-:T]/g, "").slice(0, 14) + "Z";
  const { start, end } = validity(request.days, Date.now());
  const alt = request.altNames?.length ? `subjectAltName=${request.altNames.join(",")}\n` : "";
  writeFileSync(join(dir, "index.txt"), "");
  writeFileSync(
    join(dir, "ca.cnf"),
    `[ca]\ndefault_ca=lab\n[lab]\ndatabase=${dir}/index.txt\nnew_certs_dir=${dir}\nrand_serial=yes\n` +
      `unique_subject=no\ndefault_md=sha256\npolicy=any\npreserve=yes\nx509_extensions=leaf\n` +
      `[any]\norganizationName=optional\ncommonName=supplied\n` +
      `[leaf]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n` +
      `extendedKeyUsage=clientAuth,serverAuth\n${alt}`,
  );
  await must("certificates", [
    ...["openssl", "ca", "-batch", "-notext", "-config", join(dir, "ca.cnf")],
    ...["-cert", pkiPath(ctx, by, "crt"), "-keyfile", pkiPath(ctx, by, "key")],
    ...["-startdate", stamp(start), "-enddate", stamp(end)],
    ...["-in", join(dir, "leaf.csr"), "-out", join(dir, "leaf.crt")],
  ]);
}

/** Issues a certificate signed by one of the lab's authorities. Nothing of it stays on disk. */
export async function issue(
  ctx: LabContext,
  by: Authority,
  request: CertificateRequest,
): Promise<IssuedCertificate> {
  const dir = mkdtempSync(join(ctx.pki, ".issue-"));
  try {
    await must("certificates", [
      ...["openssl", "req", "-new", "-config", "/dev/null", ...NEW_KEY, "-subj", subject(request)],
      ...["-keyout", join(dir, "leaf.key"), "-out", join(dir, "leaf.csr")],
    ]);
    await sign(ctx, by, request, dir);
    return {
      cert: readFileSync(join(dir, "leaf.crt"), "utf8"),
      key: readFileSync(join(dir, "leaf.key"), "utf8"),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * A certificate with which `user` in `groups` may talk to the lab's API server. RBAC decides what it may do there.
 * Negative `days`: one that has expired, for tests.
 */
export function issueClientCert(
  ctx: LabContext,
  request: { user: string; groups: readonly string[]; days: number },
): Promise<IssuedCertificate> {
  return issue(ctx, "ca", request);
}

async function keep(
  ctx: LabContext,
  name: string,
  by: Authority,
  request: CertificateRequest,
): Promise<void> {
  const cert = pkiPath(ctx, name, "crt");
  const key = pkiPath(ctx, name, "key");
  if (existsSync(cert) && existsSync(key)) return;
  const issued = await issue(ctx, by, request);
  writeFileSync(key, issued.key, { mode: 0o600 });
  writeFileSync(`${cert}.new`, issued.cert, { mode: 0o600 });
  await must("certificates", ["mv", `${cert}.new`, cert]);
}

/** Users of the cluster's own components: certificate name, user and groups. */
const CLIENTS: readonly { name: string; user: string; groups?: string[]; serves?: boolean }[] = [
  { name: "admin", user: "lakecheck-lab", groups: ["system:masters"] },
  { name: "operator", user: "lakecheck-lab-operator", groups: ["system:masters"] },
  { name: "kubelet-client", user: "kube-apiserver-kubelet-client", groups: ["system:masters"] },
  { name: "kube-controller-manager", user: "system:kube-controller-manager", serves: true },
  { name: "kube-scheduler", user: "system:kube-scheduler", serves: true },
  { name: "kube-proxy", user: "system:kube-proxy", groups: ["system:node-proxier"] },
  { name: "calico", user: "calico-node" },
];

/** Makes every authority, certificate and key that the cluster needs and that is not there yet. */
export async function makePki(ctx: LabContext): Promise<void> {
  mkdirSync(ctx.pki, { recursive: true, mode: 0o700 });
  chmodSync(ctx.pki, 0o700);
  const authorities: Authority[] = ["ca", "etcd-ca", "front-proxy-ca"];
  await Promise.all(authorities.map((name) => makeAuthority(ctx, name)));
  const { net, nodeName } = ctx;
  const services = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  const apiNames = [...services, "kubernetes.default.svc.cluster.local", "localhost"].map((name) =>
    `DNS:${name}`
  );
  const apiAddresses = [net.node, net.apiService, "127.0.0.1"].map((ip) => `IP:${ip}`);
  const node = { user: `system:node:${nodeName}`, groups: ["system:nodes"] };
  const days = 3650;
  await Promise.all([
    keep(ctx, "etcd", "etcd-ca", { user: "etcd", altNames: ["IP:127.0.0.1", "DNS:localhost"], days }),
    keep(ctx, "etcd-client", "etcd-ca", { user: "kube-apiserver", days }),
    keep(ctx, "front-proxy-client", "front-proxy-ca", { user: "front-proxy-client", days }),
    keep(ctx, "apiserver", "ca", { user: "kube-apiserver", altNames: [...apiNames, ...apiAddresses], days }),
    keep(ctx, "kubelet", "ca", { ...node, altNames: [`DNS:${nodeName}`, `IP:${net.node}`], days }),
    ...CLIENTS.map(({ name, user, groups, serves }) =>
      keep(ctx, name, "ca", { user, groups, altNames: serves ? [`IP:${net.node}`] : [], days })
    ),
    makeServiceAccountKey(ctx),
  ]);
}

/** The key pair that signs service account tokens. The API server reads the public half only as a file of its own. */
async function makeServiceAccountKey(ctx: LabContext): Promise<void> {
  const key = pkiPath(ctx, "service-account", "key");
  const pub = pkiPath(ctx, "service-account", "pub");
  if (existsSync(pub)) return;
  const make = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  await must("certificates", [...make, "-out", key]);
  chmodSync(key, 0o600);
  await must("certificates", ["openssl", "pkey", "-in", key, "-pubout", "-out", `${pub}.new`]);
  await must("certificates", ["mv", `${pub}.new`, pub]);
}
