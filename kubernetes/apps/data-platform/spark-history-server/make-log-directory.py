"""Makes the event log's directory in the bucket: Spark refuses to start where it is missing, and a bucket claim makes none.

A directory in S3 is an empty object whose name ends with a slash. Making it again changes nothing.
"""
import datetime
import hashlib
import hmac
import os
import urllib.parse
import urllib.request

EMPTY = hashlib.sha256(b"").hexdigest()
url = urllib.parse.urlsplit(os.environ["EVENT_LOG_URL"])
region = os.environ["AWS_REGION"]
now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
scope = f"{now[:8]}/{region}/s3/aws4_request"
signed = "host;x-amz-content-sha256;x-amz-date"
headers = f"host:{url.netloc}\nx-amz-content-sha256:{EMPTY}\nx-amz-date:{now}\n"
canonical = "\n".join(["PUT", url.path, "", headers, signed, EMPTY])
to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
for part in scope.split("/") + [to_sign]:
    key = hmac.new(key, part.encode(), "sha256").digest()
credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
request = urllib.request.Request(url.geturl(), data=b"", method="PUT", headers={
    "x-amz-content-sha256": EMPTY,
    "x-amz-date": now,
    "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature={key.hex()}",
})
with urllib.request.urlopen(request, timeout=10) as answer:
    print(f"{url.geturl()}: {answer.status}")
