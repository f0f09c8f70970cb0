import assert from "node:assert/strict";
import fc from "fast-check";
import { parseListPage } from "../../../lib/clients/s3/list.ts";

const entity = (c: string, how: number): string => {
  const code = c.codePointAt(0) ?? 0;
  const named: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
  };
  if (how === 0) return named[c] ?? c;
  return how === 1 ? `&#${code};` : `&#x${code.toString(16)};`;
};

/** Every way in which a store may write a text. */
const escaped = (text: string, how: number[]): string =>
  [...text].map((c, at) => {
    const connection = how[at % Math.max(1, how.length)] ?? 0;
    return /[&<>"']/.test(c) || connection > 0 ? entity(c, connection) : c;
  }).join("");

const key = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });
const how = fc.array(fc.constantFrom(0, 0, 0, 1, 2), { maxLength: 5 });

Deno.test("keys of any characters come as they are, however the store writes them", () => {
  const object = fc.record({ key, size: fc.nat({ max: 2 ** 40 }), how });
  fc.assert(fc.property(
    fc.array(object),
    fc.array(key),
    fc.option(key, { nil: undefined }),
    fc.boolean(),
    (objects, prefixes, next, sizeFirst) => {
      const contents = objects.map((one) => {
        const size = `<Size>${one.size}</Size>`;
        const name = `<Key>${escaped(one.key, one.how)}</Key>`;
        return `<Contents>${
          sizeFirst ? size + name : name + size
        }<LastModified>2026-11-21T08:00:00.5Z</LastModified>` +
          `<ETag>&quot;0&quot;</ETag><Owner><ID>a</ID></Owner></Contents>`;
      });
      const common = prefixes.map((one) =>
        `<CommonPrefixes><Prefix>${escaped(one, [0])}</Prefix></CommonPrefixes>`
      );
      const xml =
        `<?xml version="1.0"?><ListBucketResult xmlns="x"><Prefix/><IsTruncated>${
          next !== undefined
        }</IsTruncated>` +
        `${
          next === undefined ? "" : `<NextContinuationToken>${escaped(next, [0])}</NextContinuationToken>`
        }` +
        `${contents.join("")}${common.join("\n")}</ListBucketResult>`;
      const modified = Date.parse("2026-11-21T08:00:00.5Z");
      assert.deepEqual(parseListPage(xml), {
        objects: objects.map((one) => ({ key: one.key, size: one.size, modified })),
        prefixes,
        ...next === undefined ? {} : { next },
      });
    },
  ));
});

Deno.test("a page cut anywhere is none", () => {
  const xml =
    `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key>` +
    `<LastModified>2026-11-21T08:00:00Z</LastModified><Size>1</Size></Contents></ListBucketResult>`;
  assert.ok(parseListPage(xml));
  for (let at = 0; at < xml.length; at++) {
    assert.equal(parseListPage(xml.slice(0, at)), undefined, xml.slice(0, at));
  }
});

Deno.test("an error document is no page", () => {
  assert.equal(parseListPage("<Error><Code>NoSuchBucket</Code></Error>"), undefined);
});
