//! The route table. Which addresses are the dashboard's, which methods they take and who may open
//! them, the header's navigation and the tests of all that follow from it.

use std::future::ready;

use futures_util::future::BoxFuture;

use self::Access::{Administrator, AdministratorOr, Anyone, File, PasswordForm, SignedIn};
use super::address::{PathParameters, first_segment};
use super::error::PageResult;
use super::request::PageRequest;
use super::site::MenuItem;
use super::user::Change;

/// A handler of one method.
pub(super) type Handler = for<'a> fn(&'a mut PageRequest) -> BoxFuture<'a, PageResult>;

/// Users who may open an address. Checked before its handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone; a file for which no session is looked up.
    File,
    /// Anyone.
    Anyone,
    /// Anyone; not shown over plain HTTP, before a password is typed rather than after it was sent.
    PasswordForm,
    /// Signed-in users.
    SignedIn,
    /// Administrators.
    Administrator,
    /// Administrators; other users are led to this address.
    AdministratorOr(&'static str),
}

/// An address of the dashboard.
pub struct Route {
    /// Path, in which `{name}` stands for any one segment.
    pub path: &'static str,
    /// Users who may open it.
    pub access: Access,
    menu: Option<&'static str>,
    handlers: &'static [(&'static str, Handler)],
}

impl Route {
    /// Methods that it takes; HEAD goes with GET.
    pub fn methods(&self) -> impl Iterator<Item = &'static str> {
        self.handlers.iter().map(|(method, _)| *method)
    }

    /// The handler of a method.
    pub(super) fn handler(&self, method: &str) -> Option<Handler> {
        let mut handlers = self.handlers.iter();
        handlers
            .find(|(known, _)| *known == method)
            .map(|(_, handler)| *handler)
    }

    /// The values of the path's parameters, if `path` is of this route.
    fn parameters(&self, path: &str) -> Option<PathParameters> {
        let (mut wanted, mut segments) = (self.path.split('/'), path.split('/'));
        let mut parameters = Vec::new();
        loop {
            let (wanted, segment) = match (wanted.next(), segments.next()) {
                (Some(wanted), Some(segment)) => (wanted, segment),
                (None, None) => return Some(parameters),
                _ => return None,
            };
            match wanted.strip_prefix('{') {
                Some(name) => parameters.push((name.trim_end_matches('}'), segment.to_owned())),
                None if wanted == segment => {}
                None => return None,
            }
        }
    }
}

macro_rules! optional {
    () => {
        None
    };
    ($value:literal) => {
        Some($value)
    };
}

/// A handler out of an asynchronous function, or out of one that never waits: after `ready` one that
/// can fail, after `infallible` one that cannot.
macro_rules! handler {
    (infallible $($name:ident)::+) => {
        |request| Box::pin(ready(Ok(super::$($name)::+(request))))
    };
    (ready $($name:ident)::+) => { |request| Box::pin(ready(super::$($name)::+(request))) };
    ($($name:ident)::+ $(($argument:expr))?) => {
        |request| Box::pin(super::$($name)::+(request $(, $argument)?))
    };
}

macro_rules! routes {
    ($($path:literal, $access:expr $(, $menu:literal)?
        => $($method:ident($($handler:tt)+)),+;)+) => {
        /// Every address of the dashboard; of two that fit, the first counts.
        pub static ROUTES: &[Route] = &[$(Route {
            path: $path,
            access: $access,
            menu: optional!($($menu)?),
            handlers: &[$((stringify!($method), handler!($($handler)+))),+],
        }),+];
    };
}

