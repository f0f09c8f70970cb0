import assert from "node:assert/strict";
import type { KubeObject } from "../../../lib/clients/kubernetes/writer.ts";
import { connectWriter } from "../../../lib/clients/kubernetes/writer.ts";
import { Interrupted } from "../../../lib/engine/errors.ts";
import {
  apiError,
  apiList,
  type Behaviour,
  certificateUser,
  kubeconfigFor,
  serveFake,
  testAuthority,
} from "../../fakes/api_server.ts";
import { CANARY, PROXY, withKubeconfig, writing } from "./fixture.ts";
import { PATIENT_MS } from "../../patience.ts";

const PATH = "/api/v1/namespaces/external-secrets/configmaps/settings";
const WANTED: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "settings", namespace: "external-secrets" },
  data: { level: "info" },
};

/** The object as the API server keeps it, managed by us. */
function stored(
  resourceVersion: string,
  changes: Record<string, unknown> = {},
  time = "2026-11-21T08:00:00Z",
) {
  const managedFields = [
    { manager: "lakecheck", operation: "Apply", apiVersion: "v1", time, fieldsV1: { "f:data": {} } },
    { manager: "another", operation: "Apply", apiVersion: "v1", fieldsV1: { [resourceVersion]: {} } },
  ];
  return {
    ...WANTED,
    ...changes,
    metadata: { ...WANTED.metadata, uid: "u1", resourceVersion, managedFields },
  };
}

function absent(name = "settings"): Response {
  return apiError(404, "NotFound", `configmaps "${name}" not found`, {
    details: { name, kind: "configmaps" },
  });
}

/** Answers the GET and then the PATCH. */
function before(get: () => Response, patch: (request: Request) => Response | Promise<Response>): Behaviour {
  return (_path, request) => request.method === "GET" ? get() : patch(request);
}

Deno.test("apply sends the object as lakecheck's server-side apply, and never forces unasked", async () => {
  let body: unknown;
  const behaviour = before(absent, async (request) => {
    body = await request.json();
    return Response.json(stored("1"), { status: 201 });
  });
  await writing(behaviour, async (writer, server) => {
    assert.deepEqual(await writer.apply(PATH, WANTED), { outcome: "created" });
    assert.deepEqual(body, WANTED);
    await writer.apply(PATH, WANTED, { force: true, dryRun: true });
    assert.deepEqual(server.requests, [
      `GET ${PATH}`,
      `PATCH ${PATH}?fieldManager=lakecheck&force=false`,
      `GET ${PATH}`,
      `PATCH ${PATH}?fieldManager=lakecheck&force=true&dryRun=All`,
    ]);
    assert.equal(server.headers[1]?.get("content-type"), "application/apply-patch+yaml");
    assert.equal(server.headers[1]?.get("authorization"), `Bearer ${CANARY}`);
    assert.equal(writer.context, "test");
    assert.equal(writer.server, server.url);
  });
});

Deno.test("what is there as it was is unchanged, whatever became of its status", async () => {
  const same = before(() => Response.json(stored("7")), () => Response.json(stored("7")));
  await writing(same, async (writer) => {
    assert.deepEqual(await writer.apply(PATH, WANTED), { outcome: "unchanged" });
  });
  const status = before(
    () => Response.json(stored("7")),
    () => Response.json(stored("8", { status: { ready: 1 } }, "2026-11-21T09:00:00Z")),
  );
  await writing(status, async (writer) => {
    assert.deepEqual(await writer.apply(PATH, WANTED), { outcome: "unchanged" });
  });
});

Deno.test("a change is told, in a dry run by its content: that keeps the resourceVersion", async () => {
  for (const [dryRun, version] of [[false, "8"], [true, "7"]] as const) {
    const changed = before(
      () => Response.json(stored("7", { data: { level: "debug" } })),
      () => Response.json(stored(version)),
    );
    await writing(changed, async (writer) => {
      assert.deepEqual(await writer.apply(PATH, WANTED, { dryRun }), { outcome: "changed" });
    });
  }
});

Deno.test("becoming a manager of what others made with the same values is a change", async () => {
  const others = { ...stored("7"), metadata: { ...stored("7").metadata, managedFields: [] } };
  await writing(before(() => Response.json(others), () => Response.json(stored("8"))), async (writer) => {
    assert.deepEqual(await writer.apply(PATH, WANTED), { outcome: "changed" });
  });
});

