"""Registers example-web at a new Fief, once, and writes the id and the secret of its client to CLIENT_FILE."""

import json
import os
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request


def main():
    file = pathlib.Path(os.environ["CLIENT_FILE"])
    if file.exists():
        print("register: it is registered already")
        return
    tenants = call("GET", "/tenants/?limit=100")["results"]
    tenant = next(tenant for tenant in tenants if tenant["default"])
    client = call(
        "POST",
        "/clients/",
        {
            "name": "Castles",
            "first_party": True,
            "client_type": "confidential",
            "redirect_uris": [os.environ["REDIRECT_URI"]],
            "tenant_id": tenant["id"],
        },
    )
    allow("castles:create", os.environ["BUILDER"])
    # As a whole or not at all.
    part = file.with_suffix(".part")
    part.write_text(f"FIEF_CLIENT_ID={client['client_id']}\nFIEF_CLIENT_SECRET={client['client_secret']}\n")
    part.rename(file)
    print("register: done")


def allow(codename, email):
    """Gives a user a permission, which is created if it is new."""
    known = call("GET", "/permissions/?limit=100")["results"]
    found = [permission for permission in known if permission["codename"] == codename]
    permission = found[0] if found else call("POST", "/permissions/", {"name": codename, "codename": codename})
    user = call("GET", "/users/?" + urllib.parse.urlencode({"email": email}))["results"][0]
    try:
        call("POST", f"/users/{user['id']}/permissions", {"id": permission["id"]})
    except urllib.error.HTTPError as error:
        # Given already.
        if error.code != 400:
            raise


def call(method, path, body=None):
    request = urllib.request.Request(
        f"{os.environ['FIEF_BASE_URL']}/admin/api{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['FIEF_ADMIN_API_KEY']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read() or "null")


if __name__ == "__main__":
    try:
        main()
    except urllib.error.HTTPError as error:
        sys.exit(f"register: Fief responded with {error.code}: {error.read()[:300]}")
