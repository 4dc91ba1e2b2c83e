"""`python -m shop.healthcheck`: exits 0 while the web server in this container answers, as the image's HEALTHCHECK."""

import os
import urllib.request

if __name__ == "__main__":
    # By a name that the shop answers to: to any other it says 400.
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    url = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/healthz"
    urllib.request.urlopen(urllib.request.Request(url, headers={"Host": host}), timeout=4).close()
