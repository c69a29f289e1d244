//! Pictures of every page, for people to look at: `scripts/screenshots`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{ANN, ROOT, accounts, open, sign_in};
use redis::AsyncTypedCommands as _;

use crate::support::{Aura, Browser, Client, Driver, Look, PASSWORD, Redis, Settings, Sqlite};

/// Where the pictures go.
const FOLDER: &str = "AURA_SCREENSHOTS";

/// People, so that lists are not empty.
const PEOPLE: [(&str, &str); 12] = [
    ("ada.lovelace@example.com", "editor"),
    ("alan.turing@example.com", "editor"),
    ("barbara.liskov@example.com", "support"),
    ("dennis.ritchie@example.com", "staff"),
    ("donald.knuth@example.com", "editor"),
    ("edsger.dijkstra@example.com", "support"),
    ("frances.allen@example.com", "staff"),
    ("grace.hopper@example.com", "admin"),
    ("john.backus@example.com", "editor"),
    ("ken.thompson@example.com", "staff"),
    ("margaret.hamilton@example.com", "admin"),
    ("tony.hoare@example.com", "support"),
];

/// Programs that people sign in with.
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
     Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/139.0.0.0 Safari/537.36",
    "curl/8.14.1",
];

/// Signs in as a program at some address.
async fn call(client: &Client, email: &str, password: &str, number: usize) {
    let body = serde_json::json!({"email": email, "password": password});
    let address = format!("203.0.113.{}", 10 + number % 40);
    let agent = AGENTS[number % AGENTS.len()];
    let login = client.call(reqwest::Method::POST, "/auth/login", |request| {
        let request = request.header("x-forwarded-for", address);
        request.header("user-agent", agent).json(&body)
    });
    login.await;
}

/// A server at which something has happened.
async fn busy(settings: &Settings) -> Aura {
    accounts(settings).await;
    for (email, role) in PEOPLE {
        let create = ["user", "create", email, "--role", role, "--password-stdin"];
        settings.done_with(&create, PASSWORD).await;
    }
    settings
        .done(&["user", "disable", "john.backus@example.com", "--yes"])
        .await;
    let aura = settings.start().await;
    let client = aura.client();
    for (number, (email, _)) in PEOPLE.iter().chain(&PEOPLE).enumerate() {
        let password = if number % 5 == 4 { "wrong" } else { PASSWORD };
        call(&client, email, password, number).await;
    }
    for number in 0..3 {
        call(&client, ANN, PASSWORD, number).await;
        call(&client, ROOT, PASSWORD, number + 1).await;
    }
    aura
}

/// An hour of another replica's, so that charts are not empty: as much as people come and go.
async fn an_hour(redis: &Redis) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("after 1970").as_secs() / 60;
    let mut connection = redis.connect(1).await;
    for ago in 1..60 {
        let wave = 60 - ago + (ago * ago * 7 + ago * 13) % 41;
        let (few, errors) = (wave / 9, u64::from(ago == 17 || ago == 18) * 9);
        let limited = u64::from(ago > 39 && ago < 43) * (wave / 3);
        let (hits, queue) = (wave / 2, (ago * 5) % 7);
        let refused = few / 4 + limited / 8;
        let misses = wave / 7;
        let numbers = [wave * 6, errors, limited, few, refused, hits, misses, queue];
        let numbers = numbers.map(|number| number.to_string()).join(" ");
        let key = format!("aura:activity:{}", now - ago);
        let set = connection.hset(key, "another", numbers).await;
        set.expect("a field");
    }
}

/// Takes the page in every look.
async fn take(browser: &Browser, aura: &Aura, folder: &Path, path: &str, name: &str) {
    for (look, words) in [
        (Look::light(), "light"),
        (Look::dark(), "dark"),
        (Look::phone(), "phone"),
    ] {
        let size = if look.phone { (360, 740) } else { (1200, 760) };
        browser.wear(&Look { size, ..look }).await;
        if !path.is_empty() {
            open(browser, aura, path).await;
        }
        let file = folder.join(format!("{name}-{words}.png"));
        std::fs::write(&file, browser.picture().await).expect("a file");
    }
}

#[tokio::test]
#[ignore = "makes files for people to look at: scripts/screenshots"]
async fn every_page_has_its_picture_taken() {
    let folder = std::env::var_os(FOLDER).map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| panic!("{FOLDER} names no folder"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let driver = Driver::start().await.expect("a browser");
    let file = Sqlite::new();
    let settings = Settings::new()
        .database(&file.url())
        .set("SERVER_TRUSTED_PROXIES", "127.0.0.1");
    let redis = Redis::start().await.expect("Redis");
    an_hour(&redis).await;
    let upstream = "http://127.0.0.1:9/v1";
    let settings = settings.redis(&redis).set("LLM_UPSTREAM_URL", upstream);
    let aura = busy(&settings).await;
    let _replica = settings.start().await;

    let nobody = driver.browser(&Look::light()).await;
    for (path, name) in [
        ("/sign-in", "sign-in"),
        ("/register", "register"),
        ("/reset?token=x", "reset"),
        ("/no/such/page", "not-found"),
    ] {
        take(&nobody, &aura, &folder, path, name).await;
    }
    open(&nobody, &aura, "/register").await;
    super::fill_in(&nobody, ANN, "password1234").await;
    nobody.element("[aria-invalid=true]").await;
    take(&nobody, &aura, &folder, "", "register-faults").await;

    let ann = driver.browser(&Look::light()).await;
    sign_in(&ann, &aura, ANN).await;
    take(&ann, &aura, &folder, "/account", "account").await;
    take(&ann, &aura, &folder, "/users", "forbidden").await;

    let root = driver.browser(&Look::light()).await;
    sign_in(&root, &aura, ROOT).await;
    // The numbers of the last seconds arrive.
    tokio::time::sleep(Duration::from_secs(6)).await;
    open(&root, &aura, "/users?q=ada").await;
    let row = root.element("tbody th a").await;
    let user = row.attr("href").await.expect("a link").expect("an address");
    for (path, name) in [
        ("/", "overview"),
        ("/users", "users"),
        ("/users?q=zz", "users-none"),
        ("/users/new", "users-new"),
        (user.as_str(), "user"),
        ("/audit", "audit"),
        ("/audit?actor=nobody", "audit-none"),
        ("/configuration", "configuration"),
    ] {
        take(&root, &aura, &folder, path, name).await;
    }
    // What the README shows: as much as a window holds.
    let folder = folder.join("readme");
    std::fs::create_dir_all(&folder).expect("a folder");
    for (path, name, height, dark) in [
        ("/", "overview", 680, false),
        (user.as_str(), "user", 820, false),
        ("/audit", "audit-dark", 820, true),
    ] {
        let size = (1200, height);
        root.wear(&Look {
            size,
            dark,
            ..Look::light()
        })
        .await;
        open(&root, &aura, path).await;
        let picture = root.screenshot().await.expect("a picture");
        std::fs::write(folder.join(format!("{name}.png")), picture).expect("a file");
    }
}
