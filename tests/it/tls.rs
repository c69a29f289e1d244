//! `rediss://`: Redis over TLS, with an authority of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::{Port, Redis, Settings};

/// An authority and a certificate of it for `localhost`; `None`, said aloud, without openssl.
fn certificates(folder: &Path) -> Option<()> {
    let script = "
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test
        openssl req -newkey rsa:2048 -nodes -keyout key.pem -out cert.csr -subj /CN=localhost
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > names
        openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem \
            -days 2 -extfile names";
    let made = Command::new("sh")
        .args(["-ec", script])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success();
    assert!(
        made || std::env::var_os("AURA_TESTS_REQUIRE").is_none(),
        "openssl is needed"
    );
    if !made {
        eprintln!("SKIPPED: openssl is not installed");
    }
    made.then_some(())
}

#[tokio::test]
async fn redis_is_spoken_to_over_tls_and_only_with_a_known_authority() {
    let folder = TempDir::new().unwrap();
    let Some(()) = certificates(folder.path()) else {
        return;
    };
    let path = |name: &str| folder.path().join(name).display().to_string();
    let port = Port::reserve();
    let number = port.number().to_string();
    let (cert, key, authority) = (path("cert.pem"), path("key.pem"), path("ca.pem"));
    let Some(_redis) = Redis::start_with(&[
        "--tls-port",
        &number,
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &authority,
        "--tls-auth-clients",
        "no",
    ])
    .await
    else {
        return;
    };
    let url = format!("rediss://localhost:{number}/0");

    let trusting = Settings::new()
        .redis_url(&url)
        .set("SSL_CERT_FILE", authority.as_str());
    let aura = trusting.start().await;
    aura.client().get("/health/redis").await.is(200);
    aura.client().newcomer().await;

    let aura = Settings::new().redis_url(&url).start().await;
    aura.client().get("/health/redis").await.is(503);
    assert!(!aura.log().contains("panicked"));
}
