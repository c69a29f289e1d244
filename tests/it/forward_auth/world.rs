//! Aura with the settings of the page, a gateway with its configuration, and two accounts.

use std::net::SocketAddr;

use super::direct::create;
use super::gateway::{Gateway, Kind, block};
use crate::support::{Aura, Client, Settings, Sqlite};

/// Aura and an application behind a gateway. `ann@example.com` has no role, `bob@example.com` the
/// role `staff`.
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) aura: Aura,
    pub(crate) gateway: Gateway,
    /// A client of the application, through the gateway.
    pub(crate) app: Client,
    _file: Sqlite,
}

impl World {
    /// Starts all but the application, which is at `app`; `None`, said aloud, where the gateway is
    /// not installed.
    pub(crate) async fn start(kind: Kind, app: SocketAddr) -> Option<Self> {
        Self::edited(kind, app, str::to_owned).await
    }

    /// The same with a configuration of the gateway that `edit` has changed.
    pub(super) async fn edited(
        kind: Kind,
        app: SocketAddr,
        edit: fn(&str) -> String,
    ) -> Option<Self> {
        let file = Sqlite::new();
        let mut settings = Settings::new().database(&file.url());
        for line in block("sh").lines() {
            let (name, value) = line.split_once('=').expect("NAME=value");
            settings = settings.set(name, value);
        }
        settings.done(&["migrate"]).await;
        create(&settings, "ann@example.com", &[]).await;
        create(&settings, "bob@example.com", &["staff"]).await;
        let aura = settings.start().await;
        let gateway = Gateway::edited(kind, aura.address(), app, edit).await?;
        Some(Self {
            app: Client::of_host("app.example.com", gateway.address()),
            settings,
            aura,
            gateway,
            _file: file,
        })
    }

    /// The header of an account's token.
    pub(crate) async fn bearer(&self, email: &str) -> String {
        let session = self.aura.client().signed_in(email).await;
        format!("Bearer {}", session.access)
    }
}
