//! [`UpstreamKey`]: the key of the configuration, as it is sent and as it is recognised.

use poem::http::HeaderValue;

use crate::config::Llm as Config;
use crate::llm::redact::Secrets;
use crate::storage::BadUrl;

/// The key of the configuration: as it is sent, and as it is found in what comes back.
#[derive(Debug)]
pub struct UpstreamKey {
    pub(super) authorization: Option<HeaderValue>,
    pub(super) secrets: Secrets,
}

impl UpstreamKey {
    /// The key that `config` names, if it names one.
    ///
    /// # Errors
    /// [`BadUrl`] for a key that cannot be sent.
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
        let login = config.upstream_proxy.as_ref();
        if let Some((_, password)) = login.and_then(|proxy| proxy.expose().login()) {
            secrets = secrets.and(&String::from_utf8_lossy(&password));
        }
        Ok(Self {
            authorization: authorization.transpose()?,
            secrets,
        })
    }
}
