//! Proxies on the way to the upstream: a real tinyproxy, before a server that speaks TLS and one that
//! does not.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use tempfile::TempDir;

use super::{KEY, Upstream, ask, before, chat, question};
use crate::support::{PATIENCE, Port, Process, Settings, eventually, installed};
use crate::tls::Certificates;

const PASSWORD: &str = "canary-w0rd.x";
/// The same as it may stand in a URL.
const ENCODED: &str = "canary%2Dw0rd%2ex";

struct Server {
    port: Port,
    process: Process,
    folder: TempDir,
}

impl Server {
    async fn start(command: &mut Command, port: Port, folder: TempDir) -> Self {
        let log = folder.path().join("output");
        let process = Process::spawn(command, &log);
        let address = port.address();
        eventually(PATIENCE, "a listener", async || {
            tokio::net::TcpStream::connect(address).await.ok()
        })
        .await;
        Self {
            port,
            process,
            folder,
        }
    }

    /// A tinyproxy that ann may use.
    async fn tinyproxy() -> Option<Self> {
        let program = installed(&["tinyproxy"], &["/usr/sbin".into()])?;
        let (port, folder) = (Port::reserve(), TempDir::new().expect("a folder"));
        let settings = format!(
            "Port {}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 60\nLogLevel Info\n\
             BasicAuth ann {PASSWORD}\n",
            port.number()
        );
        let file = folder.path().join("tinyproxy.conf");
        fs::write(&file, settings).expect("a file");
        let mut command = Command::new(program);
        command.arg("-d").arg("-c").arg(&file);
        Some(Self::start(&mut command, port, folder).await)
    }

    /// An nginx that speaks TLS as `localhost` before `upstream`.
    async fn nginx(certificates: &Certificates, upstream: SocketAddr) -> Option<Self> {
        let program = installed(&["nginx"], &["/usr/sbin".into()])?;
        let (port, folder) = (Port::reserve(), TempDir::new().expect("a folder"));
        let at = folder.path().display();
        let settings = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log; events {{}}\n\
             http {{ access_log off; client_body_temp_path {at}/body; proxy_temp_path {at}/proxy;\n\
             fastcgi_temp_path {at}/f; uwsgi_temp_path {at}/u; scgi_temp_path {at}/s;\n\
             server {{ listen 127.0.0.1:{} ssl; ssl_certificate {}; ssl_certificate_key {};\n\
             location / {{ proxy_pass http://{upstream}; }} }} }}\n",
            port.number(),
            certificates.path("cert.pem"),
            certificates.path("key.pem"),
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, settings).expect("a file");
        let mut command = Command::new(program);
        command
            .arg("-c")
            .arg(&file)
            .arg("-e")
            .arg(folder.path().join("error.log"));
        Some(Self::start(&mut command, port, folder).await)
    }

    fn url(&self, login: &str) -> String {
        format!("http://{login}{}", self.port.address())
    }
}

fn address(upstream: &Upstream) -> SocketAddr {
    let url = upstream.url();
    let address = url.trim_start_matches("http://").trim_end_matches("/v1");
    address.parse().expect("an address")
}

#[tokio::test]
async fn a_proxy_with_credentials_leads_to_an_upstream_that_speaks_tls_and_to_one_that_does_not() {
    let upstream = Upstream::start(chat).await;
    let (Some(certificates), Some(proxy)) = (Certificates::make(), Server::tinyproxy().await)
    else {
        return;
    };
    let Some(nginx) = Server::nginx(&certificates, address(&upstream)).await else {
        return;
    };
    let authority = certificates.path("ca.pem");
    let encrypted = format!("https://localhost:{}/v1", nginx.port.number());
    let by = proxy.url(&format!("ann:{ENCODED}@"));
    for (url, told) in [
        (
            encrypted.clone(),
            format!("CONNECT localhost:{}", nginx.port.number()),
        ),
        (
            upstream.url(),
            format!("POST http://{}/v1/chat/completions", address(&upstream)),
        ),
    ] {
        let aura = before(&upstream)
            .set("LLM_UPSTREAM_URL", url.as_str())
            .set("LLM_UPSTREAM_PROXY", by.as_str())
            .set("SSL_CERT_FILE", authority.as_str())
            .start()
            .await;
        let access = aura.client().newcomer().await.access;
        ask(&aura.client(), &access, &question("?")).await.is(200);
        let seen = upstream.seen();
        let seen = seen.last().expect("a request");
        assert_eq!(seen.header("authorization"), format!("Bearer {KEY}"));
        assert_eq!(seen.header("proxy-authorization"), "");
        let passed = proxy.process.output();
        assert!(passed.contains(&told), "{told} in {passed}");
        assert!(!aura.log().contains("canary"), "{}", aura.log());
    }
    // A request that is to be forwarded is answered with 401 for a wrong password, as by an upstream.
    for (login, url) in [
        ("ann:canary-wrong@", &encrypted),
        ("", &encrypted),
        ("", &upstream.url()),
    ] {
        let by = proxy.url(login);
        let aura = before(&upstream)
            .set("LLM_UPSTREAM_URL", url.as_str())
            .set("LLM_UPSTREAM_PROXY", by.as_str())
            .set("SSL_CERT_FILE", authority.as_str())
            .start()
            .await;
        let access = aura.client().newcomer().await.access;
        let calls = upstream.calls();
        let answer = ask(&aura.client(), &access, &question("?")).await;
        answer.problem(502, "upstream_unavailable");
        assert_eq!(upstream.calls(), calls);
        let (log, at) = (aura.log(), proxy.port.address());
        assert!(log.contains(&format!("by the proxy http://{at}")), "{log}");
        assert!(log.contains("credentials"), "{log}");
        assert!(!log.contains("canary"), "{log}");
    }
    drop((nginx.folder, proxy.folder));
}

#[tokio::test]
async fn proxies_of_the_environment_are_not_used() {
    let upstream = Upstream::start(chat).await;
    let mut settings = before(&upstream);
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "all_proxy",
    ] {
        settings = settings.set(name, "http://127.0.0.1:9");
    }
    let aura = settings.start().await;
    let access = aura.client().newcomer().await.access;
    ask(&aura.client(), &access, &question("?")).await.is(200);
}

#[tokio::test]
async fn an_invalid_proxy_url_is_refused_without_being_quoted() {
    let refused = async |url: &str| {
        let settings = Settings::new().set("LLM_UPSTREAM_URL", "https://llm.example.com/v1");
        let output = settings
            .set("LLM_UPSTREAM_PROXY", url)
            .run(&["config", "check"])
            .await;
        let said = crate::support::said(&output);
        assert_eq!(output.status.code(), Some(78), "{said}");
        assert!(
            said.contains("LLM_UPSTREAM_PROXY: ") && !said.contains("canary"),
            "{said}"
        );
        said
    };
    assert!(refused("socks5://canary:1080").await.contains("SOCKS"));
    assert!(
        refused("http://u:canary#1@proxy:3128")
            .await
            .contains("percent-encode")
    );
    assert!(
        refused("http://u:canary@x@proxy:3128")
            .await
            .contains("%40")
    );
}
