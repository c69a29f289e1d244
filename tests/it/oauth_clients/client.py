"""What a service does that checks tokens by Authlib. Arguments: the issuer, the client's id and secret, an
audience, an e-mail and its password. Prints "done"."""

import sys

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6750 import InvalidTokenError
from authlib.oauth2.rfc8414 import get_well_known_url
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator

issuer, client_id, secret, audience, username, password = sys.argv[1:]
server = requests.get(get_well_known_url(issuer, external=True), timeout=10).json()
assert server["issuer"] == issuer, server

person = OAuth2Session("aura", token_endpoint_auth_method="none")
token_endpoint = server["token_endpoint"]
person.fetch_token(token_endpoint, grant_type="password", username=username, password=password)
person.refresh_token(token_endpoint)
pair = person.token


class Validator(JWTBearerTokenValidator):
    def get_jwks(self):
        return requests.get(server["jwks_uri"], timeout=10).json()


validator = Validator(issuer, audience)
token = validator.authenticate_token(pair["access_token"])
validator.validate_token(token, None, None)
assert token["client_id"] == "aura" and token["jti"], token
for iss, aud in [("https://other.example.com", audience), (issuer, "another")]:
    other = Validator(iss, aud)
    try:
        other.validate_token(other.authenticate_token(pair["access_token"]), None, None)
    except InvalidTokenError:
        continue
    raise AssertionError(f"a token for others passed: {iss} {aud}")

introspection, revocation = server["introspection_endpoint"], server["revocation_endpoint"]
for method in server["introspection_endpoint_auth_methods_supported"]:
    service = OAuth2Session(client_id, secret, token_endpoint_auth_method=method)
    told = service.introspect_token(introspection, token=pair["access_token"]).json()
    assert told["active"] and told["client_id"] == "aura", told
    wrong = OAuth2Session(client_id, secret + "x", token_endpoint_auth_method=method)
    refused = wrong.introspect_token(introspection, token=pair["access_token"])
    assert refused.status_code == 401 and refused.json()["error"] == "invalid_client", refused.text

revoked = service.revoke_token(revocation, token=pair["refresh_token"])
assert revoked.status_code == 200, revoked.text
assert not service.introspect_token(introspection, token=pair["access_token"]).json()["active"]
print("done")
