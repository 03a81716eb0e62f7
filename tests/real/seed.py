"""Fills a new Fief through its admin API with seed.json; prints the clients as shell variables.

python seed.py SEED_JSON BASE_URL ADMIN_API_KEY
"""

import json
import pathlib
import shlex
import sys

import httpx


def main(path, base_url, key):
    seed = json.loads(pathlib.Path(path).read_text())
    api = Admin(base_url, key)
    default = next(tenant for tenant in api.all("/tenants/") if tenant["default"])
    second = api.post("/tenants/", tenant(seed["tenant"]))
    tenants = {None: default, second["slug"]: second}
    permissions = {
        code: api.post("/permissions/", {"name": code, "codename": code})["id"] for code in seed["permissions"]
    }
    for field in seed["fields"]:
        api.post("/user-fields/", user_field(**field))
    for user in seed["users"]:
        found = api.post(
            "/users/",
            {
                "email": user["email"],
                "password": user["password"],
                "email_verified": True,
                "tenant_id": tenants[user.get("tenant")]["id"],
                "fields": user.get("fields", {}),
            },
        )
        for code in user.get("permissions", []):
            api.post(f"/users/{found['id']}/permissions", {"id": permissions[code]})
    for client in seed["clients"]:
        made = api.post("/clients/", oauth_client(client, tenants[client.get("tenant")]["id"], seed["redirect_uri"]))
        prefix = f"FIEF_REAL_{client['name'].upper()}"
        show(f"{prefix}_CLIENT_ID", made["client_id"])
        show(f"{prefix}_CLIENT_SECRET", made["client_secret"])
        if client.get("encrypted"):
            show(f"{prefix}_KEY", json.dumps(api.post(f"/clients/{made['id']}/encryption-key")))


class Admin:
    def __init__(self, base_url, key):
        self.http = httpx.Client(
            base_url=f"{base_url}/admin/api", headers={"Authorization": f"Bearer {key}"}, timeout=30
        )

    def all(self, path):
        return self.send("GET", path, params={"limit": 100})["results"]

    def post(self, path, body=None):
        return self.send("POST", path, json=body)

    def send(self, method, path, **options):
        response = self.http.request(method, path, **options)
        if response.is_error:
            sys.exit(f"seed: {method} {path} answered {response.status_code}: {response.text[:300]}")
        return response.json()


def tenant(slug):
    return {
        "name": slug.title(),
        "registration_allowed": True,
        "theme_id": None,
        "logo_url": None,
        "application_url": None,
        "oauth_providers": [],
    }


def user_field(slug, type, **default):
    configuration = {"at_registration": False, "required": False, "at_update": True, **default}
    return {"name": slug, "slug": slug, "type": type, "configuration": configuration}


def oauth_client(client, tenant_id, redirect_uri):
    body = {
        "name": client["name"],
        "first_party": not client.get("third_party", False),
        "client_type": "public" if client.get("public") else "confidential",
        "redirect_uris": [redirect_uri],
        "tenant_id": tenant_id,
    }
    if lifetimes := client.get("lifetimes"):
        body["authorization_code_lifetime_seconds"] = lifetimes["code"]
        body["access_id_token_lifetime_seconds"] = lifetimes["token"]
        body["refresh_token_lifetime_seconds"] = lifetimes["refresh"]
    return body


def show(name, value):
    print(f"{name}={shlex.quote(value)}")


main(*sys.argv[1:])
