//! The part of the configuration that ingress-nginx renders for the annotations of the page, after
//! `rootfs/etc/nginx/template/nginx.tmpl` of its repository (controller 1.15).

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::Kind;
use super::gateway::block;
use super::proxies;
use super::world::World;
use crate::support::{Answer, Driver, Site, skipped};

/// Prefix of the annotations.
const PREFIX: &str = "nginx.ingress.kubernetes.io/";

/// The annotations that the function below knows.
const KNOWN: [&str; 5] = [
    "auth-url",
    "auth-signin",
    "auth-response-headers",
    "auth-always-set-cookie",
    "proxy-buffer-size",
];

/// The lines that load what escapes `rd`; `None`, said aloud, where it is not installed.
pub(super) fn modules() -> Option<String> {
    let mut lines = String::new();
    for name in ["ndk_http_module", "ngx_http_set_misc_module"] {
        let path = format!("/usr/lib/nginx/modules/{name}.so");
        if !Path::new(&path).is_file() {
            skipped(&format!("{path} is missing (libnginx-mod-http-set-misc)"));
            return None;
        }
        writeln!(lines, "load_module {path};").expect("a string");
    }
    Some(lines)
}

/// The servers of aura and of the application.
pub(super) fn rendered(ingress: &str) -> String {
    let ingress: Value = serde_saphyr::from_str(ingress).expect("YAML");
    let annotations = ingress["metadata"]["annotations"].as_object();
    let annotations = annotations.expect("annotations");
    for name in annotations.keys() {
        let name = name
            .strip_prefix(PREFIX)
            .expect("an annotation of the controller");
        assert!(KNOWN.contains(&name), "{name} is not rendered here");
    }
    let of = |name: &str| {
        let value = annotations[&format!("{PREFIX}{name}")].as_str();
        value.expect("a text").to_owned()
    };
    let (sign_in, buffer) = (of("auth-signin"), of("proxy-buffer-size"));
    assert_eq!(of("auth-always-set-cookie"), "true");
    let path = of("auth-url").replace("http://aura.auth.svc.cluster.local", "");
    let mut told = String::new();
    for (number, name) in of("auth-response-headers").split(',').enumerate() {
        let variable = name.to_lowercase().replace('-', "_");
        write!(
            told,
            "auth_request_set $authHeader{number} $upstream_http_{variable};\n\
             proxy_set_header '{name}' $authHeader{number};\n"
        )
        .expect("a string");
    }
    let (aura, app) = (
        aura_server(&buffer),
        application(&path, &sign_in, &told, &buffer),
    );
    format!("{aura}{app}")
}

const TLS: &str = "listen 443 ssl;
            ssl_certificate /etc/ssl/example.com.pem;
            ssl_certificate_key /etc/ssl/example.com.key;";

/// What all servers share, and the server of aura.
fn aura_server(buffer: &str) -> String {
    format!(
        "large_client_header_buffers 4 8k;
        underscores_in_headers off;
        ignore_invalid_headers on;
        map '' $pass_access_scheme {{ default $scheme; }}
        server {{
            server_name auth.example.com;
            {TLS}
            location / {{
                proxy_set_header Host $http_host;
                proxy_set_header X-Forwarded-For $remote_addr;
                proxy_buffer_size {buffer};
                proxy_buffers 4 {buffer};
                proxy_pass http://127.0.0.1:8000;
            }}
        }}
        "
    )
}

/// The server of the application: asks aura `path` first, and sends browsers to `sign_in`.
fn application(path: &str, sign_in: &str, told: &str, buffer: &str) -> String {
    format!(
        "server {{
            server_name app.example.com;
            {TLS}
            location = /_external-auth-Lw-Prefix {{
                internal;
                proxy_intercept_errors off;
                proxy_pass_request_body off;
                proxy_set_header Content-Length \"\";
                proxy_set_header X-Forwarded-Proto \"\";
                proxy_set_header Host aura.auth.svc.cluster.local;
                proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
                proxy_set_header X-Original-Method $request_method;
                proxy_set_header X-Sent-From \"nginx-ingress-controller\";
                proxy_set_header X-Real-IP $remote_addr;
                proxy_set_header X-Forwarded-For $remote_addr;
                proxy_set_header X-Auth-Request-Redirect $request_uri;
                proxy_buffering off;
                proxy_buffer_size {buffer};
                proxy_buffers 4 {buffer};
                proxy_request_buffering on;
                proxy_pass_request_headers on;
                proxy_http_version 1.1;
                set $target http://127.0.0.1:8000{path};
                proxy_pass $target;
            }}
            location @sign_in {{
                internal;
                add_header Set-Cookie $auth_cookie;
                return 302 {sign_in}?rd=$pass_access_scheme://$http_host$escaped_request_uri;
            }}
            location / {{
                auth_request /_external-auth-Lw-Prefix;
                auth_request_set $auth_cookie $upstream_http_set_cookie;
                add_header Set-Cookie $auth_cookie always;
                {told}
                set_escape_uri $escaped_request_uri $request_uri;
                error_page 401 = @sign_in;
                proxy_set_header Host $http_host;
                proxy_set_header X-Forwarded-For $remote_addr;
                proxy_set_header X-Forwarded-Host $http_host;
                proxy_set_header X-Forwarded-Proto $pass_access_scheme;
                proxy_buffer_size {buffer};
                proxy_buffers 4 {buffer};
                proxy_pass http://127.0.0.1:3000;
            }}
        }}
        "
    )
}

#[tokio::test]
async fn ingress_nginx_admits_known_users_and_redirects_others_to_sign_in() {
    let site = Site::mirror().await;
    let world = World::start(Kind::IngressNginx, site.address()).await;
    let (Some(driver), Some(world)) = (Driver::start().await, world) else {
        return;
    };
    let bearer = world.bearer("ann@example.com").await;
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-auth-roles", "admin"),
    ];
    let answer = proxies::ask(&world.app, reqwest::Method::GET, "/x", &headers).await;
    assert_eq!(
        proxies::seen(answer.is(200), "x-auth-email"),
        ["ann@example.com"]
    );
    assert!(!answer.text.contains("admin"), "{answer:#?}");
    let redirect = async |path: &str| -> Answer {
        let answer = proxies::ask(&world.app, reqwest::Method::GET, path, &[]).await;
        answer.is(302);
        answer
    };
    let answer = redirect("/a%20b?x=1&y=2").await;
    let location = answer.header("location");
    let (start, rd) = location.split_once("?rd=").expect("rd");
    assert_eq!(start, "https://auth.example.com/sign-in");
    assert!(rd.starts_with("https://app.example.com%2F"), "{rd}");
    proxies::people_come_back(&world, &driver).await;
}

#[test]
fn the_annotations_are_those_of_an_ingress() {
    let ingress: Value = serde_saphyr::from_str(&block("yaml ingress-nginx")).expect("YAML");
    assert_eq!(ingress["kind"], "Ingress");
    assert_eq!(ingress["spec"]["rules"][0]["host"], "app.example.com");
}
