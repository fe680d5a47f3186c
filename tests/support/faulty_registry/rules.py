# SPDX-License-Identifier: Apache-2.0
"""What a client must not do: OCI distribution-spec v1.1 ("spec"), RFC 9110, the token protocol of CNCF distribution, and
promises of registry-push(1). Each finding is a sentence; the registry keeps them, and one is enough to fail a test."""
import json
import re
import urllib.parse

NAME = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
DIGEST = r"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})"
LONGEST_MANIFEST = 4 << 20
MANIFESTS = ("application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json",
             "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json")

PATHS = (  # spec, "Endpoints"
    (r"/v2/", {"GET": "base"}, ""),
    (rf"/v2/(?P<repository>{NAME})/blobs/(?P<name>{DIGEST})", {"HEAD": "blob.head", "GET": "blob.get"}, ""),
    (rf"/v2/(?P<repository>{NAME})/blobs/uploads/", {"POST": "upload.post"}, ""),
    (rf"/v2/(?P<repository>{NAME})/blobs/uploads/(?P<name>[A-Za-z0-9+%-]+)",
     {"PATCH": "upload.patch", "PUT": "upload.put", "GET": "upload.get", "DELETE": "upload.delete"}, ""),
    (rf"/v2/(?P<repository>{NAME})/manifests/(?P<name>{TAG}|{DIGEST})",
     {"HEAD": "manifest.head", "GET": "manifest.get", "PUT": "manifest.put", "DELETE": "manifest.delete"}, ""),
    (rf"/v2/(?P<repository>{NAME})/tags/list", {"GET": "tags.list"}, ""),
    (rf"/v2/(?P<repository>{NAME})/referrers/(?P<name>{DIGEST})", {"GET": "referrers.get"}, ""),
)
PARAMETERS = {"upload.post": {"mount", "from", "digest"}, "tags.list": {"n", "last"}, "manifest.put": {"tag"},
              "referrers.get": {"artifactType", "n", "last"}}


def classify(request):
    """Says which request of the API it is; None is one that the API has not."""
    for pattern, methods, _ in PATHS:
        match = re.fullmatch(pattern, request.path)
        if match and request.method in methods:
            request.kind = methods[request.method]
            request.repository = match.groupdict().get("repository") or ""
            request.name = match.groupdict().get("name") or ""
            if request.kind == "upload.post" and "mount" in parameters(request):
                request.kind = "upload.mount"
            return request.kind
    return None


def parameters(request):
    return dict(urllib.parse.parse_qsl(request.query, keep_blank_values=True))


def of_any_request(request, addresses):
    """What RFC 9110 and 9112 ask of every request, and we of every one of ours."""
    count = {}
    for name, _ in request.headers:
        count[name] = count.get(name, 0) + 1
    for name in ("host", "content-length", "transfer-encoding", "content-type", "authorization", "user-agent", "expect"):
        if count.get(name, 0) > 1:
            yield f"header {name} is there twice"
    if request.header("host") not in addresses:
        yield f"Host is {request.header('host')} at {addresses[0]}"
    if "content-length" in count and "transfer-encoding" in count:
        yield "Content-Length and Transfer-Encoding together (RFC 9112 section 6.2)"
    if "content-length" in count and request.length() is None:
        yield f"Content-Length is {request.header('content-length')}"
    if "transfer-encoding" in count and not request.chunked():
        yield f"Transfer-Encoding is {request.header('transfer-encoding')}"
    bodied = bool(request.length()) or request.chunked()
    if request.method in ("GET", "HEAD", "DELETE") and bodied:
        yield f"{request.method} with a body"
    if request.method in ("POST", "PUT", "PATCH") and request.length() is None and not request.chunked():
        yield "a request that has a body by its method, without Content-Length (spec: 411)"
    if "expect" in count and not bodied:
        yield "Expect without a body"
    if not re.fullmatch(r"registry-push/\d+\.\d+\.\d+\S*", request.header("user-agent") or ""):
        yield f"User-Agent is {request.header('user-agent')}"
    for name in ("cookie", "oci-namespace", "referer"):
        if name in count:
            yield f"header {name} is sent"


