//! Tokens: nothing but what the server made is taken for one of its own.

use std::collections::BTreeSet;

use aura::auth::{RefreshKey, RefreshToken};
use aura::clock::Clock;
use aura::config::Config;
use aura::identity::SessionId;
use aura::schema::Environment;
use aura::server::App;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{Subject, Target};
use crate::support::{Settings, part};

const KEY: &str = "Wq8zT4nKs0LxYb7RfJ2vGm5HdC9pAeU3iOt6XkQ1";

/// The longest lifetime that `JWT_ACCESS_TOKEN_EXPIRE_MINUTES` takes, in seconds.
const LONGEST: i64 = 1440 * 60;

/// How far the clock of one machine may be out before the session's store is asked for the time.
const SKEW: i64 = 3600;

/// An access token as it is sent: only those that were issued pass.
pub(super) const ACCESS: Target = Target {
    name: "access_tokens",
    most_bytes: 64 * 1024,
    millis: 200,
    millis_per_mib: 500,
    words: &[
        ".",
        "..",
        "=",
        "eyJhbGciOiJub25lIn0",
        "eyJ0eXAiOiJhdCtqd3QifQ",
        "bnVsbA",
        "e30",
    ],
    start: || Box::new(Access(Verifier::start())),
};

/// Header and claims, a line each, that are signed by the right key: only what the server could have
/// issued passes.
pub(super) const CLAIMS: Target = Target {
    name: "signed_claims",
    most_bytes: 16 * 1024,
    millis: 200,
    millis_per_mib: 500,
    words: &[
        r#""crit":null,"#,
        r#""crit":["exp"],"#,
        r#""alg":"none","#,
        r#""alg":"RS256","#,
        r#""typ":"JWT","#,
        r#""typ":"application/at+jwt","#,
        r#""b64":false,"#,
        r#""exp":9e99,"#,
        r#""exp":-1,"#,
        r#""aud":["aura"],"#,
        r#""iss":null,"#,
        r#""sub":"","#,
        r#""roles":"admin","#,
        "null",
        "{}",
    ],
    start: || Box::new(Claims(Verifier::start())),
};

/// A refresh token: only those that the key made pass, and each is its own text.
pub(super) const REFRESH: Target = Target {
    name: "refresh_tokens",
    most_bytes: 16 * 1024,
    millis: 100,
    millis_per_mib: 500,
    words: &[
        ".",
        "-",
        "=",
        "AAAA",
        "00000000-0000-4000-8000-000000000000",
        "{",
        "urn:uuid:",
    ],
    start: || Box::new(Refresh::start()),
};

/// The part of a server that verifies access tokens, and one that another process issued.
struct Verifier {
    runtime: Runtime,
    app: App,
    issued: String,
}

impl Verifier {
    fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let issued = runtime.block_on(async {
            let aura = Settings::new().set("JWT_SECRET_KEY", KEY).start().await;
            aura.client().newcomer().await.access
        });
        let variables = [("JWT_SECRET_KEY", KEY), ("REDIS_ENABLED", "false")];
        let loader = Config::loader(Environment::from_iter(variables)).expect("settings");
        let config = Config::load(&loader).expect("a configuration");
        let app = runtime.block_on(async { App::new(config, Clock::system()) });
        Self {
            app: app.expect("a server"),
            runtime,
            issued,
        }
    }

    fn verify(&self, token: &str) -> Option<aura::auth::Claims> {
        let _inside = self.runtime.enter();
        self.app.auth().keyring.verify(token).ok()
    }
}

struct Access(Verifier);

impl Subject for Access {
    fn seeds(&mut self) -> Vec<Vec<u8>> {
        assert!(
            self.0.verify(&self.0.issued).is_some(),
            "the issued token passes"
        );
        vec![self.0.issued.clone().into_bytes()]
    }

    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let token = String::from_utf8_lossy(input);
        match self.0.verify(&token) {
            Some(_) if token == self.0.issued => Ok("issued".to_owned()),
            Some(claims) => Err(format!("a token that nobody issued passes: {claims:?}")),
            None => Ok(format!(
                "refused, {} dots",
                token.matches('.').count().min(3)
            )),
        }
    }
}

struct Claims(Verifier);

impl Subject for Claims {
    fn seeds(&mut self) -> Vec<Vec<u8>> {
        let [header, claims] = [0, 1].map(|index| part(&self.0.issued, index));
        let seed = format!("{header}\n{claims}");
        assert_eq!(self.feed(seed.as_bytes()), Ok("taken".to_owned()));
        vec![seed.into_bytes()]
    }

    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let line = input.iter().position(|byte| *byte == b'\n');
        let (header, claims) = input.split_at(line.unwrap_or(input.len()));
        let claims = claims.strip_prefix(b"\n").unwrap_or(claims);
        let [one, two] = [header, claims].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        let message = format!("{one}.{two}");
        let key = EncodingKey::from_secret(KEY.as_bytes());
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
        let token = format!("{message}.{}", signature.expect("a signature"));
        if self.0.verify(&token).is_none() {
            return Ok("refused".to_owned());
        }
        let [header, claims] = [header, claims].map(serde_json::from_slice::<Value>);
        let (Ok(header), Ok(claims)) = (header, claims) else {
            return Err("what is not JSON was taken".to_owned());
        };
        could_be_issued(&header, &claims).map(|()| "taken".to_owned())
    }
}

/// Checks that the server could have said this of itself.
fn could_be_issued(header: &Value, claims: &Value) -> Result<(), String> {
    let typ = header["typ"].as_str().unwrap_or_default().to_lowercase();
    let now = Clock::system().now().seconds();
    let exp = claims["exp"].as_i64().unwrap_or(i64::MAX);
    let listed = claims["aud"].as_array();
    let listed = listed.is_some_and(|names| names.contains(&Value::from("aura")));
    let promises = [
        ("alg", header["alg"] == "HS256"),
        ("typ", typ == "at+jwt" || typ == "application/at+jwt"),
        ("crit", header.get("crit").is_none()),
        ("iss", claims["iss"] == "aura"),
        ("aud", claims["aud"] == "aura" || listed),
        ("exp", exp > now - SKEW && exp < now + LONGEST + SKEW),
        ("roles", claims.get("roles").is_none_or(Value::is_array)),
    ];
    match promises.iter().find(|(_, kept)| !kept) {
        Some((name, _)) => Err(format!("{name} is not ours: {header} {claims}")),
        None => Ok(()),
    }
}

struct Refresh {
    keys: Vec<RefreshKey>,
    made: BTreeSet<String>,
}

impl Refresh {
    fn start() -> Self {
        let keys = vec![RefreshKey::new([7; 32]), RefreshKey::new([8; 32])];
        let first = RefreshToken::first(SessionId::random(), &keys[0]);
        let child = first.child(3, &keys[1]);
        let made = [first, child].map(|token| token.expose());
        Self {
            keys,
            made: made.into(),
        }
    }
}

impl Subject for Refresh {
    fn seeds(&mut self) -> Vec<Vec<u8>> {
        self.made
            .iter()
            .map(|text| text.clone().into_bytes())
            .collect()
    }

    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let text = String::from_utf8_lossy(input);
        match RefreshToken::parse(&text, &self.keys) {
            Some(token) if token.expose() != text => Err("two texts are one token".to_owned()),
            Some(_) if !self.made.contains(&*text) => Err("a made-up token passes".to_owned()),
            Some(_) => Ok("made here".to_owned()),
            None => Ok(format!(
                "refused, {} dots",
                text.matches('.').count().min(3)
            )),
        }
    }
}
