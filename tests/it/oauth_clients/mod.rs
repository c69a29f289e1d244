//! Proves that OAuth clients find this server, get tokens and check them by their RFCs: oauth4webapi and
//! Authlib as they are, and the cases that they do not reach.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::support::{Answer, Aura, Client, PASSWORD, Settings, installed};

const METADATA: &str = "/.well-known/oauth-authorization-server";
const ID: &str = "shop one";
/// A secret that is another text when it is form-encoded, and another again when it is decoded once more.
const SECRET: &str = "nB7v+4xZ 1lK8%2BH5gF/dS9:Q6wE3=T0y!";
const NEW_SECRET: &str = "Yp3kR8sVt2xW6zB9cD4fG7hJ1mN5qL0a";

async fn keyed(settings: Settings, algorithm: &str) -> Settings {
    let generate = ["key", "generate", "--algorithm", algorithm];
    let key = settings.done(&generate).await;
    let settings = settings.set("JWT_ALGORITHM", algorithm);
    settings.set("JWT_PRIVATE_KEY", key.trim_end())
}

fn with_client(settings: Settings) -> Settings {
    let settings = settings.set("OAUTH_CLIENT_ID", ID);
    settings.set("OAUTH_CLIENT_SECRET", SECRET)
}

fn issuer(aura: &Aura) -> String {
    format!("http://{}", aura.address())
}

/// Runs a program to its end, which must be a good one.
async fn run(program: &Path, arguments: &[&str], aura: &Aura) {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command
        .env("no_proxy", "*")
        .env("AUTHLIB_INSECURE_TRANSPORT", "1");
    let output = tokio::time::timeout(Duration::from_mins(1), command.kill_on_drop(true).output());
    let output = output.await.expect("it ends").expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", aura.log());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "done\n", "{said}");
}

#[tokio::test]
async fn oauth4webapi_finds_the_server_and_takes_its_tokens() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/target/tools/node/node_modules/oauth4webapi/build"
    );
    let library = installed(&["index.js"], &[PathBuf::from(folder)]);
    let (Some(node), Some(library)) = (installed(&["node"], &[]), library) else {
        return;
    };
    let program = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/oauth_clients/client.mjs"
    );
    for (algorithm, audience) in [
        ("ES256", "shop"),
        ("EdDSA", "shop,wiki"),
        ("RS256", "a,shop"),
    ] {
        let settings = keyed(with_client(Settings::new()), algorithm).await;
        let settings = settings.set("JWT_ISSUER", "{address}");
        let aura = settings.set("JWT_AUDIENCE", audience).start().await;
        let email = aura.client().newcomer().await.email;
        let (library, address) = (library.display().to_string(), issuer(&aura));
        let arguments = [
            program, &library, &address, ID, SECRET, "shop", &email, PASSWORD,
        ];
        run(&node, &arguments, &aura).await;
    }
}

#[tokio::test]
async fn authlib_finds_the_server_and_takes_its_tokens() {
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/bin");
    let python = Path::new(tools).join("python");
    let has_it = std::process::Command::new(&python)
        .args(["-c", "import authlib, requests"])
        .status();
    if !has_it.is_ok_and(|status| status.success()) {
        // The name tells what is missing where it is.
        installed(&["the Python package Authlib"], &[]);
        return;
    }
    let program = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/oauth_clients/client.py"
    );
    for (algorithm, audience) in [("ES256", "shop"), ("RS256", "wiki,shop")] {
        let settings = keyed(with_client(Settings::new()), algorithm).await;
        let settings = settings.set("JWT_ISSUER", "{address}");
        let aura = settings.set("JWT_AUDIENCE", audience).start().await;
        let email = aura.client().newcomer().await.email;
        let arguments = [
            program,
            &issuer(&aura),
            ID,
            SECRET,
            "shop",
            &email,
            PASSWORD,
        ];
        run(&python, &arguments, &aura).await;
    }
}

#[tokio::test]
async fn the_description_names_what_there_is_and_nothing_else() {
    let settings = Settings::new().set("JWT_ISSUER", "https://auth.example.com");
    let aura = settings.clone().start().await;
    let told = aura.client().get(METADATA).await;
    assert_eq!(
        told.is(200).json,
        json!({
            "issuer": "https://auth.example.com",
            "token_endpoint": "https://auth.example.com/auth/token",
            "token_endpoint_auth_methods_supported": ["none"],
            "grant_types_supported": ["password", "refresh_token"],
            "response_types_supported": [],
        })
    );
    assert!(
        told.header("cache-control").contains("max-age="),
        "{told:#?}"
    );
    let settings = keyed(with_client(settings), "ES256").await;
    let aura = settings.start().await;
    let told = aura.client().get(METADATA).await.is(200).json.clone();
    let at = |path: &str| json!(format!("https://auth.example.com{path}"));
    assert_eq!(told["jwks_uri"], at("/.well-known/jwks.json"));
    assert_eq!(told["introspection_endpoint"], at("/auth/introspect"));
    assert_eq!(told["revocation_endpoint"], at("/auth/revoke"));
    let methods = json!(["client_secret_basic", "client_secret_post"]);
    for of in ["introspection", "revocation"] {
        let name = format!("{of}_endpoint_auth_methods_supported");
        assert_eq!(told[name], methods, "{told:#}");
    }
}

