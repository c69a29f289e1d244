// What a service does that checks tokens by oauth4webapi. Arguments: the package, the issuer, the client's
// id and secret, an audience, an e-mail and its password. Prints "done".
import assert from 'node:assert/strict';

const [library, address, id, secret, audience, username, password] = process.argv.slice(2);
const oauth = await import(library);
const options = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(address);

const found = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' });
const as = await oauth.processDiscoveryResponse(issuer, found);
assert.equal(as.issuer, address);

const person = { client_id: 'aura' };
const grant = { username, password };
const signedIn = await oauth.genericTokenEndpointRequest(
  as, person, oauth.None(), 'password', grant, options,
);
const first = await oauth.processGenericTokenEndpointResponse(as, person, signedIn);
const refreshed = await oauth.refreshTokenGrantRequest(
  as, person, oauth.None(), first.refresh_token, options,
);
const pair = await oauth.processRefreshTokenResponse(as, person, refreshed);

const request = () => new Request('https://shop.example.com/cart', {
  headers: { authorization: `Bearer ${pair.access_token}` },
});
const claims = await oauth.validateJwtAccessToken(as, request(), audience, options);
assert.equal(claims.client_id, 'aura');
assert.ok(claims.jti && claims.sub && claims.sid);
await assert.rejects(oauth.validateJwtAccessToken(as, request(), 'another', options));

const client = { client_id: id };
const ask = async (authentication, token) => {
  const answer = await oauth.introspectionRequest(as, client, authentication, token, options);
  return oauth.processIntrospectionResponse(as, client, answer);
};
for (const way of [oauth.ClientSecretBasic, oauth.ClientSecretPost]) {
  const told = await ask(way(secret), pair.access_token);
  assert.equal(told.active, true);
  assert.equal(told.client_id, claims.client_id);
  assert.equal(told.jti, claims.jti);
  assert.deepEqual(told.aud, claims.aud);
  await assert.rejects(ask(way(`${secret}x`), pair.access_token));
}
const post = oauth.ClientSecretPost(secret);
const revoked = await oauth.revocationRequest(as, client, post, pair.refresh_token, options);
await oauth.processRevocationResponse(revoked);
assert.equal((await ask(oauth.ClientSecretBasic(secret), pair.access_token)).active, false);
console.log('done');
