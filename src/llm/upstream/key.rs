//! [`UpstreamKey`]: what the upstream, and the proxy before it, know aura by.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use poem::http::HeaderValue;
use reqwest::{Client, Proxy};

use crate::config::{Llm as Config, ProxyUrl};
use crate::llm::error::UpstreamError;
use crate::llm::redact::Secrets;
use crate::schema::Secret;
use crate::storage::BadUrl;

/// Longest time until a connection is made.
const CONNECT: Duration = Duration::from_secs(5);

/// Time for which a connection is kept for the next request: shorter than servers keep theirs (uvicorn,
/// Node and Apache 5 s), with a margin for the way, so that none is used that the other side has just
/// closed. A question is not asked twice: it may have been understood, and costs money.
const IDLE: Duration = Duration::from_secs(3);

/// The key of the configuration and the proxy with its login: as they are sent, and as they are found
/// in what comes back.
#[derive(Debug)]
pub struct UpstreamKey {
    pub(super) authorization: Option<HeaderValue>,
    pub(super) secrets: Secrets,
    pub(super) proxy: Option<Proxy>,
    /// The URL of the proxy.
    through: Option<Secret<ProxyUrl>>,
    client: OnceLock<Client>,
}

impl UpstreamKey {
    /// The key and the proxy that `config` names, if it names any.
    ///
    /// # Errors
    /// [`BadUrl`] for a key or a login that cannot be sent.
    pub(in crate::llm) fn new(config: &Config) -> Result<Self, BadUrl> {
        let key = config.upstream_api_key.as_ref();
        let authorization = key.map(|key| {
            let value = format!("Bearer {}", key.expose());
            let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| BadUrl {
                variable: "LLM_UPSTREAM_API_KEY",
                reason: "it holds a character that no header may hold".to_owned(),
            })?;
            value.set_sensitive(true);
            Ok(value)
        });
        let mut secrets = key.map_or_else(Secrets::default, |key| Secrets::of(key.expose()));
        // A proxy on the way may repeat its own, too.
        let through = config.upstream_proxy.as_ref().map(Secret::expose);
        if let Some((_, password)) = through.and_then(ProxyUrl::login) {
            secrets = secrets.and(&String::from_utf8_lossy(&password));
        }
        Ok(Self {
            authorization: authorization.transpose()?,
            secrets,
            proxy: through.map(proxy).transpose()?,
            through: config.upstream_proxy.clone(),
            client: OnceLock::new(),
        })
    }

    /// Takes over the connections of `old`, where both lead through the same proxy.
    pub(super) fn keep_client(&self, old: &Self) {
        let url = |key: &Self| key.through.as_ref().map(|url| url.expose().clone());
        if let Some(client) = old.client.get().filter(|_| url(self) == url(old)) {
            self.client.get_or_init(|| client.clone());
        }
    }

    /// Made at the first call: it reads the system's certificates.
    pub(super) fn client(&self) -> Result<&Client, UpstreamError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut client = Client::builder()
            // reqwest drops `Authorization` on a redirect to another host, but a 307 or 308 that is
            // followed would send the body of the question there.
            .redirect(reqwest::redirect::Policy::none())
            // A proxy named in the environment would route the key and the question through a host that
            // the settings do not name.
            .no_proxy()
            // Decoded here, a body would have no length, and could grow beyond all bounds.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .referer(false)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .user_agent(concat!("aura/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = &self.proxy {
            client = client.proxy(proxy.clone());
        }
        let client = client.build().map_err(|error| {
            tracing::error!(%error, "no client for the upstream");
            UpstreamError::Unavailable
        })?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// The proxy at `url`: asked to connect (RFC 9110 section 9.3.6) where the upstream speaks TLS, and to
/// forward where it does not.
fn proxy(url: &ProxyUrl) -> Result<Proxy, BadUrl> {
    let bad = |reason: &str| BadUrl {
        variable: "LLM_UPSTREAM_PROXY",
        reason: reason.to_owned(),
    };
    let proxy = Proxy::all(url.address()).map_err(|_| bad("not a URL of a proxy"))?;
    let Some((user, password)) = url.login() else {
        return Ok(proxy);
    };
    let login = STANDARD.encode([user.as_slice(), b":", password.as_slice()].concat());
    let login = HeaderValue::from_str(&format!("Basic {login}"));
    let mut login = login.map_err(|_| bad("its credentials cannot be sent"))?;
    login.set_sensitive(true);
    Ok(proxy.custom_http_auth(login))
}