def of_api_request(request):
    """What the spec asks of the head of each request of the API."""
    known = PARAMETERS.get(request.kind.replace("mount", "post"), set())
    if not request.kind.startswith("upload.") or request.kind in ("upload.post", "upload.mount"):
        for name in parameters(request):
            if name not in known and name != "hop":
                yield f"a parameter that this request does not have: {name}"
    if request.kind == "upload.mount":
        query = parameters(request)
        if not re.fullmatch(DIGEST, query["mount"]):
            yield f"mount={query['mount']} is no digest"
        if "from" in query and not re.fullmatch(NAME, query["from"]):
            yield f"from={query['from']} is no repository"
    if request.kind in ("upload.post", "upload.mount") and (request.length() or request.chunked()):
        yield "a body in the POST that opens a session"
    if request.kind == "upload.patch":
        yield from _of_patch(request)
    if request.kind == "upload.put":
        digests = [value for key, value in urllib.parse.parse_qsl(request.query) if key == "digest"]
        raw = re.findall(r"(?:^|&)digest=([^&]*)", request.query)
        if not digests or not re.fullmatch(DIGEST, digests[-1]):
            yield f"the closing PUT has no digest: {request.query}"
        elif ":" in raw[-1]:
            yield f"the colon of the digest is not encoded: {raw[-1]}"
        if request.length() is None and not request.chunked():
            yield "a closing PUT without Content-Length"
        if request.length() and request.header("content-type") != "application/octet-stream":
            yield f"Content-Type of a blob is {request.header('content-type')} (spec: application/octet-stream)"
    if request.kind in ("manifest.get", "manifest.head"):
        accepted = [part.split(";")[0].strip() for part in (request.header("accept") or "").split(",")]
        for media_type in MANIFESTS:
            if media_type not in accepted:
                yield f"Accept lacks {media_type} (distribution 2.8 then says 404)"
    if request.kind == "manifest.put":
        if request.length() is None:
            yield "a manifest without Content-Length"
        elif request.length() > LONGEST_MANIFEST:
            yield "a manifest over 4 MiB"


def _of_patch(request):
    if request.header("content-type") != "application/octet-stream":
        yield f"Content-Type of a chunk is {request.header('content-type')} (spec: application/octet-stream)"
    given = request.header("content-range")
    if given is None:
        return
    match = re.fullmatch(r"(\d+)-(\d+)", given)
    if not match:
        yield f"Content-Range is {given} (spec: <start>-<end>, without a unit)"
    elif request.length() is None:
        yield "a chunk with Content-Range and without Content-Length (spec, Pushing a blob in chunks)"
    elif int(match[2]) - int(match[1]) + 1 != request.length():
        yield f"Content-Range {given} with {request.length()} bytes"


def of_manifest(request, has_blob, has_manifest):
    """A manifest that was sent: its type, and that all below it is there (spec, Pushing manifests)."""
    try:
        document = json.loads(bytes(request.body))
    except ValueError:
        yield "a manifest that is no JSON"
        return
    if document.get("mediaType") != request.header("content-type"):
        yield f"Content-Type {request.header('content-type')} of a manifest whose mediaType is {document.get('mediaType')}"
    for child in document.get("manifests", []):
        if not has_manifest(child["digest"]):
            yield f"an index before its manifest {child['digest']}"
    blobs = list(document.get("layers", [])) + ([document["config"]] if "config" in document else [])
    for blob in blobs:
        if blob.get("urls"):
            continue
        size = has_blob(blob["digest"])
        if size is None:
            yield f"a manifest before its blob {blob['digest']}"
        elif size != blob["size"]:
            yield f"a manifest that says {blob['size']} bytes for {blob['digest']}, which has {size}"
    families = {"docker" if "vnd.docker." in kind else "oci"
                for kind in [document.get("mediaType", "")] + [blob["mediaType"] for blob in blobs]}
    if len(families) > 1:
        yield "docker's and OCI's media types in one manifest"
