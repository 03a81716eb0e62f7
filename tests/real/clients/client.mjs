// Drives a server with clients for JavaScript: client.mjs fief|openid
//
// The settings of fief-test-server with its control API are in the environment.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

// The packages are not beside this file.
const require = createRequire(pathToFileURL(path.join(process.env.NODE_PACKAGES, 'client.mjs')));

const url = process.env.FIEF_BASE_URL;
const user = process.env.FIEF_USER_EMAIL;
const callbackUrl = 'http://127.0.0.1:3000/auth-callback';

const parts = { fief, openid };
await parts[process.argv[2]]();
console.log(`${process.argv[2]}: passed`);

// Fief's own client.
async function fief() {
  const { Fief, FiefACR, FiefAccessTokenExpired, FiefAccessTokenMissingPermission } = require('@fief/fief');
  const client = new Fief({
    baseURL: url,
    clientId: process.env.FIEF_CLIENT_ID,
    clientSecret: process.env.FIEF_CLIENT_SECRET,
  });
  const authUrl = await client.getAuthURL({
    redirectURI: callbackUrl,
    state: 'st',
    scope: ['openid', 'offline_access'],
  });
  const callback = await logIn(authUrl);
  assert.equal(callback.searchParams.get('state'), 'st');
  const [tokens, userinfo] = await client.authCallback(callback.searchParams.get('code'), callbackUrl);
  assert.equal(userinfo.email, user);
  const info = await client.validateAccessToken(
    tokens.access_token,
    ['openid'],
    FiefACR.LEVEL_ONE,
    ['castles:create'],
  );
  assert.equal(info.id, userinfo.sub);
  await assert.rejects(
    client.validateAccessToken(tokens.access_token, [], undefined, ['castles:delete']),
    FiefAccessTokenMissingPermission,
  );
  assert.equal((await client.userinfo(tokens.access_token)).email, user);
  const changed = await client.updateProfile(tokens.access_token, { fields: { first_name: 'Anne II' } });
  assert.equal(changed.fields.first_name, 'Anne II');
  await assert.rejects(client.changePassword(tokens.access_token, 'qwertyuiop'));
  await client.emailChange(tokens.access_token, 'anne@example.org');
  const { code } = await control('GET', `/users/${user}/code`);
  assert.equal((await client.emailVerify(tokens.access_token, code)).email, 'anne@example.org');
  assert.match(await client.getLogoutURL({ redirectURI: callbackUrl }), /\/logout\?redirect_uri=/);

  const expired = await control('POST', '/tokens', { expires_in: -120 });
  await assert.rejects(client.validateAccessToken(expired.access_token), FiefAccessTokenExpired);
  await control('PUT', '/faults/userinfo', { kind: 'reset' });
  await assert.rejects(client.userinfo(tokens.access_token));
  await control('DELETE', '/faults');
  const requests = await control('GET', '/requests');
  assert.equal(requests.discovery, 1, 'it is cached');
}

// A certified client of OpenID Connect.
async function openid() {
  const client = await import(pathToFileURL(require.resolve('openid-client')));
  const issuer = process.env.FIEF_ISSUER;
  // Fief's issuer is https also where it listens on http, so the document is fetched by hand.
  const response = await fetch(`${url}/.well-known/openid-configuration`);
  const server = await response.json();
  assert.equal(server.issuer, issuer);
  const config = new client.Configuration(
    server,
    process.env.FIEF_CLIENT_ID,
    undefined,
    client.ClientSecretPost(process.env.FIEF_CLIENT_SECRET),
  );
  client.allowInsecureRequests(config);
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const authUrl = client.buildAuthorizationUrl(config, {
    redirect_uri: callbackUrl,
    scope: 'openid offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  const callback = await logIn(authUrl.href);
  const tokens = await client.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
  });
  const claims = tokens.claims();
  assert.equal(claims.email, user);
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(userinfo.email, user);
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal(refreshed.claims().sub, claims.sub);
  await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), /invalid_grant|error/);

  await control('PATCH', `/users/${user}`, { active: false });
  await assert.rejects(client.fetchUserInfo(config, refreshed.access_token, claims.sub));
}

// Logs in as a browser does. Returns the URL of the callback.
async function logIn(start) {
  const cookies = new Map([['fief_csrftoken', 'x']]);
  const send = async (target, options = {}) => {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(new URL(target, url), {
      redirect: 'manual',
      ...options,
      headers: { cookie, ...options.headers },
    });
    for (const set of response.headers.getSetCookie()) {
      const [name, value] = set.split(';')[0].split('=');
      cookies.set(name, value);
    }
    return response;
  };
  await send(start);
  const form = { email: user, password: process.env.FIEF_USER_PASSWORD, csrf_token: 'x' };
  await send('/login', { method: 'POST', body: new URLSearchParams(form) });
  const response = await send('/consent');
  return new URL(response.headers.get('location'));
}

async function control(method, target, body) {
  const response = await fetch(process.env.FIEF_CONTROL_URL + target, {
    method,
    body: body && JSON.stringify(body),
    headers: body && { 'content-type': 'application/json' },
  });
  assert.ok(response.ok, `${method} ${target}: ${response.status}`);
  return response.status === 204 ? undefined : response.json();
}