Deno.test("a conflict names each manager and its field, and is no error", async () => {
  const cause = (message: string, field: string) => ({ reason: "FieldManagerConflict", message, field });
  const conflict = () =>
    apiError(409, "Conflict", "Apply failed with 2 conflicts: ...", {
      details: {
        causes: [
          cause('conflict with "kustomize-controller" using apps/v1', ".spec.replicas"),
          { reason: "FieldValueInvalid", message: "not a conflict", field: ".spec" },
          cause(
            'conflict with "kubectl \\"x\\"" with subresource "scale" using apps/v1 at 2026-11-21T08:00:00Z',
            '.spec.template.spec.containers[name="api"].image',
          ),
        ],
      },
    });
  await writing(before(() => Response.json(stored("7")), conflict), async (writer) => {
    assert.deepEqual(await writer.apply(PATH, WANTED), {
      outcome: "conflict",
      fields: [
        { manager: "kustomize-controller", field: ".spec.replicas" },
        { manager: 'kubectl "x"', field: '.spec.template.spec.containers[name="api"].image' },
      ],
    });
  });
});

Deno.test("merge sends a merge patch and gives what is there now", async () => {
  const patch = { metadata: { annotations: { "force-sync": "1" } } };
  let body: unknown;
  await writing(async (_path, request) => {
    body = await request.json();
    return Response.json(stored("8"));
  }, async (writer, server) => {
    assert.deepEqual(await writer.merge(PATH, patch), stored("8"));
    assert.deepEqual(body, patch);
    assert.deepEqual(server.requests, [`PATCH ${PATH}?fieldManager=lakecheck`]);
    assert.equal(server.headers[0]?.get("content-type"), "application/merge-patch+json");
  });
});

Deno.test("remove says whether it was there, and with a uid removes that one only", async () => {
  let body: unknown;
  const answers = [
    Response.json(stored("9")),
    absent(),
    apiError(409, "Conflict", "Precondition failed: UID in precondition: u1, UID in object meta: u2"),
  ];
  await writing(async (_path, request) => {
    body = await request.json();
    return answers.shift() ?? new Response();
  }, async (writer, server) => {
    assert.equal(await writer.remove(PATH, { uid: "u1" }), "removed");
    assert.deepEqual(body, {
      kind: "DeleteOptions",
      apiVersion: "v1",
      preconditions: { uid: "u1" },
      propagationPolicy: "Background",
    });
    assert.equal(await writer.remove(PATH), "absent");
    assert(!JSON.stringify(body).includes("preconditions"));
    assert.equal(await writer.remove(PATH, { uid: "u1" }), "another");
    assert.deepEqual(server.requests, [`DELETE ${PATH}`, `DELETE ${PATH}`, `DELETE ${PATH}`]);
  });
});

Deno.test("a delete that is pinned to a version tells when it is another one by now", async () => {
  const others = [
    "Precondition failed: ResourceVersion in precondition: 7, ResourceVersion in object meta: 8",
    "the ResourceVersion in the precondition (7) does not match the ResourceVersion in record (8). The object might",
    "the UID in the precondition (u1) does not match the UID in record (u2). The object might have been deleted",
  ];
  const answers = [
    ...others.map((one) => apiError(409, "Conflict", one)),
    apiError(409, "Conflict", "finalizers are being run"),
  ];
  let body: unknown;
  await writing(async (_path, request) => {
    body = await request.json();
    return answers.shift() ?? new Response();
  }, async (writer) => {
    for (const _ of others) {
      assert.equal(await writer.remove(PATH, { uid: "u1", resourceVersion: "7" }), "another");
    }
    assert.deepEqual((body as { preconditions: unknown }).preconditions, { uid: "u1", resourceVersion: "7" });
    await assert.rejects(writer.remove(PATH, { uid: "u1" }), /finalizers/);
  });
});

Deno.test("create makes what is not there, and leaves what is", async () => {
  const answers = [
    Response.json(stored("1"), { status: 201 }),
    apiError(409, "AlreadyExists", 'configmaps "settings" already exists'),
    apiError(409, "Conflict", "something else"),
  ];
  await writing(() => answers.shift() ?? new Response(), async (writer, server) => {
    assert.equal(await writer.create(PATH, WANTED), "created");
    assert.equal(await writer.create(PATH, WANTED), "exists");
    await assert.rejects(writer.create(PATH, WANTED), /something else/);
    const request = "POST /api/v1/namespaces/external-secrets/configmaps?fieldManager=lakecheck";
    assert.deepEqual(server.requests, [request, request, request]);
  });
});

Deno.test("get gives the object, or undefined when it or its kind is not there", async () => {
  const answers = [
    Response.json(stored("1")),
    absent(),
    new Response("404 page not found\n", { status: 404 }),
  ];
  await writing(() => answers.shift() ?? new Response(), async (writer) => {
    assert.deepEqual(await writer.get(PATH), stored("1"));
    assert.equal(await writer.get(PATH), undefined);
    assert.equal(await writer.get(PATH), undefined);
  });
});

Deno.test("list gives objects with their kind, which lists of built-in kinds leave out", async () => {
  const answers = [
    apiList("ConfigMapList", [{ metadata: { name: "a" } }]),
    apiList("ConfigMapList", null),
  ];
  await writing(() => answers.shift() ?? new Response(), async (writer) => {
    const path = "/api/v1/namespaces/x/configmaps";
    assert.deepEqual(await writer.list(path), [
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } },
    ]);
    assert.deepEqual(await writer.list(path), []);
  });
});

