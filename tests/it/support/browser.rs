//! Real browsers: Chromium, driven by `WebDriver`, each with a profile of its own.
//!
//! What a page does not show is heard too: its console, its faults, and every request that it
//! makes. Needs `chromedriver` and `chromium`.

use std::ops::Deref;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use super::{PATIENCE, eventually};

/// Listens, before the page does anything, for what it does not print.
const LISTEN: &str = "
    window.faults = [];
    addEventListener('error', e => window.faults.push('error: ' + (e.message || e.target.src)), true);
    addEventListener('unhandledrejection', e => window.faults.push('rejected: ' + e.reason));
    addEventListener('securitypolicyviolation',
        e => window.faults.push(e.violatedDirective + ' ' + e.blockedURI));";

/// How a person looks at pages.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// Width and height of the window, in CSS pixels.
    pub(crate) size: (u32, u32),
    /// Asks for dark pages.
    pub(crate) dark: bool,
    /// Touches, and sees pages as wide as they say they want to be.
    pub(crate) phone: bool,
    /// Runs JavaScript.
    pub(crate) scripts: bool,
    /// Which addresses host names lead to: `MAP *.example.com 127.0.0.1:8443`.
    pub(crate) hosts: String,
}

impl Look {
    /// A desk, in daylight.
    pub(crate) fn light() -> Self {
        Self {
            size: (1400, 2000),
            dark: false,
            phone: false,
            scripts: true,
            hosts: String::new(),
        }
    }

    /// A desk, at night.
    pub(crate) fn dark() -> Self {
        Self {
            dark: true,
            ..Self::light()
        }
    }

    /// The narrowest phone in use.
    pub(crate) fn phone() -> Self {
        Self {
            size: (360, 740),
            phone: true,
            ..Self::light()
        }
    }

    /// JavaScript is off.
    pub(crate) fn without_scripts() -> Self {
        Self {
            scripts: false,
            ..Self::light()
        }
    }

    /// Host names lead where `rules` say; any certificate will do.
    pub(crate) fn hosts(self, rules: &str) -> Self {
        let hosts = rules.to_owned();
        Self { hosts, ..self }
    }
}

/// One request of a browser.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The address.
    pub(crate) url: String,
    /// A whole page was asked for.
    is_page: bool,
    id: Value,
}

/// A running browser, which is also its page.
#[derive(Debug)]
pub(crate) struct Browser {
    asked: Mutex<Vec<Asked>>,
    client: Client,
    session: String,
    http: reqwest::Client,
}

impl Deref for Browser {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Browser {
    /// The browser of `client`, whose driver is at `url`.
    pub(super) async fn attach(client: Client, url: &str, look: &Look) -> Self {
        let session = client.session_id().await.expect("an answer");
        let browser = Self {
            asked: Mutex::default(),
            session: format!("{url}/session/{}", session.expect("a session")),
            http: reqwest::Client::new(),
            client,
        };
        browser.cdp("Page.enable", json!({})).await;
        browser
            .cdp(
                "Page.addScriptToEvaluateOnNewDocument",
                json!({"source": LISTEN}),
            )
            .await;
        browser.wear(look).await;
        browser
    }

    /// Sends a command of Chromium's own protocol.
    pub(crate) async fn cdp(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.driver("goog/cdp/execute", &body).await
    }

    async fn driver(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}/{path}", self.session));
        let answer = request.json(body).send().await.expect("an answer");
        let (good, mut answer) = (
            answer.status().is_success(),
            answer.json::<Value>().await.expect("JSON"),
        );
        assert!(good, "{path} {body}: {answer:#}");
        answer["value"].take()
    }

