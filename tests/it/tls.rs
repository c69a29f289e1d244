//! Redis and Postgres over TLS, with an authority and client certificates of their own.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::support::{Port, Postgres, Redis, Settings, said, skipped};

/// Certificates in PEM: `ca.pem` is the authority, `cert.pem` with `key.pem` its certificate for
/// `localhost`, `client.pem` with `client.key` its certificate for the client `guarded`. `other.pem`
/// with `other.key` is a client of the same name, and of an authority that nobody knows.
#[derive(Debug)]
pub(crate) struct Certificates(TempDir);

impl Certificates {
    /// Makes them; `None`, said aloud, without openssl.
    pub(crate) fn make() -> Option<Self> {
        let script = "
            new() { openssl req -newkey rsa:2048 -nodes \"$@\"; }
            sign() { openssl x509 -req -CA \"$1.pem\" -CAkey \"$1.key\" -CAcreateserial -days 2 \
                -extfile names -in \"$2\" -out \"$3\"; }
            printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > names
            new -x509 -keyout ca.key -out ca.pem -days 2 -subj /CN=test
            new -x509 -keyout other-ca.key -out other-ca.pem -days 2 -subj /CN=test
            new -keyout key.pem -out cert.csr -subj /CN=localhost
            sign ca cert.csr cert.pem
            new -keyout client.key -out client.csr -subj /CN=guarded
            sign ca client.csr client.pem
            new -keyout other.key -out other.csr -subj /CN=guarded
            sign other-ca other.csr other.pem";
        let folder = TempDir::new().unwrap();
        let made = Command::new("sh")
            .args(["-ec", script])
            .current_dir(folder.path())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        if !made.success() {
            skipped("openssl is not installed (scripts/test installs it)");
            return None;
        }
        Some(Self(folder))
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Where the file `name` is.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder().join(name).display().to_string()
    }

    /// The parameters of a URL that name the authority and the client `name`.
    fn parameters(&self, name: &str) -> String {
        let files = [
            ("sslrootcert", "ca.pem".to_owned()),
            ("sslcert", format!("{name}.pem")),
            ("sslkey", format!("{name}.key")),
        ];
        let mut parameters = String::new();
        for (parameter, file) in files {
            write!(parameters, "&{parameter}={}", self.path(&file)).unwrap();
        }
        parameters
    }

    /// A Redis that speaks TLS on the port, and asks for client certificates or not.
    async fn redis(&self, port: &Port, clients: &str) -> Option<Redis> {
        let number = port.number().to_string();
        let (cert, key, authority) = (
            self.path("cert.pem"),
            self.path("key.pem"),
            self.path("ca.pem"),
        );
        Redis::start_with(&[
            "--tls-port",
            &number,
            "--tls-cert-file",
            &cert,
            "--tls-key-file",
            &key,
            "--tls-ca-cert-file",
            &authority,
            "--tls-auth-clients",
            clients,
        ])
        .await
    }
}

#[tokio::test]
async fn redis_is_spoken_to_over_tls_and_only_with_a_known_authority() {
    let Some(certificates) = Certificates::make() else {
        return;
    };
    let port = Port::reserve();
    let Some(_redis) = certificates.redis(&port, "no").await else {
        return;
    };
    let url = format!("rediss://localhost:{}/0", port.number());
    let authority = certificates.path("ca.pem");

    let trusting = Settings::new()
        .redis_url(&url)
        .set("SSL_CERT_FILE", authority.as_str());
    let pinning = Settings::new().redis_url(&format!("{url}?sslrootcert={authority}"));
    for settings in [trusting, pinning] {
        let aura = settings.start().await;
        aura.client().get("/health/redis").await.is(200);
        aura.client().newcomer().await;
    }

    let aura = Settings::new().redis_url(&url).start_alive().await;
    aura.client().get("/health/redis").await.is(503);
    let log = aura.log();
    assert!(!log.contains("panicked"), "{log}");
    assert!(log.contains("unknown authority"), "{log}");
    assert!(
        log.contains(&format!("localhost:{}", port.number())),
        "{log}"
    );
    aura.client().get("/health/ready").await.is(503);
}

#[tokio::test]
async fn redis_that_asks_for_a_client_certificate_gets_it_and_the_one_that_replaces_it() {
    let Some(certificates) = Certificates::make() else {
        return;
    };
    let port = Port::reserve();
    let Some(_redis) = certificates.redis(&port, "yes").await else {
        return;
    };
    let base = format!("rediss://localhost:{}?protocol=2", port.number());
    let known = format!("{base}{}", certificates.parameters("client"));
    let aura = Settings::new().redis_url(&known).start().await;
    aura.client().get("/health/redis").await.is(200);
    aura.client().newcomer().await;

    let nameless = format!("{base}&sslrootcert={}", certificates.path("ca.pem"));
    let aura = Settings::new().redis_url(&nameless).start_alive().await;
    aura.client().get("/health/redis").await.is(503);

    // A certificate is renewed under the same name: no restart.
    let renewed = format!("{base}{}", certificates.parameters("other"));
    let mut aura = Settings::new().redis_url(&renewed).start_alive().await;
    aura.client().get("/health/redis").await.is(503);
    for (from, to) in [("client.key", "other.key"), ("client.pem", "other.pem")] {
        std::fs::copy(certificates.path(from), certificates.path(to)).unwrap();
    }
    aura.becomes("/health/redis", 200, Duration::from_secs(5))
        .await;
    aura.client().newcomer().await;
}

#[tokio::test]
async fn postgres_is_spoken_to_over_tls_and_only_with_a_known_authority() {
    let Some(certificates) = Certificates::make() else {
        return;
    };
    let Some(postgres) = Postgres::over_tls(certificates.folder()).await else {
        return;
    };
    let url = postgres.database().await.replace("127.0.0.1", "localhost");
    let checked = format!("{url}?sslmode=verify-full");
    let authority = certificates.path("ca.pem");
    let trusting = Settings::new()
        .database(&checked)
        .set("SSL_CERT_FILE", authority.as_str());
    let pinning = Settings::new().database(&format!("{checked}&sslrootcert={authority}"));
    for settings in [trusting, pinning] {
        settings.start().await.client().newcomer().await;
    }
    let stranger = Settings::new().database(&checked).run(&["migrate"]).await;
    assert_eq!(stranger.status.code(), Some(1), "{stranger:?}");
    let said = said(&stranger);
    let address = format!("localhost:{}: ", postgres.address().port());
    assert!(said.contains(&address), "{said}");
    assert!(said.contains("unknown authority; name it by"), "{said}");
}

#[tokio::test]
async fn postgres_that_asks_for_a_client_certificate_gets_it() {
    let Some(certificates) = Certificates::make() else {
        return;
    };
    let Some(postgres) = Postgres::over_tls(certificates.folder()).await else {
        return;
    };
    let url = postgres.database().await.replace("127.0.0.1", "localhost");
    let url = url.replace("postgres@", "guarded@");
    let url = format!("{url}?sslmode=verify-full");
    let known = format!("{url}{}", certificates.parameters("client"));
    let aura = Settings::new().database(&known).start().await;
    aura.client().newcomer().await;

    let other = format!("{url}{}", certificates.parameters("other"));
    let nameless = format!("{url}&sslrootcert={}", certificates.path("ca.pem"));
    for url in [other, nameless] {
        let refused = Settings::new().database(&url).run(&["migrate"]).await;
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    }
}

#[tokio::test]
async fn files_that_cannot_be_used_are_faults_of_the_settings_for_check_and_server_alike() {
    let Some(certificates) = Certificates::make() else {
        return;
    };
    let large = certificates.folder().join("large.pem");
    std::fs::write(&large, vec![b' '; 2 << 20]).unwrap();
    let parameters = |authority: &str, key: &str| {
        let cert = certificates.path("client.pem");
        let (authority, key) = (certificates.path(authority), certificates.path(key));
        format!("sslmode=verify-full&sslrootcert={authority}&sslcert={cert}&sslkey={key}")
    };
    for (authority, key, words) in [
        ("nowhere.pem", "client.key", "cannot be read"),
        ("large.pem", "client.key", "1 MiB"),
        ("client.key", "client.key", "holds no certificate"),
        ("ca.pem", "client.pem", "holds no private key"),
        ("", "client.key", "cannot be read"),
    ] {
        let parameters = parameters(authority, key);
        let postgres = format!("postgres://u:canary@localhost/d?{parameters}");
        let redis = format!("rediss://:canary@localhost?{}", &parameters[20..]);
        for (name, settings) in [
            ("DATABASE_URL", Settings::new().database(&postgres)),
            ("REDIS_URL", Settings::new().redis_url(&redis)),
        ] {
            for command in [&["config", "check"][..], &["serve"][..]] {
                let output = settings.run(command).await;
                assert_eq!(output.status.code(), Some(78), "{output:?}");
                let said = said(&output);
                assert!(said.contains(name) && said.contains(words), "{said}");
                assert!(!said.contains("canary"), "{said}");
            }
        }
    }
}
