// Logs in with Fief as a public client: the authorization code flow (RFC 6749) with PKCE (RFC 7636). And calls the API.

// Where the API and Fief are.
let config = null;

// The page itself, as it is registered at Fief.
const redirect_uri = `${location.origin}/`;

// In memory only, so that no storage holds it. It is gone after a reload; a new login then takes no password for as long as
// Fief remembers the browser.
let token = null;

export class ApiError extends Error {
  constructor(status, description) {
    super(description);
    this.status = status;
  }
}

export const isLoggedIn = () => token !== null;

async function configure() {
  if (config !== null) return config;
  const response = await send("/config.json");
  if (!response.ok) throw new Error("The page could not be loaded. Please try again.");
  config = await response.json();
  return config;
}

/** Leaves the page for Fief's login. */
export async function logIn() {
  const { fief, client_id } = await configure();
  const [verifier, state] = [random(), random()];
  // The page is left here: what the login has to match waits for it in this tab. It is of no use without the code.
  sessionStorage.setItem("login", JSON.stringify({ verifier, state }));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const query = new URLSearchParams({
    response_type: "code",
    client_id,
    redirect_uri,
    scope: "openid",
    state,
    code_challenge: base64url(hash),
    code_challenge_method: "S256",
  });
  location.assign(`${fief}/authorize?${query}`);
}

/** Completes the login if Fief has sent the browser back with a code. */
export async function completeLogIn() {
  const query = new URLSearchParams(location.search);
  if (!query.has("code") && !query.has("error")) return;
  // A code is used once: neither the history nor a reload may bring it back.
  history.replaceState(null, "", "/");
  const attempt = JSON.parse(sessionStorage.getItem("login"));
  sessionStorage.removeItem("login");
  // Otherwise, another site could log the user in to an account of its own.
  if (attempt === null || query.get("state") !== attempt.state) {
    throw new Error("This login was not begun here. Please log in again.");
  }
  // Its description is not shown, since anyone can write a link with one.
  if (query.has("error")) throw new Error("Fief rejected the login. Please log in again.");
  const { fief, client_id } = await configure();
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id,
    redirect_uri,
    code: query.get("code"),
    code_verifier: attempt.verifier,
  });
  const response = await send(`${fief}/api/token`, { method: "POST", body });
  if (!response.ok) throw new Error("The login could not be completed. Please log in again.");
  // The ID token is not read: the API says who the user is.
  token = (await response.json()).access_token;
}

/** Forgets the token, and leaves the page for Fief's logout, which sends the browser back. */
export async function logOut() {
  const { fief } = await configure();
  token = null;
  location.assign(`${fief}/logout?${new URLSearchParams({ redirect_uri })}`);
}

/** Calls the API with the token. Returns the JSON of its response. */
export async function call(path, { method = "GET", json } = {}) {
  const { api } = await configure();
  const headers = { authorization: `Bearer ${token}` };
  if (json !== undefined) headers["content-type"] = "application/json";
  const body = json === undefined ? undefined : JSON.stringify(json);
  const response = await send(api + path, { method, headers, body });
  // Invalid or expired: only another login helps.
  if (response.status === 401) token = null;
  const value = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, value.error_description ?? response.statusText);
  return value;
}

async function send(url, options) {
  try {
    return await fetch(url, { ...options, signal: AbortSignal.timeout(30_000) });
  } catch {
    throw new Error("There was no response. Please try again.");
  }
}

/** 256 random bits. */
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

function base64url(bytes) {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
