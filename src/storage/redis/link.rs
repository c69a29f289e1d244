//! The address of one Redis database, and the connection in use.

use std::sync::OnceLock;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{
    Client, ClientTlsConfig, ConnectionInfo, IntoConnectionInfo, RedisError, RedisResult,
    TlsCertificates,
};

use crate::config::{RedisUrl, TlsFiles};
use crate::storage::BadUrl;

/// An address and the connection to it. Both in one, so that no connection outlives a change of its
/// password.
#[derive(Debug)]
pub(super) struct Link {
    info: ConnectionInfo,
    files: TlsFiles,
    manager: OnceLock<ConnectionManager>,
}

impl Link {
    /// Parses `url`; connects nothing.
    pub(super) fn new(variable: &'static str, url: &RedisUrl, number: i64) -> Result<Self, BadUrl> {
        let bad = |error: RedisError| BadUrl {
            variable,
            // The description is a fixed text of the driver; its detail may quote the URL.
            reason: error.category().to_owned(),
        };
        let info = url.as_str().into_connection_info().map_err(bad)?;
        let settings = info.redis_settings().clone().set_db(number);
        // TCP_USER_TIMEOUT: Linux resends to a peer that has vanished for a quarter of an hour.
        let info = info.set_redis_settings(settings).set_tcp_settings(
            TcpSettings::default()
                .set_nodelay(true)
                .set_user_timeout(Duration::from_secs(2)),
        );
        Ok(Self {
            info,
            files: url.tls_files(),
            manager: OnceLock::new(),
        })
    }

    /// The same address, not connected yet.
    pub(super) fn anew(&self) -> Self {
        Self {
            info: self.info.clone(),
            files: self.files.clone(),
            manager: OnceLock::new(),
        }
    }

    pub(super) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    /// Checks for certificates in files, which may be replaced while the process runs.
    pub(super) fn has_files(&self) -> bool {
        self.files != TlsFiles::default()
    }

    /// The connection, which opens at its first call.
    pub(super) fn manager(
        &self,
        config: ConnectionManagerConfig,
    ) -> RedisResult<ConnectionManager> {
        if let Some(manager) = self.manager.get() {
            return Ok(manager.clone());
        }
        let manager = self.client()?.get_connection_manager_lazy(config)?;
        // Of two calls that come here at once, both use the connection of the first.
        Ok(self.manager.get_or_init(|| manager).clone())
    }

    fn client(&self) -> RedisResult<Client> {
        if !self.has_files() {
            return Client::open(self.info.clone());
        }
        let material = self.files.read().map_err(std::io::Error::other)?;
        let client = material
            .client
            .map(|(client_cert, client_key)| ClientTlsConfig {
                client_cert,
                client_key,
            });
        let certificates = TlsCertificates {
            client_tls: client,
            root_cert: material.authority,
        };
        Client::build_with_tls(self.info.clone(), certificates)
    }
}
