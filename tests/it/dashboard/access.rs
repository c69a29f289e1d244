//! Access to every route of the table, the methods that it takes, and the headers of every page.

use aura::dashboard::{Access, ROUTES};
use reqwest::Method;

use super::{ANN, ROOT, World, is_page};

const ID: &str = "5f0c1f6e-1f1b-4d6e-9f43-0a6f6f0f6a11";

/// The addresses that take a method, and their access.
fn taking(method: &'static str) -> impl Iterator<Item = (String, Access)> {
    let routes = ROUTES
        .iter()
        .filter(move |route| route.methods().any(|known| known == method));
    routes.map(|route| (route.path.replace("{id}", ID), route.access))
}

/// The addresses that take a method, for administrators only.
fn taking_of_administrators(method: &'static str) -> impl Iterator<Item = String> {
    let routes = taking(method).filter(|(_, access)| *access == Access::Administrator);
    routes.map(|(path, _)| path)
}

#[test]
fn only_listed_addresses_are_open_to_anyone() {
    let open = ROUTES
        .iter()
        .filter(|route| matches!(route.access, Access::Anyone | Access::PasswordForm));
    let open: Vec<&str> = open.map(|route| route.path).collect();
    assert_eq!(
        open,
        ["/sign-in", "/sign-out", "/register", "/reset", "/setup"]
    );
    for route in ROUTES {
        if ["/users", "/audit", "/configuration", "/live"]
            .iter()
            .any(|folder| route.path.starts_with(folder))
        {
            assert_eq!(route.access, Access::Administrator, "{}", route.path);
        }
    }
}

#[tokio::test]
async fn page_sends_a_signed_out_visitor_to_sign_in_and_back() {
    let world = World::start().await;
    let mut nobody = world.visitor();
    for (path, access) in taking("GET") {
        let answer = nobody.get(&path).await;
        let location = match (access, path.as_str()) {
            (Access::File, _) => {
                answer.is(200);
                continue;
            }
            (Access::PasswordForm, _) => {
                assert!([200, 401, 404].contains(&answer.status), "{path}");
                continue;
            }
            (_, "/" | "/live" | "/sign-out") => "/sign-in".to_owned(),
            (_, path) => format!(
                "/sign-in?next={}",
                path.replace('/', "%2F")
                    .replace('-', "%2D")
                    .replace('.', "%2E")
            ),
        };
        assert_eq!(answer.is(303).header("location"), location, "{path}");
    }
    let query = nobody.get("/users?q=a%26b&after=c").await;
    assert_eq!(
        query.is(303).header("location"),
        "/sign-in?next=%2Fusers%3Fq%3Da%2526b%26after%3Dc"
    );
    for (path, _) in taking("POST").filter(|(_, access)| *access != Access::PasswordForm) {
        let answer = nobody.post(&path, &[]).await;
        let location = answer.is(303).header("location");
        assert!(location.starts_with("/sign-in"), "{path}: {location}");
        assert!(!location.contains("next"), "{path}: {location}");
    }
}

#[tokio::test]
async fn administrators_page_refuses_other_users() {
    let world = World::start().await;
    let mut ann = world.signed_in(ANN).await;
    let mut root = world.signed_in(ROOT).await;
    let own = world.page_of(&mut root, ANN).await;
    let token = ann.token("/account").await;
    let words = "This page is for administrators";
    for path in taking_of_administrators("GET") {
        is_page(&ann.get(&path).await, 403, words);
    }
    for path in taking_of_administrators("POST") {
        let path = path.replace(&format!("/users/{ID}"), &own);
        let fields = [("form", token.as_str()), ("roles", "admin")];
        is_page(&ann.post(&path, &fields).await, 403, words);
    }
    let page = ann.get("/account").await;
    assert!(!page.is(200).text.contains("/users"), "{page:#?}");
    // Nor by the API, with the cookie.
    ann.get("/admin/users").await.problem(401, "missing_token");
}

#[tokio::test]
async fn administrator_loses_access_as_soon_as_the_role_is_taken() {
    let world = World::start().await;
    let mut ann = world.signed_in(ANN).await;
    world
        .settings
        .done(&["user", "set-roles", ANN, "admin"])
        .await;
    is_page(&ann.get("/").await, 200, "<h1>Overview</h1>");
    world
        .settings
        .done(&["user", "set-roles", ANN, "editor"])
        .await;
    ann.get("/users").await.is(403);
    assert_eq!(ann.get("/").await.is(303).header("location"), "/account");
    ann.get("/live").await.is(403);
}

