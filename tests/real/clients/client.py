"""Drives a server with Fief's own client for Python: client.py methods|fastapi|cli

The settings of fief-test-server with its control API are in the environment.
"""

import os
import pathlib
import sys
import tempfile
import threading
import webbrowser

import httpx
from fief_client import (
    Fief,
    FiefAccessTokenExpired,
    FiefAccessTokenInvalid,
    FiefAccessTokenMissingPermission,
    FiefACR,
    FiefRequestError,
)
from fief_client.pkce import get_code_challenge, get_code_verifier

URL = os.environ["FIEF_BASE_URL"]
CONTROL = httpx.Client(base_url=os.environ["FIEF_CONTROL_URL"], trust_env=False)
USER = os.environ["FIEF_USER_EMAIL"]
CALLBACK = "http://127.0.0.1:3000/auth-callback"


def main(part):
    {"methods": methods, "fastapi": fastapi, "cli": cli}[part]()
    print(f"{part}: passed")


def methods():
    fief = Fief(URL, os.environ["FIEF_CLIENT_ID"], os.environ["FIEF_CLIENT_SECRET"])
    verifier = get_code_verifier()
    url = fief.auth_url(
        CALLBACK,
        state="st",
        scope=["openid", "offline_access"],
        code_challenge=get_code_challenge(verifier),
        code_challenge_method="S256",
    )
    callback = log_in(url)
    assert callback.params["state"] == "st"
    tokens, user = fief.auth_callback(callback.params["code"], CALLBACK, code_verifier=verifier)
    token = tokens["access_token"]
    info = fief.validate_access_token(
        token,
        required_scope=["openid"],
        required_acr=FiefACR.LEVEL_ONE,
        required_permissions=["castles:create"],
    )
    assert str(info["id"]) == user["sub"]
    with raises(FiefAccessTokenMissingPermission):
        fief.validate_access_token(token, required_permissions=["castles:delete"])
    assert fief.userinfo(token)["email"] == USER

    user = fief.update_profile(token, {"fields": {"first_name": "Anne II"}})
    assert user["fields"]["first_name"] == "Anne II"
    with raises(FiefRequestError) as weak:
        fief.change_password(token, "password1234")
    assert "not strong enough" in weak.error.detail
    fief.change_password(token, "ermine-and-fleur-de-lys")
    fief.email_change(token, "anne@example.org")
    code = control("GET", f"/users/{USER}/code")["code"]
    assert fief.email_verify(token, code)["email"] == "anne@example.org"

    tokens, _ = fief.auth_refresh_token(tokens["refresh_token"])
    assert fief.validate_access_token(tokens["access_token"])["acr"] == FiefACR.LEVEL_ZERO
    logout = httpx.get(fief.logout_url(CALLBACK), trust_env=False)
    assert logout.headers["location"] == CALLBACK

    # What only the control API can do.
    expired = control("POST", "/tokens", {"expires_in": -120})["access_token"]
    with raises(FiefAccessTokenExpired):
        fief.validate_access_token(expired)
    control("PUT", "/faults/userinfo", {"kind": "status", "status": 503})
    with raises(FiefRequestError):
        fief.userinfo(token)
    control("DELETE", "/faults")
    control("PATCH", "/users/anne@example.org", {"active": False})
    with raises(FiefRequestError) as inactive:
        fief.userinfo(token)
    assert inactive.error.status_code == 401
    control("POST", "/keys/rotate")
    rotated = control("POST", "/tokens", {})["access_token"]
    with raises(FiefAccessTokenInvalid):
        fief.validate_access_token(rotated)
    assert control("GET", "/requests")["discovery"] == 1, "it is cached"


def fastapi():
    from fastapi import Depends, FastAPI
    from fastapi.security import HTTPBearer
    from fastapi.testclient import TestClient
    from fief_client.integrations.fastapi import FiefAuth

    fief = Fief(URL, os.environ["FIEF_CLIENT_ID"], os.environ["FIEF_CLIENT_SECRET"])
    auth = FiefAuth(fief, HTTPBearer(auto_error=False))
    app = FastAPI()

    @app.get("/user")
    def user(user=Depends(auth.current_user())):
        return user

    @app.get("/castles")
    def castles(info=Depends(auth.authenticated(permissions=["castles:create"]))):
        return {"id": str(info["id"])}

    client = TestClient(app)

    def get(path, token):
        return client.get(path, headers={"authorization": f"Bearer {token}"})

    token = control("POST", "/tokens", {})["access_token"]
    assert client.get("/user").status_code == 401
    assert get("/user", token).json()["email"] == USER
    assert get("/castles", token).status_code == 200
    louis = control("POST", "/tokens", {"user": os.environ["FIEF_USER2_EMAIL"]})
    assert get("/castles", louis["access_token"]).status_code == 403
    expired = control("POST", "/tokens", {"expires_in": -120})["access_token"]
    assert get("/castles", expired).status_code == 401


def cli():
    from fief_client.integrations.cli import FiefAuth

    fief = Fief(URL, os.environ["FIEF_PUBLIC_CLIENT_ID"])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "credentials.json"
        auth = FiefAuth(fief, str(path))
        # The "browser" logs in, and then opens the address at which the program listens.
        webbrowser.open = lambda url: threading.Thread(target=browse, args=(url,)).start()
        _, user = auth.authorize(("127.0.0.1", int(os.environ["CLI_PORT"])))
        assert user["email"] == USER
        assert FiefAuth(fief, str(path)).current_user(refresh=True)["email"] == USER
        assert auth.access_token_info()["acr"] == FiefACR.LEVEL_ONE


def browse(url):
    callback = log_in(url)
    transport = httpx.HTTPTransport(retries=5)
    with httpx.Client(transport=transport, trust_env=False) as browser:
        assert browser.get(callback).status_code == 200


def log_in(url):
    """Logs in as a browser does. Returns the URL of the callback."""
    with httpx.Client(base_url=URL, trust_env=False) as browser:
        page = browser.get(url)
        assert page.headers["location"] == "/login", page.headers
        browser.get("/login")
        form = {
            "email": USER,
            "password": os.environ["FIEF_USER_PASSWORD"],
            "csrf_token": browser.cookies["fief_csrftoken"],
        }
        browser.post("/login", data=form)
        return httpx.URL(browser.get("/consent").headers["location"])


def control(method, path, body=None):
    response = CONTROL.request(method, path, json=body)
    response.raise_for_status()
    return response.json() if response.content else None


class raises:
    """Context in which an error is expected."""

    def __init__(self, kind):
        self.kind = kind

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _traceback):
        assert kind is not None, f"no {self.kind.__name__}"
        self.error = error
        return issubclass(kind, self.kind)


main(sys.argv[1])
