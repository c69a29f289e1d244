//! Proves in a real browser that Swagger UI works under the content security policy: it shows the
//! operations, signs in by its Authorize button, and calls the API.
//!
//! Needs `chromedriver` and `chromium`; where they are not installed the test says so.

use fantoccini::Locator;

use crate::support::{Aura, Browser, Driver, Look, PASSWORD, PATIENCE, Settings, eventually};

async fn sign_in_and_call(aura: &Aura, browser: &Browser, email: &str) {
    browser
        .open(&format!("http://{}/docs", aura.address()))
        .await;
    let login = "#operations-Tokens-login, [id$='-login'].opblock";
    browser.element(login).await;
    let operations = browser.find_all(Locator::Css(".opblock")).await.unwrap();
    assert!(operations.len() >= 20, "{} operations", operations.len());

    browser.click(".auth-wrapper .btn.authorize").await;
    browser.fill("#oauth_username", email).await;
    browser.fill("#oauth_password", PASSWORD).await;
    let form = "//div[contains(@class,'auth-container')][.//input[@id='oauth_username']]\
                //button[contains(@class,'authorize')]";
    let button = browser.find(Locator::XPath(form)).await.unwrap();
    button.click().await.unwrap();
    let logout = "//div[contains(@class,'auth-container')]//button[text()='Logout']";
    let wait = browser.wait().at_most(PATIENCE);
    let signed_in = wait.for_element(Locator::XPath(logout)).await;
    if signed_in.is_err() {
        let dialog = browser.text(".dialog-ux").await;
        panic!("Authorize did not sign in: {dialog}");
    }
    browser.click(".dialog-ux .close-modal").await;

    let me = ".opblock[id$='-me']";
    browser.click(&format!("{me} .opblock-summary")).await;
    browser.click(&format!("{me} .try-out__btn")).await;
    browser.click(&format!("{me} .execute")).await;
    let status = format!("{me} .live-responses-table .response-col_status");
    let body = format!("{me} .live-responses-table tbody .response-col_description");
    let status = browser.text(&status).await;
    let body = browser.text(&body).await;
    let head = eventually(PATIENCE, "the status of GET /auth/me", async || {
        let table = format!("{me} .live-responses-table tbody");
        let text = browser.element(&table).await.text().await.ok()?;
        text.contains("200").then_some(text)
    })
    .await;
    assert!(head.contains("200"), "{status} {body}");
    assert!(body.contains(email), "the account is not in {body}");
}

#[tokio::test]
async fn a_person_signs_in_and_calls_the_api_in_the_browser() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let aura = Settings::new().start().await;
    let email = aura.client().newcomer().await.email;
    let browser = driver.browser(&Look::light()).await;
    sign_in_and_call(&aura, &browser, &email).await;
    let origin = format!("http://{}", aura.address());
    browser.at_ease(&[&origin]).await;
}