#[tokio::test]
async fn an_issuer_that_is_not_the_server_s_address_is_not_described() {
    let issuer = |issuer| Settings::new().set("JWT_ISSUER", issuer);
    let elsewhere = issuer("https://auth.example.com");
    let elsewhere = elsewhere.set("AUTH_PUBLIC_URL", "https://sign-in.example.com");
    for (settings, why) in [
        (Settings::new(), "JWT_ISSUER is \"aura\""),
        (issuer("https://example.com/auth"), "JWT_ISSUER is"),
        (issuer("https://auth.example.com/"), "without a slash"),
        (issuer("ftp://auth.example.com"), "JWT_ISSUER is"),
        (elsewhere, "AUTH_PUBLIC_URL is"),
    ] {
        let aura = settings.start().await;
        let refused = aura.client().get(METADATA).await;
        refused.problem(404, "not_found");
        let detail = refused.json["detail"].as_str().unwrap();
        assert!(detail.contains(why), "{detail}");
    }
}

async fn introspect(
    client: &Client,
    token: &str,
    fields: &[(&str, &str)],
    finish: impl FnOnce(RequestBuilder) -> RequestBuilder,
) -> Answer {
    let fields: Vec<_> = [("token", token)].iter().chain(fields).copied().collect();
    let call = client.call(Method::POST, "/auth/introspect", |request| {
        finish(request.form(&fields))
    });
    call.await
}

#[tokio::test]
async fn two_secrets_hold_while_one_replaces_the_other() {
    let settings = with_client(Settings::new()).set("OAUTH_CLIENT_SECRET", NEW_SECRET);
    let with_both = settings.clone().set("OAUTH_PREVIOUS_CLIENT_SECRET", SECRET);
    for (settings, old) in [(with_both, 200), (settings, 401)] {
        let aura = settings.start().await;
        let client = aura.client();
        let token = client.newcomer().await.access;
        for (secret, status) in [
            (NEW_SECRET, 200),
            (SECRET, old),
            ("neither", 401),
            ("", 401),
        ] {
            let basic = introspect(&client, &token, &[], |it| it.basic_auth(ID, Some(secret)));
            basic.await.is(status);
            let fields = [("client_id", ID), ("client_secret", secret)];
            let post = introspect(&client, &token, &fields, |it| it).await;
            post.is(status);
            if status == 401 {
                post.oauth_error(401, "invalid_client");
                assert!(post.header("www-authenticate").starts_with("Basic"));
            }
        }
    }
}

#[tokio::test]
async fn credentials_in_two_places_are_refused_and_an_id_alone_is_not_a_credential() {
    let aura = with_client(Settings::new()).start().await;
    let client = aura.client();
    let token = client.newcomer().await.access;
    let both = [("client_id", ID), ("client_secret", SECRET)];
    let twice = introspect(&client, &token, &both, |it| it.basic_auth(ID, Some(SECRET)));
    twice.await.oauth_error(400, "invalid_request");
    let id = [("client_id", ID)];
    let basic = introspect(&client, &token, &id, |it| it.basic_auth(ID, Some(SECRET)));
    assert_eq!(basic.await.is(200).json["active"], true);
    for fields in [&id[..], &both[1..], &[]] {
        let refused = introspect(&client, &token, fields, |it| it).await;
        refused.oauth_error(401, "invalid_client");
        let refused = introspect(&client, &token, fields, |it| it.bearer_auth(&token)).await;
        refused.oauth_error(401, "invalid_client");
    }
}

#[tokio::test]
async fn wrong_secrets_in_the_body_use_up_the_tries_of_their_address() {
    let settings = with_client(Settings::new()).set("RATE_LIMIT_ENABLED", true);
    let aura = settings
        .set("RATE_LIMIT_ADDRESS_PER_MINUTE", 5)
        .start()
        .await;
    let client = aura.client();
    let ask = async |secret: &str| {
        let fields = [("client_id", ID), ("client_secret", secret)];
        introspect(&client, "x", &fields, |it| it).await
    };
    for _ in 0..10 {
        ask(SECRET).await.is(200);
    }
    for _ in 0..5 {
        ask("wrong").await.is(401);
    }
    ask("wrong").await.is(429);
    ask(SECRET).await.is(429);
}

#[tokio::test]
async fn several_audiences_stand_in_a_list_and_any_of_them_will_do() {
    let file = crate::support::Sqlite::new();
    let redis = crate::support::Redis::start().await;
    let settings = Settings::new().database(&file.url());
    let settings = match &redis {
        Some(redis) => settings.redis(redis),
        None => return,
    };
    let audiences = |names| settings.clone().set("JWT_AUDIENCE", names);
    let both = audiences("shop, wiki").start().await;
    let (shop, wiki) = (
        audiences("shop").start().await,
        audiences("wiki,forum").start().await,
    );
    let forum = audiences("forum").start().await;
    let session = both.client().newcomer().await;
    assert_eq!(session.claims()["aud"], json!(["shop", "wiki"]));
    for (aura, status) in [(&both, 200), (&shop, 200), (&wiki, 200), (&forum, 401)] {
        aura.client().me(&session.access).await.is(status);
    }
    let one = shop.client().signed_in(&session.email).await;
    assert_eq!(one.claims()["aud"], "shop");
    both.client().me(&one.access).await.is(200);
    wiki.client().me(&one.access).await.is(401);
}
