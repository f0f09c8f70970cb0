import assert from "node:assert/strict";
import { databaseFailure, openDatabase } from "../../lib/clients/postgres.ts";
import { CannotLook, Interrupted } from "../../lib/engine/errors.ts";
import { PATIENT_MS } from "../patience.ts";

const PASSWORD = "a-password-of-the-test";
const LOGIN = { database: "nessie", user: "nessie", password: PASSWORD, words: "Pod data-platform/db-1" };

/** Bytes of the wire protocol: a message with its type and its length. */
function message(type: string, ...parts: (string | number[])[]): Uint8Array {
  const body = parts.flatMap((part) =>
    typeof part === "string" ? [...new TextEncoder().encode(part), 0] : part
  );
  const length = body.length + 4;
  return new Uint8Array([
    ...new TextEncoder().encode(type),
    length >>> 24,
    length >>> 16 & 255,
    length >>> 8 & 255,
    length & 255,
    ...body,
  ]);
}

const refusal = (code: string, text: string) => message("E", "SFATAL", `C${code}`, `M${text}`, [0]);
const ready = [message("R", [0, 0, 0, 0]), message("Z", [73])];

/** A server that has no TLS, and answers each startup with these messages; it stays silent afterwards. */
async function serving<T>(answers: Uint8Array[], use: (port: number) => Promise<T>): Promise<T> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const accepting = (async () => {
    for await (const connection of listener) {
      open.add(connection);
      void session(connection, answers).catch(() => {}).finally(() => open.delete(connection));
    }
  })();
  try {
    return await use(listener.addr.port);
  } finally {
    for (const connection of open) connection.close();
    listener.close();
    await accepting.catch(() => {});
  }
}

async function session(connection: Deno.Conn, answers: Uint8Array[]): Promise<void> {
  const buffer = new Uint8Array(1024);
  for (let n = 0; await connection.read(buffer) !== null; n++) {
    // The first request asks for TLS.
    if (n === 0) await connection.write(new TextEncoder().encode("N"));
    else if (n === 1) { for (const answer of answers) await connection.write(answer); }
  }
  connection.close();
}

async function failureOf(opening: Promise<unknown>) {
  try {
    await opening;
  } catch (error) {
    assert.ok(error instanceof CannotLook, String(error));
    return error.failure;
  }
  throw new Error("it opened");
}

const open = (port: number, more: { timeoutMs?: number; signal?: AbortSignal } = {}) =>
  openDatabase({ hostname: "127.0.0.1", port, timeoutMs: PATIENT_MS, ...LOGIN, ...more });

Deno.test("a server that does not let us in says so, and the message holds no password", async () => {
  const text = `password authentication failed for user "nessie" with ${PASSWORD}`;
  const failure = await serving([refusal("28P01", text)], (port) => failureOf(open(port)));
  assert.equal(failure.kind, "unauthorized");
  assert.match(failure.message, /Pod data-platform\/db-1 does not let user nessie in/);
  assert.ok(!failure.message.includes(PASSWORD));
});

Deno.test("a server without a free connection is no fault of the login", async () => {
  const failure = await serving(
    [refusal("53300", "sorry, too many clients already")],
    (port) => failureOf(open(port)),
  );
  assert.equal(failure.kind, "server-error");
  assert.match(failure.message, /takes no more connections/);
});

Deno.test("a port on which nothing listens is told", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const failure = await failureOf(open(port));
  assert.equal(failure.kind, "unreachable");
  assert.match(failure.message, /nothing listens/);
});

Deno.test("what the tunnel knows of a broken connection is said instead", async () => {
  const why = () => ({ kind: "unreachable" as const, message: "nothing listens on port 5432 of Pod x" });
  const trouble = databaseFailure({ code: "CONNECTION_CLOSED", message: "closed" }, {
    ...LOGIN,
    hostname: "127.0.0.1",
    port: 1,
    timeoutMs: PATIENT_MS,
    why,
  });
  assert.match(trouble.failure.message, /nothing listens on port 5432 of Pod x/);
  await Promise.resolve();
});

Deno.test("a server that lets us in and then is silent is late", async () => {
  const failure = await serving(ready, (port) => failureOf(open(port, { timeoutMs: 300 })));
  assert.equal(failure.kind, "timeout");
});

Deno.test("Ctrl-C ends a question that waits", async () => {
  const controller = new AbortController();
  await serving(ready, async (port) => {
    const opening = open(port, { timeoutMs: PATIENT_MS, signal: controller.signal });
    setTimeout(() => controller.abort(new Interrupted("interrupted")), 100);
    await assert.rejects(opening, Interrupted);
  });
});

Deno.test("what a server calls a code is one, or is not said", () => {
  const options = { ...LOGIN, hostname: "h", port: 1, timeoutMs: PATIENT_MS };
  for (const code of ["x 28P01", "28P01\n", "a b", 5]) {
    const { message } = databaseFailure({ code, message: "m" }, options).failure;
    assert.match(message, /answers with an error: m/, JSON.stringify(code));
  }
});

Deno.test("each way to fail has words of its own", () => {
  const words = (code: string, message = "m") =>
    databaseFailure({ code, message }, { ...LOGIN, hostname: "h", port: 1, timeoutMs: PATIENT_MS }).failure;
  assert.deepEqual(
    ["28P01", "3D000", "53300", "57P03", "42501", "42P01", "57014", "ECONNRESET", "XX000"].map((code) =>
      words(code).kind
    ),
    [
      "unauthorized",
      "malformed",
      "server-error",
      "unreachable",
      "forbidden",
      "malformed",
      "timeout",
      "unreachable",
      "server-error",
    ],
  );
  assert.equal(words("", "timed out").kind, "timeout");
});
