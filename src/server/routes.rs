//! Methods, query parameters and error dialect of every address, read off the document: the router
//! tells none of them. The methods are those of the header `Allow` (RFC 9110 section 15.5.6).

use poem::http::{Method, Uri};
use serde_json::Value;

use crate::dashboard;
use crate::http::documents::Dialect;
use crate::http::refused::dialect_of;
use crate::http::{Problem, parameters};

/// Forward-auth refuses a wrong query with 403 itself, here and below: a gateway takes a 400 for a fault
/// of the server.
const VERIFY: &str = "/auth/verify";

/// The folder below which a model's name stands, which may hold slashes: OpenAI's older packages write
/// them as they are, newer ones encoded.
const MODELS: &str = "/v1/models/";

/// The address with the slashes of a model's name encoded, so that the name is one segment; `None`
/// where it has none.
pub(super) fn with_whole_name(uri: &Uri) -> Option<Uri> {
    let name = uri.path().strip_prefix(MODELS)?;
    if !name.contains('/') {
        return None;
    }
    let mut path = format!("{MODELS}{}", name.replace('/', "%2F"));
    if let Some(query) = uri.query() {
        path = format!("{path}?{query}");
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path.try_into().ok()?);
    Uri::from_parts(parts).ok()
}

/// Routes and what each takes, off the document.
#[derive(Debug, Default)]
pub(super) struct RouteTable(Vec<Route>);

#[derive(Debug)]
struct Route {
    segments: Vec<String>,
    /// As the header `Allow` lists them.
    methods: String,
    dialect: Dialect,
    /// Query parameters by method. Without an entry they are the handler's business.
    parameters: Vec<(Method, Vec<String>)>,
}

impl RouteTable {
    pub(super) fn of(document: &Value) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        let mut routes: Vec<Route> = paths.map(|(path, item)| Route::of(path, item)).collect();
        for path in ["/docs", "/docs/{file}", "/openapi.json", "/openapi.yaml"] {
            routes.push(Route::elsewhere(path, &["GET"]));
        }
        for route in dashboard::ROUTES {
            let methods: Vec<&str> = route.methods().collect();
            routes.push(Route::elsewhere(route.path, &methods));
        }
        Self(routes)
    }

    /// Checks the query of a request for a route of the document. One for another address or method
    /// passes: the router refuses it.
    ///
    /// # Errors
    /// As [`parameters::check`].
    pub(super) fn check_query(
        &self,
        method: &Method,
        path: &str,
        query: &str,
    ) -> Result<(), Problem> {
        if query.is_empty() || path.starts_with(VERIFY) {
            return Ok(());
        }
        let method = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        // OAuth endpoints ignore parameters that they do not know (RFC 6749 section 3.2).
        let route = self.find(path);
        let strict = route.filter(|route| route.dialect != Dialect::OAuth);
        let known = strict.and_then(|route| {
            let mut known = route.parameters.iter();
            known.find(|(known, _)| known == method)
        });
        known.map_or(Ok(()), |(_, known)| parameters::check(query, known))
    }

    /// The methods of the route at `path`, if there is one.
    pub(super) fn methods(&self, path: &str) -> Option<&str> {
        self.find(path).map(|route| route.methods.as_str())
    }

    /// The dialect of the errors at `path`. An address without a route speaks as its folder does, where
    /// all routes of that speak alike: OpenAI's clients read only their own.
    pub(super) fn dialect(&self, path: &str) -> Dialect {
        if let Some(route) = self.find(path) {
            return route.dialect;
        }
        let folder = path.trim_matches('/').split('/').next().unwrap_or_default();
        let mut inside = self.0.iter().filter(|route| route.segments[0] == folder);
        let first = inside.next().map(|route| route.dialect).unwrap_or_default();
        if inside.all(|route| route.dialect == first) {
            first
        } else {
            Dialect::default()
        }
    }

    /// The routes below `folder`, each with its methods, as a sentence lists them.
    pub(super) fn below(&self, folder: &str) -> String {
        let routes = self.0.iter().filter(|route| route.segments[0] == folder);
        let lines = routes.map(|route| {
            let methods = route.methods.split(", ").filter(|method| *method != "HEAD");
            let methods: Vec<&str> = methods.collect();
            format!("{} /{}", methods.join("/"), route.segments.join("/"))
        });
        lines.collect::<Vec<_>>().join(", ")
    }

    fn find(&self, path: &str) -> Option<&Route> {
        let wanted = segments(path);
        let fits = |route: &&Route| {
            let pattern = &route.segments;
            pattern.len() == wanted.len()
                && pattern
                    .iter()
                    .zip(&wanted)
                    .all(|(p, w)| p.starts_with('{') || p == w)
        };
        // A literal route before one with a parameter.
        self.0.iter().filter(fits).min_by_key(|route| {
            let parts = route.segments.iter();
            parts.filter(|part| part.starts_with('{')).count()
        })
    }
}

