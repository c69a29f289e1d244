//! A browser without a screen: it keeps cookies, says that it wants pages, and sends their forms.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use reqwest::{Method, RequestBuilder, header};

use super::{Answer, Client, PASSWORD};

/// One visitor of one server.
#[derive(Debug)]
pub(crate) struct Visitor {
    client: Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Visitor {
    /// A visitor who has never been here.
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            cookies: Mutex::default(),
        }
    }

    /// The header `Cookie`; empty where there is none.
    pub(crate) fn cookies(&self) -> String {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// Sends a request as this browser.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        finish: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        let cookies = self.cookies();
        let call = self.client.call(method, path, |request| {
            let request = request.header(header::ACCEPT, "text/html,*/*;q=0.8");
            let request = match cookies.as_str() {
                "" => request,
                cookies => request.header(header::COOKIE, cookies),
            };
            finish(request)
        });
        let answer = call.await;
        self.keep(&answer);
        answer
    }

    fn keep(&self, answer: &Answer) {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("a cookie in ASCII");
            let pair = line.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a name and a value");
            if line.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Opens a page.
    pub(crate) async fn open(&self, path: &str) -> Answer {
        self.call(Method::GET, path, |request| request).await
    }

    /// Sends the form with the action `action` of `page`, its hidden fields as they are there.
    pub(crate) async fn send(
        &self,
        page: &Answer,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut all = hidden(&page.text, action);
        let fields = fields.iter();
        all.extend(fields.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.call(Method::POST, action, |request| request.form(&all))
            .await
    }

    /// The same by way of a proxy that says that the browser is at `address`.
    pub(crate) async fn send_from(
        &self,
        address: &str,
        page: &Answer,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut all = hidden(&page.text, action);
        let fields = fields.iter();
        all.extend(fields.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let call = self.call(Method::POST, action, |request| {
            request.header("x-forwarded-for", address).form(&all)
        });
        call.await
    }

    /// Signs in with [`PASSWORD`].
    pub(crate) async fn sign_in(&self, email: &str) -> Answer {
        let page = self.open("/sign-in").await;
        let fields = [("email", email), ("password", PASSWORD)];
        let answer = self.send(page.is(200), "/sign-in", &fields).await;
        answer.is(303);
        answer
    }

    /// Signs out.
    pub(crate) async fn sign_out(&self) -> Answer {
        let page = self.open("/account").await;
        self.send(page.is(200), "/sign-out", &[]).await
    }
}

/// The hidden fields of the form with the action `action`.
fn hidden(html: &str, action: &str) -> Vec<(String, String)> {
    let form = html.split("<form").skip(1).find(|form| {
        let tag = form.split('>').next().unwrap_or_default();
        tag.contains(&format!("action=\"{action}\""))
    });
    let form = form.unwrap_or_else(|| panic!("no form for {action}: {html}"));
    let form = form.split("</form").next().unwrap_or_default();
    let inputs = form.split("<input").skip(1);
    let inputs = inputs.map(|input| input.split('>').next().unwrap_or_default());
    inputs
        .filter(|input| input.contains("type=\"hidden\""))
        .map(|input| (attribute(input, "name"), attribute(input, "value")))
        .collect()
}

fn attribute(tag: &str, name: &str) -> String {
    let value = tag.split(&format!(" {name}=\"")).nth(1).unwrap_or_default();
    let value = value.split('"').next().unwrap_or_default();
    value
        .replace("&#38;", "&")
        .replace("&amp;", "&")
        .replace("&#x2f;", "/")
}
