//! Proves in a real browser that Swagger UI works under the content security policy: it shows the
//! operations, signs in by its Authorize button, and calls the API.
//!
//! Needs `chromedriver` and `chromium`; where they are not installed the test says so.

use std::process::Command;
use std::time::Duration;

use fantoccini::{Client as Browser, ClientBuilder, Locator};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Aura, PASSWORD, PATIENCE, Port, Process, Settings, eventually, installed};

/// A browser is slower to start than anything else here.
const LONG: Duration = Duration::from_mins(1);

/// A driver with one fresh browser.
struct Driver {
    port: Port,
    profile: TempDir,
    _process: Process,
}

impl Driver {
    async fn start() -> Option<Self> {
        let program = installed(&["chromedriver"], &[])?;
        installed(&["chromium", "chromium-browser", "google-chrome"], &[])?;
        let (port, profile) = (Port::reserve(), TempDir::new().unwrap());
        let mut command = Command::new(program);
        command.arg(format!("--port={}", port.number()));
        let process = Process::spawn(&mut command, &profile.path().join("driver.log"));
        let driver = Self {
            port,
            profile,
            _process: process.farewell(Signal::TERM),
        };
        let status = format!("http://{}/status", driver.port.address());
        eventually(LONG, "a driver that is ready", async || {
            let status: Value = reqwest::get(&status).await.ok()?.json().await.ok()?;
            (status["value"]["ready"] == true).then_some(())
        })
        .await;
        Some(driver)
    }

    async fn browser(&self) -> Browser {
        let program = installed(&["chromium", "chromium-browser", "google-chrome"], &[]);
        let profile = self.profile.path().join("profile");
        let capabilities = json!({
            "goog:chromeOptions": {
                "binary": program.unwrap(),
                "args": [
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-dev-shm-usage",
                    "--disable-sync",
                    "--window-size=1400,2000",
                    format!("--user-data-dir={}", profile.display()),
                ],
            },
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let capabilities = capabilities.as_object().unwrap().clone();
        let mut builder = ClientBuilder::rustls().unwrap();
        let builder = builder.capabilities(capabilities);
        let url = format!("http://{}", self.port.address());
        builder.connect(&url).await.expect("a browser")
    }

    /// What the browser's console said since it was last asked.
    async fn console(&self, browser: &Browser) -> Vec<Value> {
        let session = browser.session_id().await.unwrap().unwrap();
        let url = format!("http://{}/session/{session}/se/log", self.port.address());
        let request = reqwest::Client::new()
            .post(url)
            .json(&json!({"type": "browser"}));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["value"]
            .as_array()
            .expect("the console's lines")
            .clone()
    }
}

async fn find(browser: &Browser, css: &str) -> fantoccini::elements::Element {
    let wait = browser.wait().at_most(PATIENCE);
    let found = wait.for_element(Locator::Css(css)).await;
    found.unwrap_or_else(|error| panic!("no {css} on the page: {error}"))
}

async fn click(browser: &Browser, css: &str) {
    // What has just appeared may still be moving: try until the click arrives.
    eventually(PATIENCE, &format!("a click on {css}"), async || {
        find(browser, css).await.click().await.ok()
    })
    .await;
}

/// Listens for what a page does not print.
const LISTEN: &str = "
    window.faults = [];
    addEventListener('error', e => window.faults.push('error: ' + (e.message || e.target.src)), true);
    addEventListener('unhandledrejection', e => window.faults.push('rejected: ' + e.reason));
    addEventListener('securitypolicyviolation',
        e => window.faults.push(e.violatedDirective + ' ' + e.blockedURI));";

async fn sign_in_and_call(aura: &Aura, browser: &Browser, email: &str) {
    browser
        .goto(&format!("http://{}/docs", aura.address()))
        .await
        .unwrap();
    browser.execute(LISTEN, Vec::new()).await.unwrap();
    find(browser, "#operations-Tokens-login, [id$='-login'].opblock").await;
    let operations = browser.find_all(Locator::Css(".opblock")).await.unwrap();
    assert!(operations.len() >= 20, "{} operations", operations.len());

    click(browser, ".auth-wrapper .btn.authorize").await;
    find(browser, "#oauth_username")
        .await
        .send_keys(email)
        .await
        .unwrap();
    find(browser, "#oauth_password")
        .await
        .send_keys(PASSWORD)
        .await
        .unwrap();
    let form = "//div[contains(@class,'auth-container')][.//input[@id='oauth_username']]\
                //button[contains(@class,'authorize')]";
    let button = browser.find(Locator::XPath(form)).await.unwrap();
    button.click().await.unwrap();
    let logout = "//div[contains(@class,'auth-container')]//button[text()='Logout']";
    let wait = browser.wait().at_most(PATIENCE);
    let signed_in = wait.for_element(Locator::XPath(logout)).await;
    if signed_in.is_err() {
        let dialog = find(browser, ".dialog-ux").await.text().await.unwrap();
        panic!("Authorize did not sign in: {dialog}");
    }
    click(browser, ".dialog-ux .close-modal").await;

    let me = ".opblock[id$='-me']";
    click(browser, &format!("{me} .opblock-summary")).await;
    click(browser, &format!("{me} .try-out__btn")).await;
    click(browser, &format!("{me} .execute")).await;
    let status = format!("{me} .live-responses-table .response-col_status");
    let body = format!("{me} .live-responses-table tbody .response-col_description");
    let status = find(browser, &status).await.text().await.unwrap();
    let body = find(browser, &body).await.text().await.unwrap();
    let head = eventually(PATIENCE, "the status of GET /auth/me", async || {
        let table = format!("{me} .live-responses-table tbody");
        let text = find(browser, &table).await.text().await.ok()?;
        text.contains("200").then_some(text)
    })
    .await;
    assert!(head.contains("200"), "{status} {body}");
    assert!(body.contains(email), "the account is not in {body}");
    let faults = browser
        .execute("return window.faults", Vec::new())
        .await
        .unwrap();
    assert_eq!(faults, json!([]), "the page is not at ease");
}

#[tokio::test]
async fn a_person_signs_in_and_calls_the_api_in_the_browser() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let aura = Settings::new().start().await;
    let email = aura.client().newcomer().await.email;
    let browser = driver.browser().await;
    // The browser ends whatever becomes of the test.
    let (page, address) = (browser.clone(), aura.address());
    let local = tokio::task::LocalSet::new();
    let test = local.spawn_local(async move { sign_in_and_call(&aura, &page, &email).await });
    let outcome = local.run_until(test).await;
    let console = driver.console(&browser).await;
    browser.close().await.unwrap();
    if let Err(failed) = outcome {
        eprintln!("the console of the browser: {console:#?}");
        std::panic::resume_unwind(failed.into_panic());
    }
    let severe = console.iter().filter(|line| line["level"] == "SEVERE");
    let severe: Vec<_> = severe.collect();
    assert!(severe.is_empty(), "{address}: {severe:#?}");
}