impl Route {
    /// A route of the document.
    fn of(path: &str, item: &Value) -> Self {
        let operations = item.as_object().into_iter().flatten();
        let operations = operations.filter_map(|(name, operation)| {
            let method: Method = name.to_uppercase().parse().ok()?;
            let all = operation["parameters"].as_array().into_iter().flatten();
            let query = all.filter(|parameter| parameter["in"] == "query");
            let names = query.filter_map(|parameter| parameter["name"].as_str());
            Some((method, names.map(str::to_owned).collect()))
        });
        let parameters: Vec<(Method, Vec<String>)> = operations.collect();
        let methods = parameters.iter().map(|(method, _)| method.to_string());
        let mut dialects = item.as_object().into_iter().flatten();
        let dialect = dialects.next().map(|(_, operation)| dialect_of(operation));
        Self {
            segments: segments(path),
            methods: allow(methods),
            dialect: dialect.unwrap_or_default(),
            parameters,
        }
    }

    /// A route beside the document.
    fn elsewhere(path: &str, methods: &[&str]) -> Self {
        Self {
            segments: segments(path),
            methods: allow(methods.iter().map(|&method| method.to_owned())),
            dialect: Dialect::Problem,
            parameters: Vec::new(),
        }
    }
}

fn segments(path: &str) -> Vec<String> {
    path.trim_matches('/')
        .split('/')
        .map(str::to_owned)
        .collect()
}

/// `GET` answers `HEAD` too.
fn allow(methods: impl IntoIterator<Item = String>) -> String {
    let mut methods: Vec<String> = methods.into_iter().collect();
    if methods.iter().any(|method| method == "GET") {
        methods.push("HEAD".to_owned());
    }
    methods.sort();
    methods.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::openapi;

    #[test]
    fn dialects_are_those_that_the_routes_declare() {
        let table = RouteTable::of(&openapi::document());
        for (path, dialect) in [
            ("/auth/token", Dialect::OAuth),
            ("/auth/introspect", Dialect::OAuth),
            ("/auth/revoke", Dialect::OAuth),
            ("/v1/chat/completions", Dialect::OpenAi),
            ("/v1/models/tiny", Dialect::OpenAi),
            ("/v1/elsewhere", Dialect::OpenAi),
            ("/auth/login", Dialect::Problem),
            ("/auth/elsewhere", Dialect::Problem),
            ("/llm/usage", Dialect::Problem),
            ("/health", Dialect::Problem),
            ("/users", Dialect::Problem),
            ("/elsewhere", Dialect::Problem),
            ("/", Dialect::Problem),
        ] {
            assert_eq!(table.dialect(path), dialect, "{path}");
        }
    }

    #[test]
    fn slashes_of_a_model_s_name_are_encoded_and_no_others() {
        for (uri, whole) in [
            ("/v1/models/a/b?c=/d", Some("/v1/models/a%2Fb?c=/d")),
            ("/v1/models/a/../b/", Some("/v1/models/a%2F..%2Fb%2F")),
            ("/v1/models/a%2Fb", None),
            ("/v1/models", None),
            ("/v1/chat/completions", None),
        ] {
            let found = with_whole_name(&uri.parse().unwrap());
            assert_eq!(found.map(|uri| uri.to_string()).as_deref(), whole);
        }
    }
}