Deno.test("may asks the API server what the user may do", async () => {
  const bodies: unknown[] = [];
  await writing(async (_path, request) => {
    bodies.push(await request.json());
    return Response.json({ status: { allowed: bodies.length === 1 } }, { status: 201 });
  }, async (writer, server) => {
    assert.equal(await writer.may("create", "", "pods/portforward", "external-secrets", "connect-0"), true);
    assert.equal(await writer.may("patch", "apps", "deployments"), false);
    assert.deepEqual(bodies.map((one) => (one as { spec: unknown }).spec), [
      {
        resourceAttributes: {
          verb: "create",
          group: "",
          resource: "pods",
          subresource: "portforward",
          namespace: "external-secrets",
          name: "connect-0",
        },
      },
      { resourceAttributes: { verb: "patch", group: "apps", resource: "deployments" } },
    ]);
    assert.equal(server.requests[0], "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
  });
});

Deno.test("serves asks discovery for a version of a group", async () => {
  const served = ["/apis/external-secrets.io/v1", "/api/v1"];
  const behaviour: Behaviour = (path) =>
    served.includes(path)
      ? Response.json({ kind: "APIResourceList", groupVersion: "v1", resources: [] })
      : new Response("404 page not found\n", { status: 404 });
  await writing(behaviour, async (writer) => {
    assert.equal(await writer.serves("external-secrets.io", "v1"), true);
    assert.equal(await writer.serves("external-secrets.io", "v1beta1"), false);
    assert.equal(await writer.serves("", "v1"), true);
  });
});

Deno.test("raw goes through the service proxy, where any status is an answer", async () => {
  await writing(() => new Response("no", { status: 418 }), async (writer) => {
    assert.deepEqual(await writer.raw(PROXY), { status: 418, body: "no" });
  });
});

Deno.test("429 and 503 are asked once more when Retry-After fits in the limit", async () => {
  for (const code of [429, 503]) {
    const answers = [
      apiError(code, "TooManyRequests", "busy", { headers: { "retry-after": "0" } }),
      Response.json(stored("2")),
    ];
    await writing(() => answers.shift() ?? new Response(), async (writer, server) => {
      assert.deepEqual(await writer.merge(PATH, {}), stored("2"));
      assert.equal(server.requests.length, 2);
    });
  }
});

Deno.test("a client certificate writes as a token does, and so does skipping verification", async () => {
  let body: unknown;
  await using server = serveFake(async (_path, request) => {
    if (request.method === "PATCH") body = await request.json();
    return Response.json(stored("3"));
  }, testAuthority().expiredServer);
  const insecure = { "insecure-skip-tls-verify": true, "certificate-authority-data": undefined };
  const text = kubeconfigFor(server.url, certificateUser(testAuthority().client), insecure);
  await withKubeconfig(text, async (kubeconfig) => {
    const writer = await connectWriter({ kubeconfig, timeoutMs: PATIENT_MS });
    assert.deepEqual(await writer.apply(PATH, WANTED), { outcome: "unchanged" });
    assert.equal(server.requests.at(-1), `PATCH ${PATH}?fieldManager=lakecheck&force=false`);
    assert.deepEqual(body, WANTED);
    writer.close();
  });
});

Deno.test("the caller's signal ends what is under way and all that follows, as its own reason", async () => {
  const arrived = Promise.withResolvers<void>();
  const held = Promise.withResolvers<Response>();
  const stop = new AbortController();
  await writing(() => {
    arrived.resolve();
    return held.promise;
  }, async (writer) => {
    const applied = writer.apply(PATH, WANTED);
    await arrived.promise;
    const reason = new Interrupted("Ctrl-C");
    stop.abort(reason);
    await assert.rejects(applied, (error) => error === reason);
    assert(writer.signal.aborted);
    await assert.rejects(writer.get(PATH), (error) => error === reason);
    await assert.rejects(writer.raw(PROXY), Interrupted);
    held.resolve(new Response());
  }, { signal: stop.signal });
});

Deno.test("a signal that was aborted before, or without a reason, is an interruption too", async () => {
  await writing(() => new Response(), async (writer, server) => {
    await assert.rejects(writer.get(PATH), Interrupted);
    assert.deepEqual(server.requests, []);
  }, { signal: AbortSignal.abort() });
});

Deno.test("close aborts the writer's signal, and not the caller's", async () => {
  const { signal } = new AbortController();
  for (const options of [{}, { signal }]) {
    await writing(() => new Response(), (writer) => {
      assert(!writer.signal.aborted);
      writer.close();
      assert(writer.signal.aborted);
      return Promise.resolve();
    }, options);
  }
  assert(!signal.aborted);
});
