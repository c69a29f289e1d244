//! Proves that the browsers which other tests look through see what they claim to: faults that no
//! person sees, requests to elsewhere, pages that some cannot use, and the wishes of their users.

use serde_json::json;

use crate::support::{Axe, Driver, Look, Pages, Site};

/// A page that is well.
const WELL: &str = "<!DOCTYPE html>
<html lang=\"en\">
  <head>
    <meta charset=\"utf-8\">
    <meta name=\"viewport\" content=\"width=device-width\">
    <title>Well</title>
    <link rel=\"icon\" href=\"/icon.png\">
  </head>
  <body>
    <main>
      <h1>Well</h1>
      <p id=\"said\">still</p>
      <noscript><p>no scripts</p></noscript>
      <label for=\"name\">Name</label> <input id=\"name\" name=\"name\" type=\"text\">
      <script>document.getElementById('said').textContent = 'scripts run';</script>
    </main>
  </body>
</html>
";

/// A page with a fault of each kind.
const ILL: &str = "<!DOCTYPE html>
<html>
  <head><meta charset=\"utf-8\"><title></title></head>
  <body>
    <input type=\"text\"><div></p>
    <script>fetch('http://elsewhere.example/'); throw new Error('ill');</script>
  </body>
</html>
";

fn page(head: &str) -> String {
    let page = if head.starts_with("GET /ill ") {
        ILL
    } else {
        WELL
    };
    page.to_owned()
}

#[tokio::test]
async fn a_browser_reports_faults_that_are_not_visible() {
    let (Some(driver), Some(axe)) = (Driver::start().await, Axe::installed()) else {
        return;
    };
    let site = Site::start(page).await;
    let origin = format!("http://{}", site.address());
    let look = Look::light().hosts("MAP elsewhere.example ^NOTFOUND");
    let browser = driver.browser(&look).await;

    browser.open(&format!("{origin}/well")).await;
    browser.says("scripts run").await;
    axe.is_content(&browser, "the page that is well").await;
    assert_eq!(browser.html().await, WELL, "as it was sent");
    browser.at_ease(&[&origin]).await;

    browser.open(&format!("{origin}/ill")).await;
    let faults = browser.run("return window.faults").await.to_string();
    assert!(faults.contains("ill"), "{faults}");
    let console = json!(browser.console().await).to_string();
    assert!(console.contains("SEVERE"), "{console}");
    let requests = browser.requests().await;
    let elsewhere = "http://elsewhere.example/";
    let asked = requests.iter().any(|asked| asked.url == elsewhere);
    assert!(asked, "{requests:?}");
    let violations = axe.violations(&browser).await.join("\n");
    for rule in ["document-title", "html-has-lang", "label"] {
        assert!(violations.contains(rule), "{rule}: {violations}");
    }
}

#[tokio::test]
async fn a_browser_looks_as_its_user_does() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let site = Site::start(page).await;
    let url = format!("http://{}/well", site.address());
    let dark = "return [matchMedia('(prefers-color-scheme: dark)').matches, innerWidth]";
    let desk = driver.browser(&Look::light()).await;
    desk.open(&url).await;
    assert_eq!(desk.run(dark).await, json!([false, 1400]));
    desk.wear(&Look::dark()).await;
    assert_eq!(desk.run(dark).await, json!([true, 1400]));
    desk.run("document.cookie = 'own=1'").await;

    // Another browser at the same time, with nothing of the first one's.
    let phone = driver.browser(&Look::phone()).await;
    phone.open(&url).await;
    assert_eq!(phone.run(dark).await, json!([false, 360]));
    assert_eq!(phone.run("return document.cookie").await, "");
    assert_eq!(desk.run("return document.cookie").await, "own=1");
    let picture = phone.picture().await;
    assert!(picture.starts_with(b"\x89PNG"), "a picture");

    let plain = driver.browser(&Look::without_scripts()).await;
    plain.open(&url).await;
    plain.says("no scripts").await;
    assert_eq!(plain.text("#said").await, "still");
    plain.fill("#name", "Ann").await;
}

#[test]
fn faults_of_the_html_are_named_with_their_page() {
    let mut pages = Pages::default();
    pages.add("well", WELL);
    pages.add("ill", ILL);
    let Some(faults) = pages.faults() else {
        return;
    };
    assert!(
        faults.iter().all(|fault| !fault.starts_with("well")),
        "{faults:#?}"
    );
    let faults = faults.join("\n");
    for rule in ["close-order", "element-required-attributes"] {
        assert!(faults.contains(rule), "{rule}: {faults}");
    }
}
