/** The 1Password side of the lab: credentials, token and vault, made for each lab and kept in `.lab/onepassword`. */
import { Buffer } from "node:buffer";
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabContext } from "../context.ts";
import { type Device, newId } from "../images/standins/onepassword/cloud.ts";
import { type VaultFile, writeVaultFile } from "./one_password_server.ts";

export type { VaultFile } from "./one_password_server.ts";

/** Name of the vault that the platform reads. */
export const VAULT = "lakehouse";

/** Directory of the lab's 1Password side. */
export function vaultDir(ctx: LabContext): string {
  return join(ctx.dir, "onepassword");
}

function path(ctx: LabContext, name: string): string {
  return join(vaultDir(ctx), name);
}

/** The vaults as they are now. */
export function readVaults(ctx: LabContext): VaultFile {
  return JSON.parse(readFileSync(path(ctx, "vaults.json"), "utf8"));
}

/** Writes the vaults whole; Connect sees them with its next request. */
export function writeVaults(ctx: LabContext, file: VaultFile): void {
  writeVaultFile(path(ctx, "vaults.json"), file);
}

/** Sets fields of an item in the platform's vault, making the item if need be. True when something changed. */
export function setItem(ctx: LabContext, title: string, fields: Readonly<Record<string, string>>): boolean {
  const file = readVaults(ctx);
  const vault = file.vaults.find((one) => one.name === VAULT) ?? file.vaults[0];
  if (!vault) return false;
  const now = new Date().toISOString();
  let item = vault.items.find((one) => one.title === title);
  const same = item &&
    Object.entries(fields).every(([label, value]) =>
      item?.fields.some((field) => field.label === label && field.value === value)
    );
  if (same) return false;
  if (!item) {
    item = {
      id: newId(),
      title,
      category: "API_CREDENTIAL",
      version: 0,
      fields: [],
      createdAt: now,
      updatedAt: now,
    };
    vault.items.push(item);
  }
  for (const [label, value] of Object.entries(fields)) {
    const field = item.fields.find((one) => one.label === label);
    if (field) field.value = value;
    else {item.fields.push({
        id: newId(),
        label,
        value,
        type: /password|secret/.test(label) ? "CONCEALED" : "STRING",
      });}
  }
  item.version += 1;
  item.updatedAt = now;
  writeVaults(ctx, file);
  return true;
}

/** A Connect token for vaults (id to permission bits; 48 reads and writes), good for a year, signed with the lab's key. */
export function mintToken(ctx: LabContext, grants: Readonly<Record<string, number>>, expires?: Date): string {
  const now = Math.floor(Date.now() / 1000);
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const head = encode({ alg: "ES256", kid: newId(), typ: "JWT" });
  const body = encode({
    "1password.com/auuid": newId().toUpperCase(),
    "1password.com/token": randomBytes(24).toString("base64url"),
    "1password.com/fts": ["vaultaccess"],
    "1password.com/vts": Object.entries(grants).map(([u, a]) => ({ u, a })),
    aud: ["com.1password.connect"],
    iss: "com.1password.b5",
    sub: newId().toUpperCase(),
    iat: now,
    exp: expires ? Math.floor(expires.getTime() / 1000) : now + 31_536_000,
    jti: newId(),
  });
  const key = createPrivateKey(readFileSync(path(ctx, "token-key.pem"), "utf8"));
  const signature = sign("sha256", Buffer.from(`${head}.${body}`), { key, dsaEncoding: "ieee-p1363" });
  return `${head}.${body}.${signature.toString("base64url")}`;
}

/** A credentials file for the lab's device. No two are alike, as after a rotation; all of them are good. */
export function mintCredentials(ctx: LabContext): string {
  const { deviceUuid, deviceSecret } = readVaults(ctx);
  const secret = (bytes: number) => randomBytes(bytes).toString("base64url");
  const device: Device = { url: `${ctx.onePassword}/vaults.json`, secret: deviceSecret };
  const data = Buffer.from(JSON.stringify(device)).toString("base64url");
  return JSON.stringify({
    verifier: { salt: secret(16), localHash: secret(32) },
    encCredentials: { kid: newId(), enc: "A256GCM", cty: "b5+jwk+json", iv: secret(12), data },
    version: "2",
    deviceUuid,
    uniqueKey: {
      alg: "A256GCM",
      ext: true,
      k: secret(32),
      key_ops: ["encrypt", "decrypt"],
      kty: "oct",
      kid: newId(),
    },
  });
}

/** Makes the vault with the items that need no Ceph, credentials and token, where they do not exist. True if it did. */
export function ensureVault(ctx: LabContext): boolean {
  if (existsSync(path(ctx, "token"))) return false;
  mkdirSync(vaultDir(ctx), { recursive: true, mode: 0o700 });
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = { type: "pkcs8", format: "pem" } as const;
  writeFileSync(path(ctx, "token-key.pem"), keys.privateKey.export(pem), { mode: 0o600 });
  const vault = { id: newId(), name: VAULT, items: [] };
  writeVaults(ctx, {
    deviceUuid: newId(),
    deviceSecret: randomBytes(32).toString("base64url"),
    tokenKey: keys.publicKey.export({ type: "spki", format: "pem" }).toString(),
    vaults: [vault],
  });
  const password = () => randomBytes(18).toString("base64url");
  setItem(ctx, "nessie-postgres-credentials", { username: "nessie", password: password() });
  setItem(ctx, "spark-jdbc-credentials", { username: "spark", password: password() });
  writeFileSync(path(ctx, "1password-credentials.json"), mintCredentials(ctx), { mode: 0o600 });
  writeFileSync(path(ctx, "token"), mintToken(ctx, { [vault.id]: 48 }), { mode: 0o600 });
  return true;
}

/** The two Secrets that GitOps can't hold, as YAML. Good for applying again after they were broken. */
export function connectSecrets(ctx: LabContext): string {
  const secret = (name: string, key: string, file: string) =>
    [
      "apiVersion: v1",
      "kind: Secret",
      "metadata:",
      `  name: ${name}`,
      "  namespace: external-secrets",
      "data:",
      `  ${key}: ${readFileSync(path(ctx, file)).toString("base64")}`,
    ].join("\n");
  return [
    secret("onepassword-connect-credentials", "1password-credentials.json", "1password-credentials.json"),
    secret("onepassword-connect-token", "token", "token"),
  ].join("\n---\n");
}
