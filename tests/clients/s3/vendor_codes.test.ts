import assert from "node:assert/strict";
import { rawS3, s3ReplyFailure } from "../../../lib/clients/s3/client.ts";
import { VENDOR_CODES, vendorWords } from "../../../lib/clients/s3/vendor_codes.ts";
import { refusal, withStore } from "./fixture.ts";

async function told(reply: () => Response): Promise<{ kind: string; message: string }> {
  let said = { kind: "", message: "" };
  await withStore(reply, async (options) => {
    const raw = await rawS3(options).send({ method: "GET", bucket: "lake", key: "t/a.parquet" });
    said = s3ReplyFailure(raw, options).failure;
  });
  return said;
}

Deno.test("each code of the table is told as what it means, with its code and what to do", async () => {
  for (const code of VENDOR_CODES) {
    const [kind, means, next] = vendorWords(code, "") ?? [];
    assert.ok(kind && means && next, code);
    const said = await told(() => refusal(400, code));
    assert.equal(said.kind, kind, code);
    assert.ok(said.message.includes(`${means} (400 ${code})`), said.message);
    assert.ok(said.message.endsWith(`Next: ${next}`), said.message);
  }
});

Deno.test("checksums of newer SDKs that a store refuses are known by the header that its message names", () => {
  const words =
    "A header you provided implies functionality that is not implemented: x-amz-sdk-checksum-algorithm";
  for (const code of ["NotImplemented", "InvalidArgument", "InvalidRequest"]) {
    assert.match(
      vendorWords(code, words)?.[2] ?? "",
      /^set AWS_REQUEST_CHECKSUM_CALCULATION=when_required/,
      code,
    );
    assert.equal(vendorWords(code, "the key is invalid"), undefined, code);
  }
});

Deno.test("a limit of spending is told from a missing right", () => {
  assert.match(vendorWords("AccessDenied", "Transaction cap exceeded")?.[1] ?? "", /account itself/);
  assert.equal(vendorWords("AccessDenied", "Access Denied."), undefined);
});

Deno.test("codes that are words of every object are none of the table", () => {
  for (const code of ["constructor", "__proto__", "toString", ""]) {
    assert.equal(vendorWords(code, ""), undefined);
  }
});

Deno.test("an endpoint that serves web sites is named as that, though it is the store's own", async () => {
  const page = "<html><body><li>Code: NoSuchWebsiteConfiguration</li></body></html>";
  const headers = { "content-type": "text/html", "x-amz-request-id": "1" };
  const said = await told(() => new Response(page, { status: 404, headers }));
  assert.match(said.message, /serves buckets as web sites, and speaks no S3/);
});

Deno.test("the region that Garage expects is read from its words", async () => {
  const message =
    "Authorization header malformed, unexpected scope: 20260101/us-east-1/s3/aws4_request, expected: " +
    "20260101/garage/s3/aws4_request";
  const said = await told(() => refusal(400, "AuthorizationHeaderMalformed", { message }));
  assert.match(said.message, /Next: use region garage$/);
});
