//! Tests the dashboard in a real browser: every page and form, signed out, as a user and as an
//! administrator; in light, dark and on a phone; by keyboard alone, and without JavaScript.
//!
//! Needs `chromedriver`, `chromium`, and the tools that `scripts/test` installs.

mod comfort;
mod forms;
mod looks;
mod replicas;
mod screenshots;

use crate::support::{Aura, Browser, Driver, Look, PASSWORD, Settings, Sqlite};

/// An administrator.
const ROOT: &str = "root@example.com";

/// A user.
const ANN: &str = "ann@example.com";

/// `aura` with an administrator and a user, and a driver of browsers.
struct World {
    driver: Driver,
    aura: Aura,
    _file: Sqlite,
}

impl World {
    /// Starts both; prints a note and returns `None` where there is no browser.
    async fn start() -> Option<Self> {
        let driver = Driver::start().await?;
        let file = Sqlite::new();
        let settings = Settings::new().database(&file.url());
        accounts(&settings).await;
        Some(Self {
            driver,
            aura: settings.start().await,
            _file: file,
        })
    }

    fn origin(&self) -> String {
        format!("http://{}", self.aura.address())
    }

    async fn browser(&self, look: &Look) -> Browser {
        self.driver.browser(look).await
    }

    /// Opens a page of the server.
    async fn open(&self, browser: &Browser, path: &str) {
        open(browser, &self.aura, path).await;
    }

    /// A browser in which `email` has signed in.
    async fn signed_in(&self, look: &Look, email: &str) -> Browser {
        let browser = self.browser(look).await;
        sign_in(&browser, &self.aura, email).await;
        browser
    }

    /// Checks that the page is at ease.
    async fn at_ease(&self, browser: &Browser) {
        browser.at_ease(&[&self.origin()]).await;
    }
}

/// Makes the administrator and the user.
async fn accounts(settings: &Settings) {
    settings.done(&["migrate"]).await;
    for (email, role) in [(ROOT, "admin"), (ANN, "editor")] {
        let create = ["user", "create", email, "--role", role, "--password-stdin"];
        settings.done_with(&create, PASSWORD).await;
    }
}

async fn open(browser: &Browser, aura: &Aura, path: &str) {
    browser
        .open(&format!("http://{}{path}", aura.address()))
        .await;
}

/// Signs in by the form.
async fn sign_in(browser: &Browser, aura: &Aura, email: &str) {
    open(browser, aura, "/sign-in").await;
    fill_in(browser, email, PASSWORD).await;
    browser.element("form.leave").await;
}

/// Fills in the sign-in form and sends it.
async fn fill_in(browser: &Browser, email: &str, password: &str) {
    browser.fill("#email", email).await;
    browser.fill("#password", password).await;
    browser.click("main form button[type=submit]").await;
}

/// The address of the page of the account `email`.
async fn page_of(world: &World, root: &Browser, email: &str) -> String {
    let query = email.split('@').next().unwrap_or_default();
    world.open(root, &format!("/users?q={query}")).await;
    let row = root.element("tbody th a").await;
    let address = row.attr("href").await.expect("an attribute");
    address.expect("a link")
}