// Path, access and, for a page of the header, its name there => methods and their handlers.
routes! {
    "/", AdministratorOr("/account"), "Overview" => GET(overview::show);
    "/live", Administrator => GET(overview::live);
    "/users", Administrator, "Users" => GET(users::show);
    "/users/new", Administrator => GET(infallible users::show_new), POST(users::create);
    "/users/{id}", Administrator => GET(user::show);
    "/users/{id}/roles", Administrator => POST(user::change(Change::Roles));
    "/users/{id}/disable", Administrator => POST(user::change(Change::Disable));
    "/users/{id}/enable", Administrator => POST(user::change(Change::Enable));
    "/users/{id}/end-sessions", Administrator => POST(user::change(Change::EndSessions));
    "/users/{id}/require-password-change", Administrator
        => POST(user::change(Change::RequireNewPassword));
    "/users/{id}/reset", Administrator => POST(user::reset);
    "/users/{id}/delete", Administrator => POST(user::change(Change::Delete));
    "/users/{id}/erase", Administrator => POST(user::change(Change::Erase));
    "/audit", Administrator, "Audit" => GET(audit::show);
    "/audit/export", Administrator => GET(audit::download);
    "/configuration", Administrator, "Configuration" => GET(ready configuration::show);
    "/account", SignedIn, "My account" => GET(account::show);
    "/account/password", SignedIn => POST(account::change_password);
    "/account/sessions/end-others", SignedIn => POST(account::end_others);
    "/account/sessions/{id}/end", SignedIn => POST(account::end_session);
    // For password managers (W3C, "A Well-Known URL for Changing Passwords").
    "/.well-known/change-password", SignedIn => GET(infallible account::lead_to_password);
    "/sign-in", PasswordForm => GET(sign_in::show), POST(sign_in::send);
    "/sign-out", Anyone => GET(infallible sign_in::show_sign_out), POST(sign_in::sign_out);
    "/register", PasswordForm => GET(register::show), POST(register::send);
    "/reset", PasswordForm => GET(reset::show), POST(reset::send);
    "/setup", PasswordForm => GET(setup::show), POST(setup::send);
    "/assets/aura.css", File => GET(infallible assets::style);
    "/assets/aura.js", File => GET(infallible assets::script);
    "/assets/icon.svg", File => GET(infallible assets::icon);
    "/favicon.ico", File => GET(infallible assets::icon);
}

/// The route of a path, and the values of its parameters.
pub(super) fn find(path: &str) -> Option<(&'static Route, PathParameters)> {
    let mut routes = ROUTES.iter();
    routes.find_map(|route| Some((route, route.parameters(path)?)))
}

/// Checks whether `path` is an address of the dashboard, or below one: the first segments of its
/// routes are its own, but for the folder that all well-known addresses share (RFC 8615).
pub(super) fn owns(path: &str) -> bool {
    // Every request to the API asks this, so nothing is allocated.
    let folder = first_segment(path);
    let is_shared = matches!(folder, "" | ".well-known");
    let mut routes = ROUTES.iter();
    routes.any(|route| route.path == path || !is_shared && first_segment(route.path) == folder)
}

/// The entries of the header's navigation, in the order of the table.
pub(super) fn menu() -> Vec<MenuItem> {
    let items = ROUTES.iter().filter_map(|route| {
        Some(MenuItem {
            path: route.path,
            label: route.menu?,
            for_administrators: matches!(route.access, Administrator | AdministratorOr(_)),
        })
    });
    items.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owns_every_route_and_nothing_of_the_api() {
        for route in ROUTES {
            assert!(owns(route.path), "{}", route.path);
        }
        assert!(owns("/users/x/y/z"));
        for path in [
            "//",
            "/docs",
            "/auth/login",
            "/admin/users",
            "/userships",
            "/.well-known/openid-configuration",
            "/x",
        ] {
            assert!(!owns(path), "{path}");
        }
    }

    #[test]
    fn find_prefers_the_first_route_and_reads_parameters() {
        let found = |path| find(path).map(|(route, parameters)| (route.path, parameters));
        assert_eq!(found("/users/new"), Some(("/users/new", Vec::new())));
        let id = vec![("id", "x".to_owned())];
        assert_eq!(found("/users/x/roles"), Some(("/users/{id}/roles", id)));
        assert_eq!(found("/users/x/roles/y"), None);
        assert_eq!(
            found("/users/"),
            Some(("/users/{id}", vec![("id", String::new())]))
        );
    }

    #[test]
    fn menu_shows_other_users_their_account_only() {
        let own: Vec<&str> = menu()
            .iter()
            .filter(|item| !item.for_administrators)
            .map(|item| item.path)
            .collect();
        assert_eq!(own, ["/account"]);
    }
}
