"""Did a browser send a changing request from one of our own pages?

Browsers send cookies along with what other sites make them send; so a request that is
authenticated by cookie has to show where it comes from (OWASP: Fetch Metadata, Origin check).
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def from_same_origin(headers: Mapping[str, str]) -> bool:
    """Judge by `Sec-Fetch-Site`, or by `Origin` against `Host` where a browser sends only that.

    Over plain HTTP on another machine browsers leave Sec-Fetch-Site out. A request with neither
    header is refused: every browser sends Origin with a POST.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == headers.get("host")
