/** Certificates for tests, made by openssl, which stands on every machine that runs them. */
import assert from "node:assert/strict";

export interface Certificates {
  /** PEM, all three. */
  ca: string;
  cert: string;
  key: string;
}

/** A certificate for `name`, by a CA of its own, valid for `days` from now; negative: it has expired. */
export async function certificateFor({ name, days }: { name: string; days: number }): Promise<Certificates> {
  const dir = await Deno.makeTempDir({ prefix: "lakecheck-s3-" });
  try {
    const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    await openssl(
      dir,
      "req",
      "-x509",
      ...ec,
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-days",
      "2",
      "-subj",
      "/CN=Test CA",
    );
    await openssl(dir, "req", ...ec, "-keyout", "key.pem", "-out", "request", "-subj", `/CN=${name}`);
    await Deno.writeTextFile(`${dir}/names`, `subjectAltName=DNS:${name}\n`);
    const [from, to] = days > 0 ? [0, days] : [days - 1, days];
    const stamp = (day: number) =>
      new Date(Date.now() + day * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, "");
    await Deno.writeTextFile(`${dir}/index`, "");
    await Deno.writeTextFile(`${dir}/serial`, "01\n");
    await Deno.writeTextFile(`${dir}/ca.cnf`, CONFIG);
    const dates = ["-startdate", stamp(from), "-enddate", stamp(to)];
    const files = ["-cert", "ca.pem", "-keyfile", "ca.key", "-in", "request", "-out", "cert.pem"];
    await openssl(
      dir,
      "ca",
      "-batch",
      "-notext",
      "-config",
      "ca.cnf",
      "-extfile",
      "names",
      ...files,
      ...dates,
    );
    const read = (file: string) => Deno.readTextFile(`${dir}/${file}`);
    const [ca, cert, key] = await Promise.all([read("ca.pem"), read("cert.pem"), read("key.pem")]);
    return { ca, cert, key };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const CONFIG = `[ca]
default_ca = own
[own]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
`;

async function openssl(cwd: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", {
    args,
    cwd,
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}
