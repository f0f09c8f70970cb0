/**
 * Cases of Ceph's own suite, https://github.com/ceph/s3-tests (functional/test_s3.py and test_headers.py), by name:
 * which of our trials tries the behaviour that the case is named for, and what Ceph RGW 16.2 must come to in it.
 * The trials are written from what S3 promises; nothing of the suite is in them.
 */

import type { TrialRecord } from "../../../lib/checkpoint/trial.ts";

/** What a trial says of Ceph RGW 16.2. */
export type Verdict = "passed" | `failed ${string}`;

/** Cases by the trial that covers them. Several cases come to one trial, and one case to one trial alone. */
export const CASES: Readonly<Record<string, readonly string[]>> = {
  "s3.missing-bucket": ["test_bucketv2_notexist", "test_object_write_to_nonexist_bucket"],
  "s3.bucket-not-empty": ["test_bucket_delete_nonempty"],
  "s3.put-get": ["test_object_write_read_update_read_delete", "test_object_read_not_exist"],
  "s3.head": ["test_object_write_check_etag"],
  "s3.ranges": [
    "test_ranged_request_response_code",
    "test_ranged_big_request_response_code",
    "test_ranged_request_skip_leading_bytes_response_code",
    "test_ranged_request_return_trailing_bytes_response_code",
  ],
  "s3.range-beyond-end": ["test_ranged_request_invalid_range", "test_ranged_request_empty_object"],
  "s3.empty-object": ["test_object_head_zero_bytes"],
  "s3.key-names": ["test_bucket_create_special_key_names", "test_bucket_listv2_encoding_basic"],
  "s3.metadata": [
    "test_object_set_get_metadata_none_to_good",
    "test_object_set_get_metadata_overwrite_to_empty",
    "test_object_metadata_replaced_on_put",
  ],
  "s3.tagging": [
    "test_get_obj_tagging",
    "test_put_obj_with_tags",
    "test_put_modify_tags",
    "test_put_delete_tags",
  ],
  "s3.list-pages": [
    "test_bucket_listv2_many",
    "test_bucket_listv2_maxkeys_one",
    "test_bucket_listv2_continuationtoken",
    "test_basic_key_count",
  ],
  "s3.list-start-after": ["test_bucket_listv2_startafter_not_in_list"],
  "s3.list-delimiter": [
    "test_bucket_listv2_delimiter_basic",
    "test_bucket_listv2_delimiter_alt",
    "test_bucket_listv2_delimiter_prefix",
    "test_bucket_listv2_prefix_basic",
    "test_bucket_listv2_prefix_not_exist",
    "test_bucket_listv2_prefix_delimiter_basic",
  ],
  "s3.copy": [
    "test_object_copy_same_bucket",
    "test_object_copy_diff_bucket",
    "test_object_copy_verify_contenttype",
    "test_object_copy_retaining_metadata",
    "test_object_copy_key_not_found",
  ],
  "s3.copy-replace": ["test_object_copy_replacing_metadata", "test_object_copy_to_itself_with_metadata"],
  "s3.batch-delete": ["test_multi_objectv2_delete"],
  "s3.multipart": ["test_multipart_upload", "test_multipart_upload_contents"],
  "s3.multipart-resend": ["test_multipart_upload_resend_part"],
  "s3.multipart-uploads": ["test_list_multipart_upload"],
  "s3.multipart-abort": ["test_abort_multipart_upload"],
  "s3.multipart-too-small": ["test_multipart_upload_size_too_small"],
  "s3.multipart-wrong-etag": ["test_multipart_upload_incorrect_etag"],
  "s3.multipart-conditional": ["test_multipart_put_current_object_if_none_match"],
  "s3.multipart-copy": ["test_multipart_copy_small"],
  "s3.put-if-none-match": [
    "test_put_object_ifnonmatch_nonexisted_good",
    "test_put_object_ifnonmatch_overwrite_existed_failed",
  ],
  // The first of them sends the ETag without its quotes, the others with them.
  "s3.put-if-match": [
    "test_put_object_ifmatch_good",
    "test_put_object_ifmatch_failed",
    "test_put_object_if_match",
  ],
  "s3.get-if-match": ["test_get_object_ifmatch_good", "test_get_object_ifmatch_failed"],
  "s3.get-if-none-match": ["test_get_object_ifnonematch_good", "test_get_object_ifnonematch_failed"],
  "s3.get-if-modified-since": [
    "test_get_object_ifmodifiedsince_good",
    "test_get_object_ifmodifiedsince_failed",
  ],
  "s3.presigned": ["test_object_raw_get_x_amz_expires_not_expired"],
  "s3.presigned-limits": ["test_object_raw_put_authenticated_expired"],
  "s3.versioning": ["test_versioning_obj_create_read_remove", "test_bucket_list_return_data_versioning"],
  "s3.delete-marker": ["test_delete_marker_versioned"],
  "s3.versioning-suspended": [
    "test_versioning_bucket_create_suspend",
    "test_versioning_obj_suspend_versions",
    "test_versioning_obj_plain_null_version_overwrite_suspended",
  ],
  "s3.policy": ["test_set_get_del_bucket_policy"],
  "s3.policy-allow": ["test_bucket_policy"],
  "s3.cors": ["test_set_cors", "test_cors_origin_response"],
  "s3.wrong-key-id": ["test_list_buckets_invalid_auth"],
  "s3.wrong-secret": ["test_list_buckets_bad_auth"],
  "s3.clock-skew": [
    "test_object_create_bad_date_before_today_aws2",
    "test_object_create_bad_date_after_end_aws2",
  ],
  "s3.anonymous": ["test_object_anon_put", "test_bucket_listv2_objects_anonymous_fail"],
  "s3.changed-body": ["test_object_create_bad_md5_bad"],
};

/** Trials that no case of the suite is named for. */
export const NO_CASE: readonly string[] = [
  "s3.path-style",
  "s3.tls",
  "s3.delete-missing",
  "s3.key-slashes",
  "s3.key-and-prefix",
  "s3.list-order",
  "s3.list-fresh",
  "s3.list-changing",
  "s3.multipart-parts",
  "s3.multipart-etag",
  "s3.put-race",
  "s3.policy-deny",
];

/** What Ceph RGW 16.2 gets wrong; every other trial holds on it. */
export const RGW_16_2: Readonly<Record<string, Verdict>> = {
  "s3.multipart-etag": "failed NoETag",
  "s3.multipart-abort": "failed OtherRefusal",
  "s3.multipart-conditional": "failed SilentlyIgnored",
  "s3.put-if-match": "failed QuotedETagRefused",
};

/** Trials whose verdict is another one than Ceph RGW 16.2 is known for, with the cases that this concerns. */
export function disagreements(records: readonly TrialRecord[]): string[] {
  return [...Object.keys(CASES), ...NO_CASE].flatMap((id) => {
    const seen = records.filter(({ trial }) => trial === id).map(verdictOf).join(", ") || "not tried";
    const expected = RGW_16_2[id] ?? "passed";
    const cases = CASES[id]?.join(", ") ?? "no case";
    return seen === expected ? [] : [`${id} (${cases}): ${seen}; expected ${expected}`];
  });
}

function verdictOf({ result, reason, observed, expected, evidence }: TrialRecord): string {
  if (result === "passed") return "passed";
  const known = Object.values(RGW_16_2).includes(`failed ${reason}`);
  return `${result} ${reason}${known ? "" : ` (${evidence}: ${observed}, not ${expected})`}`;
}