    /// Looks at pages in another way from now on.
    pub(crate) async fn wear(&self, look: &Look) {
        let (width, height) = look.size;
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": look.phone,
        });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if look.dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.cdp("Emulation.setEmulatedMedia", media).await;
        let scripts = json!({"value": !look.scripts});
        self.cdp("Emulation.setScriptExecutionDisabled", scripts)
            .await;
    }

    /// Opens an address.
    pub(crate) async fn open(&self, url: &str) {
        let opened = self.client.goto(url).await;
        opened.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Waits for an element.
    pub(crate) async fn element(&self, css: &str) -> Element {
        let wait = self.client.wait().at_most(PATIENCE);
        match wait.for_element(Locator::Css(css)).await {
            Ok(found) => found,
            Err(error) => {
                let url = self.client.current_url().await;
                let source = self.client.source().await.unwrap_or_default();
                panic!("no {css} at {url:?}: {error}\n{source}")
            }
        }
    }

    /// Clicks; what has just appeared may still be moving, so until the click arrives.
    pub(crate) async fn click(&self, css: &str) {
        eventually(PATIENCE, &format!("a click on {css}"), async || {
            self.element(css).await.click().await.ok()
        })
        .await;
    }

    /// Writes into a field, over what it holds.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let field = self.element(css).await;
        field.clear().await.expect("a field");
        field.send_keys(text).await.expect("a field");
    }

    /// What a person reads there.
    pub(crate) async fn text(&self, css: &str) -> String {
        // A live part may be replaced between the two questions.
        eventually(PATIENCE, &format!("the text of {css}"), async || {
            self.element(css).await.text().await.ok()
        })
        .await
    }

    /// Waits until the page, which may be the next one, says `text`.
    pub(crate) async fn says(&self, text: &str) {
        let body = || async {
            let body = self.client.find(Locator::Css("body")).await.ok()?;
            body.text().await.ok()
        };
        let found = async {
            while !body().await.is_some_and(|body| body.contains(text)) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, found).await.is_err() {
            let (url, body) = (self.client.current_url().await, body().await);
            panic!("{text:?} is not at {url:?}: {body:#?}");
        }
    }

    /// Waits until the path and the query of the address are `path`.
    pub(crate) async fn is_at(&self, path: &str) {
        eventually(PATIENCE, &format!("the page {path}"), async || {
            (self.place().await == path).then_some(())
        })
        .await;
    }

    /// Waits until the host of the address is `host`.
    pub(crate) async fn is_at_host(&self, host: &str) {
        eventually(PATIENCE, &format!("a page of {host}"), async || {
            let url = self.client.current_url().await.ok()?;
            (url.host_str() == Some(host)).then_some(())
        })
        .await;
    }

    /// The path of the address, and its query.
    pub(crate) async fn place(&self) -> String {
        let url = self.client.current_url().await.expect("an address");
        let query = url.query().map(|query| format!("?{query}"));
        format!("{}{}", url.path(), query.unwrap_or_default())
    }

    /// Runs a script in the page, which may return something.
    pub(crate) async fn run(&self, script: &str) -> Value {
        let done = self.client.execute(script, Vec::new()).await;
        done.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// The whole page as a PNG, also what does not fit into the window.
    pub(crate) async fn picture(&self) -> Vec<u8> {
        let metrics = self.cdp("Page.getLayoutMetrics", json!({})).await;
        let size = &metrics["cssContentSize"];
        let clip = json!({
            "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1,
        });
        let wanted = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let picture = self.cdp("Page.captureScreenshot", wanted).await;
        let picture = picture["data"].as_str().expect("a picture");
        STANDARD.decode(picture).expect("base64")
    }

    /// What the console said since it was last asked.
    pub(crate) async fn console(&self) -> Vec<Value> {
        let lines = self.driver("se/log", &json!({"type": "browser"})).await;
        lines.as_array().expect("the console's lines").clone()
    }

    /// What was asked for since this was last asked.
    pub(crate) async fn requests(&self) -> Vec<Asked> {
        self.listen().await;
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn listen(&self) {
        let events = self.driver("se/log", &json!({"type": "performance"})).await;
        let events = events.as_array().expect("events").iter();
        let sent = events.filter_map(|event| {
            let event: Value = serde_json::from_str(event["message"].as_str()?).ok()?;
            let (method, details) = (&event["message"]["method"], &event["message"]["params"]);
            let sent = *method == "Network.requestWillBeSent";
            let url = details["request"]["url"].as_str()?.to_owned();
            sent.then(|| Asked {
                id: details["requestId"].clone(),
                is_page: details["type"] == "Document",
                url,
            })
        });
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.extend(sent);
    }

    /// The page as the server sent it.
    pub(crate) async fn html(&self) -> String {
        self.listen().await;
        let id = {
            let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let page = asked.iter().rfind(|asked| asked.is_page);
            page.expect("a page").id.clone()
        };
        let wanted = json!({"requestId": id});
        let body = self.cdp("Network.getResponseBody", wanted).await;
        assert_eq!(body["base64Encoded"], false, "{body}");
        body["body"].as_str().expect("a text").to_owned()
    }

    /// Checks that the page is at ease: no error on the console, no fault, nothing that its policy
    /// forbade, and no request to anywhere but `origins`. That a whole page was answered with an
    /// error's status is no fault of the page.
    pub(crate) async fn at_ease(&self, origins: &[&str]) {
        let url = self.client.current_url().await.expect("an address");
        let requests = self.requests().await;
        let own = |line: &Value| {
            let message = line["message"].as_str().unwrap_or_default();
            let mut pages = requests.iter().filter(|asked| asked.is_page);
            message.contains("Failed to load resource")
                && pages.any(|page| message.starts_with(&format!("{} - ", page.url)))
        };
        let console = self.console().await.into_iter();
        let severe = console.filter(|line| line["level"] == "SEVERE" && !own(line));
        let severe: Vec<_> = severe.collect();
        assert!(severe.is_empty(), "the console at {url}: {severe:#?}");
        let faults = self.run("return window.faults || []").await;
        assert_eq!(faults, json!([]), "faults at {url}");
        let foreign = |address: &&str| {
            let elsewhere = !origins.iter().any(|origin| {
                let path = address.strip_prefix(origin);
                path.is_some_and(|path| path.is_empty() || path.starts_with('/'))
            });
            let network = ["http:", "https:", "ws:", "wss:"];
            elsewhere && network.iter().any(|scheme| address.starts_with(scheme))
        };
        let addresses = requests.iter().map(|asked| asked.url.as_str());
        let foreign: Vec<_> = addresses.filter(foreign).collect();
        assert!(foreign.is_empty(), "{url} asked elsewhere: {foreign:#?}");
    }
}