#[tokio::test]
async fn every_page_carries_the_security_headers() {
    let world = World::start().await;
    let mut root = world.signed_in(ROOT).await;
    let own = world.page_of(&mut root, ROOT).await;
    let paths = taking("GET")
        .filter(|(_, access)| *access != Access::File)
        .map(|(path, _)| path.replace(&format!("/users/{ID}"), &own));
    for path in paths.chain(["/nowhere".to_owned(), "/users/x".to_owned()]) {
        let answer = root.get(&path).await;
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
             connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
            "{path}"
        );
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{name} of {path}");
        }
        assert!(!answer.header("x-request-id").is_empty());
    }
}

#[tokio::test]
async fn route_refuses_unlisted_methods_and_lists_its_own_in_allow() {
    let world = World::start().await;
    let mut root = world.signed_in(ROOT).await;
    for route in ROUTES {
        let path = route.path.replace("{id}", ID);
        let allow = route.methods().flat_map(|method| match method {
            "GET" => vec!["GET", "HEAD"],
            method => vec![method],
        });
        let allow: Vec<&str> = allow.collect();
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"] {
            let asked = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = root.call(asked, &path, |request| request).await;
            let taken = answer.status != 405;
            assert_eq!(
                taken,
                allow.contains(&method),
                "{method} {path}: {answer:#?}"
            );
            if !taken {
                assert_eq!(answer.header("allow"), allow.join(", "), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn cookies_are_bound_to_the_host_and_to_tls() {
    let world = World::start().await;
    let mut ann = world.visitor();
    let form = ann.get("/sign-in").await;
    let cookie = form.header("set-cookie");
    assert!(
        cookie.starts_with("aura_form=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let sent = ann.sign_in(ANN, crate::support::PASSWORD).await;
    let cookies: Vec<&str> = sent
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|cookie| cookie.to_str().unwrap())
        .collect();
    let session = cookies
        .iter()
        .find(|line| line.starts_with("aura_session="));
    let session = session.expect("the session cookie");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Max-Age="] {
        assert!(session.contains(part), "{session}");
    }
    // Over the network.
    let mut far = world.visitor();
    let form = far
        .call(Method::GET, "/sign-in", |request| {
            request.header("host", "auth.example.com")
        })
        .await;
    let cookie = form.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-aura_form=") && cookie.contains("; Secure"),
        "{cookie}"
    );
    // A browser does not send it back over plain http, and is told why.
    let plain = world
        .visitor()
        .call(Method::POST, "/sign-in", |request| {
            request
                .header("host", "auth.example.com")
                .header("origin", "http://auth.example.com")
                .form(&[("email", ANN)])
        })
        .await;
    is_page(&plain, 403, "This page requires https");
}

#[tokio::test]
async fn password_form_is_not_shown_over_plain_http() {
    let world = World::start().await;
    let ask = async |path: &str, headers: &[(&str, &str)]| {
        let mut visitor = world.visitor();
        let call = visitor.call(Method::GET, path, |request| {
            let request = request
                .header("host", "auth.example.com")
                .header("upgrade-insecure-requests", "1");
            let headers = headers.iter();
            headers.fold(request, |request, (name, value)| {
                request.header(*name, *value)
            })
        });
        call.await
    };
    // What a browser sends over http, and what a proxy says of it.
    for path in ["/sign-in?next=%2Fusers", "/register", "/reset?token=x"] {
        let refused = ask(path, &[]).await;
        is_page(&refused, 403, "This page requires https");
        let link = format!("href=\"https://auth.example.com{path}\"").replace('&', "&#38;");
        assert!(refused.text.contains(&link), "{refused:#?}");
        assert!(!refused.text.contains("<form"), "{refused:#?}");
        assert!(!refused.headers.contains_key("set-cookie"), "{refused:#?}");
    }
    let said = [("x-forwarded-proto", "http")];
    is_page(
        &ask("/sign-in", &said).await,
        403,
        "This page requires https",
    );
    // Over TLS: a browser of today, or a proxy that says so. An old browser has a way past.
    for (path, headers) in [
        ("/sign-in", &[("sec-fetch-site", "none")] as &[_]),
        ("/sign-in", &[("x-forwarded-proto", "https")]),
        ("/sign-in", &[("forwarded", "for=192.0.2.1;proto=https")]),
        ("/sign-in?https=yes", &[]),
    ] {
        is_page(&ask(path, headers).await, 200, "<h1>Sign in</h1>");
    }
}
