//! The servers that the service stands on, as official images.

use std::collections::BTreeMap;

use super::model::{BACKENDS, Build, escaped, health};
use crate::deploy::emit::RenderError;
use crate::deploy::plan::{Backend, Endpoint, Environment, default_endpoint};
use crate::deploy::service::{BackendKind, Service};

/// A server that has an official image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgres,
    Redis,
}

impl Engine {
    const ALL: [Self; 2] = [Self::Postgres, Self::Redis];

    /// The engine that a URL of `scheme` leads to; none for those over TLS, for the images have
    /// no certificate.
    fn of(scheme: &str) -> Option<Self> {
        match scheme {
            "postgres" | "postgresql" => Some(Self::Postgres),
            "redis" | "valkey" => Some(Self::Redis),
            _ => None,
        }
    }

    /// The variable that holds its password.
    pub(crate) const fn password_variable(self) -> &'static str {
        match self {
            Self::Postgres => "POSTGRES_PASSWORD",
            Self::Redis => "REDIS_PASSWORD",
        }
    }
}

/// A server to run.
pub(super) struct Server {
    /// Its host name inside the network.
    pub(super) name: String,
    engine: Engine,
    port: u16,
    user: String,
    database: String,
}

impl Server {
    pub(super) fn volume(&self) -> String {
        format!("{}-data", self.name)
    }
}

/// Endpoint of a backend of `kind` in compose: where `environment` puts it, or, where that is inside
/// the process, at the kind's default.
///
/// # Errors
/// [`RenderError::Facts`] for a default that is not an address.
pub(crate) fn endpoint(
    kind: &BackendKind,
    environment: &Environment,
) -> Result<Option<Endpoint>, RenderError> {
    if let Some(Backend::Remote(endpoint)) = environment.backends.get(&kind.name) {
        return Ok(Some(endpoint.clone()));
    }
    let default = default_endpoint(kind).filter(|_| kind.url.is_some());
    let endpoint = default
        .transpose()
        .map_err(|problem| RenderError::Facts(format!("the default of {} {problem}", kind.name)))?;
    Ok(endpoint.filter(|endpoint| engine(endpoint).is_some()))
}

/// The engine of the server that compose runs at `endpoint`; none where it is not its own: a
/// host with a dot, or a scheme without an official image.
pub(crate) fn engine(endpoint: &Endpoint) -> Option<Engine> {
    let label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let here = !endpoint.host.is_empty() && endpoint.host.bytes().all(label);
    Engine::of(&endpoint.scheme).filter(|_| here && endpoint.host != "localhost")
}

/// The servers of `service`, each once, by name.
pub(super) fn servers(
    service: &Service,
    environment: &Environment,
) -> Result<Vec<Server>, RenderError> {
    let mut servers: BTreeMap<String, Server> = BTreeMap::new();
    for kind in service.backends.iter().filter(|kind| kind.url.is_some()) {
        let Some(endpoint) = endpoint(kind, environment)? else {
            continue;
        };
        let Some(engine) = engine(&endpoint) else {
            continue;
        };
        let (user, database) = account(kind.url.as_deref().unwrap_or_default());
        let server = Server {
            name: endpoint.host.clone(),
            engine,
            port: endpoint.port,
            user: user.unwrap_or_else(|| service.name.clone()),
            database: database.unwrap_or_else(|| service.name.clone()),
        };
        servers.entry(endpoint.host).or_insert(server);
    }
    Ok(servers.into_values().collect())
}

/// User and database of the URL that `secrets/` fills in.
fn account(template: &str) -> (Option<String>, Option<String>) {
    let rest = template.split_once("://").map_or("", |(_, rest)| rest);
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let user = authority.split([':', '@']).next().unwrap_or_default();
    let named = |text: &str| (!text.is_empty() && !text.contains('{')).then(|| text.to_owned());
    (named(user), named(database))
}

/// The container of `server`.
pub(super) fn service(server: &Server, service: &Service) -> Build {
    let mut build = match server.engine {
        Engine::Postgres => postgres(server),
        Engine::Redis => redis(server),
    };
    // The file of secrets is read whole: what is not this server's is taken away again.
    let others = Engine::ALL
        .into_iter()
        .filter(|engine| *engine != server.engine);
    let others = others.map(|engine| engine.password_variable().to_owned());
    let secrets = service
        .secret_settings()
        .map(|setting| setting.name.clone());
    for name in secrets.chain(others) {
        build.environment.insert(name, String::new());
    }
    build.networks = vec![BACKENDS.to_owned()];
    build
}

fn postgres(server: &Server) -> Build {
    let mut build = Build::hardened("docker.io/library/postgres:17-alpine".to_owned());
    build.user = Some("70:70".to_owned());
    build.environment = [
        ("PGDATA", "/var/lib/postgresql/data/pgdata".to_owned()),
        ("PGPORT", server.port.to_string()),
        ("POSTGRES_DB", escaped(&server.database)),
        ("POSTGRES_USER", escaped(&server.user)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    // PGDATA is a folder below it: the root of a volume may hold `lost+found`, and initdb takes an
    // empty folder only.
    build.volumes = vec![format!("{}:/var/lib/postgresql/data", server.volume())];
    // The socket and its lock file, for the rest of the container is read-only.
    build
        .tmpfs
        .push("/var/run/postgresql:mode=1777,size=1m".to_owned());
    "512m".clone_into(&mut build.mem_limit);
    // Over TCP: while the database is being made, the server answers on its socket only.
    let test = ["CMD", "pg_isready", "--host=127.0.0.1", "--quiet"].map(str::to_owned);
    let account = [
        format!("--username={}", escaped(&server.user)),
        format!("--dbname={}", escaped(&server.database)),
    ];
    build.healthcheck = Some(health(&[&test[..], &account].concat()));
    // A shutdown ends in a checkpoint, which takes as long as the disk needs.
    build.stop_grace_period = Some("60s".to_owned());
    build
}

fn redis(server: &Server) -> Build {
    let mut build = Build::hardened("docker.io/library/redis:8-alpine".to_owned());
    build.user = Some("999:1000".to_owned());
    // Read from standard input, for the arguments of a process are seen by everybody.
    let script = format!(
        "exec redis-server - <<END\nport {}\ndir /data\nappendonly yes\n\
         maxmemory-policy noeviction\nrequirepass $${{REDIS_PASSWORD:?}}\nEND",
        server.port
    );
    build.command = vec!["sh".to_owned(), "-euc".to_owned(), script];
    build.volumes = vec![format!("{}:/data", server.volume())];
    let ask = format!(
        "REDISCLI_AUTH=\"$$REDIS_PASSWORD\" redis-cli -p {} ping | grep -q PONG",
        server.port
    );
    build.healthcheck = Some(health(&["CMD-SHELL".to_owned(), ask]));
    build
}

#[cfg(test)]
mod tests;
