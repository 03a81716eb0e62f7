#!/usr/bin/env node
// Checks that the documentation's own search finds what people look for: search.js target/doc
//
// FOUND lists the words, and the items that must be among the first results of each: names of Fief's Python and
// JavaScript clients that differ here, and what a newcomer types.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const FOUND = {
  // fief-python
  FiefAsync: "builder",
  FiefACR: "FiefAcr",
  FiefACRInvalid: "as_str",
  FiefRequestError: "Request",
  FiefIdTokenInvalid: "IdTokenInvalid",
  FiefAccessTokenExpired: "AccessTokenExpired",
  FiefAccessTokenInvalid: "AccessTokenInvalid",
  FiefAccessTokenMissingScope: "AccessTokenMissingScope",
  FiefAccessTokenMissingPermission: "AccessTokenMissingPermission",
  FiefAccessTokenACRTooLow: "AccessTokenAcrTooLow",
  extras_params: "extra",
  authenticated: "Authenticated",
  current_user: "CurrentUser",
  get_unauthorized_response: "on_rejection",
  get_forbidden_response: "on_rejection",
  get_userinfo_cache: "user_cache",
  FiefAuthUnauthorized: "MissingCredentials",
  FiefAuthForbidden: "Forbidden",
  authorize: "login",
  access_token_info: "access_token",
  credentials_path: "with_credentials_path",
  server_address: "redirect_uri",
  FiefAuthError: "FiefAuthError",
  FiefAuthNotAuthenticatedError: "NotAuthenticated",
  FiefAuthAuthorizationCodeMissingError: "AuthorizationCodeMissing",
  FiefAuthRefreshTokenMissingError: "RefreshTokenMissing",
  // fief-js
  getAuthURL: "auth_url",
  getLogoutURL: "logout_url",
  authCallback: "auth_callback",
  authRefreshToken: "auth_refresh_token",
  validateAccessToken: "validate_access_token",
  updateProfile: "update_profile",
  baseURL: "builder",
  encryptionKey: "encryption_key",
  createMiddleware: "layer",
  checkAuth: "require",
  tokenGetter: "access_token_cookie",
  cookieGetter: "access_token_cookie",
  unauthorizedResponse: "on_rejection",
  forbiddenResponse: "on_rejection",
  userInfoCache: "user_cache",
  currentUserPath: "user_route",
  // Newcomers
  cors: ["trusted_origin", "api", "single_page"],
  csrf: ["login", "forms"],
  grpc: ["on_rejection", "api"],
  htmx: ["on_rejection", "htmx"],
  log_out_everywhere: "revoke_user_sessions",
  mcp: ["resource", "api"],
  middleware: "layer",
  nginx: ["login", "proxy"],
  redis: ["session_store", "machines"],
  return_to: "routes",
  sign_up: "routes",
  step_up: "acr",
  websocket: ["ended", "websocket_token_prefix", "htmx"],
};

async function load(doc) {
  const file = (folder, name) => path.join(doc, folder, name);
  const script = (prefix) => {
    const names = fs.readdirSync(path.join(doc, "static.files"));
    return path.resolve(file("static.files", names.find((name) => name.startsWith(prefix))));
  };
  // The index consists of scripts that call functions of the page.
  const run = (name) => (0, eval)(fs.readFileSync(file("search.index", name), "utf8"));
  const { Stringdex, RoaringBitmap } = require(script("stringdex-"));
  return require(script("search-")).initSearch(Stringdex, RoaringBitmap, {
    loadRoot(callbacks) {
      Object.assign(globalThis, callbacks);
      run("root.js");
    },
    loadTreeByHash: (hash) => run(`${hash}.js`),
    loadDataByNameAndHash: (name, hash) => run(path.join(name, `${hash}.js`)),
  });
}

async function main(doc) {
  globalThis.nonnull = (value) => value;
  const { docSearch, DocSearch } = await load(doc);
  let missing = 0;
  for (const [words, items] of Object.entries(FOUND)) {
    const results = await docSearch.execQuery(DocSearch.parseQuery(words), null, "fief_axum");
    const names = [];
    for await (const result of results.others) {
      names.push(result.item?.name ?? result.name);
      if (names.length === 10) break;
    }
    for (const item of [items].flat().filter((item) => !names.includes(item))) {
      missing += 1;
      console.log(`${words}: ${item} is not among ${names.join(", ") || "no results"}`);
    }
  }
  console.log(missing ? `search: ${missing} not found` : "search: everything is found");
  process.exit(missing ? 1 : 0);
}

main(process.argv[2]);
