//! The dashboard: pages from the server, with one stylesheet and one script, without which everything
//! works but the live charts, the showing of passwords and the part of an address behind `#`.
//!
//! One file a page, one line of `routes.rs` an address. `request.rs` is one request, `page.rs` the
//! layout around all pages, `fields.rs` and `form_page.rs` are forms, `error.rs` holds what pages
//! say of errors. What pages show and do is the business of `auth`, `admin` and `audit`.

mod account;
mod address;
mod assets;
mod audit;
mod browser;
pub mod chart;
mod configuration;
mod device;
mod error;
mod error_page;
mod fields;
mod flash;
mod form_page;
mod form_token;
#[cfg(test)]
mod hostile;
mod moment;
mod origin;
mod overview;
mod page;
mod register;
mod request;
mod reset;
mod routes;
mod session_row;
mod setup;
mod setup_code;
mod sign_in;
mod site;
mod user;
mod users;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use poem::http::{HeaderMap, header};
use poem::{Endpoint, Request, Response};
use poem_openapi::OperationId;

pub use self::routes::{Access, ROUTES, Route};
pub use self::setup_code::SetupCode;
pub use self::site::Parts;

use self::error::{PageError, PageResult};
use self::origin::lacks_https;
use self::page::redirect;
use self::request::PageRequest;
use self::site::Site;
use crate::auth::users::ADMIN;
use crate::config::Config;
use crate::http::{Code, Context, Problem};

/// All pages as one endpoint.
pub struct Dashboard(Arc<Site>);

impl Dashboard {
    /// The pages of a server with `config`.
    #[must_use]
    pub fn new(parts: Parts, config: &Config) -> Self {
        Self(Arc::new(Site::new(parts, config, routes::menu())))
    }

    /// Checks whether `path` is an address of the dashboard, or below one.
    #[must_use]
    pub fn owns(path: &str) -> bool {
        routes::owns(path)
    }

    /// Checks whether a person looks at the answer: browsers say that they would like a page.
    #[must_use]
    pub fn is_browser(headers: &HeaderMap) -> bool {
        let accept = headers.get(header::ACCEPT);
        accept.is_some_and(|value| value.to_str().is_ok_and(|text| text.contains("text/html")))
    }

    async fn answer(&self, request: Request) -> Result<Response, Problem> {
        let context = request.data::<Arc<Context>>();
        let context = context.map(|context| Context::clone(context));
        let context = context.ok_or_else(Problem::internal)?;
        let (route, parameters) = routes::find(request.uri().path()).unzip();
        let parameters = parameters.unwrap_or_default();
        let mut request = PageRequest::new(Arc::clone(&self.0), context, request, parameters);
        // A handler that panicked leaves nothing behind: the request is only asked for the layout.
        let handled = AssertUnwindSafe(handle(&mut request, route));
        let handled = handled.catch_unwind().await;
        match handled.unwrap_or_else(|_| Err(Problem::internal().into())) {
            Ok(response) => Ok(response),
            // A program at a wrong address reads what the API says of it.
            Err(PageError::Problem(problem))
                if matches!(problem.code, Code::NotFound | Code::MethodNotAllowed)
                    && !Self::is_browser(request.browser.headers()) =>
            {
                Err(problem)
            }
            Err(error) => Ok(error_page::answer(&mut request, error)),
        }
    }
}

impl Endpoint for Dashboard {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        // Boxed, or the future of every request to the API would be as large as this one.
        let mut response = Box::pin(self.answer(request)).await?;
        response.set_data(OperationId("dashboard"));
        Ok(response)
    }
}

async fn handle(request: &mut PageRequest, route: Option<&'static Route>) -> PageResult {
    let access = route.map(|route| route.access);
    // A file is the same for everyone, and is served while the session store is away.
    if access != Some(Access::File) {
        request.recognize().await?;
    }
    let route = route.ok_or_else(PageError::not_found)?;
    let handler = route.handler(request.address.route_method());
    let handler = handler.ok_or(Code::MethodNotAllowed)?;
    match route.access {
        Access::File | Access::Anyone => {}
        Access::PasswordForm => {
            let asks = request.address.is_get_or_head() && request.browser.session().is_none();
            if asks && lacks_https(request) {
                return Err(PageError::PlainHttp);
            }
        }
        Access::SignedIn => drop(request.caller()?),
        Access::Administrator => drop(request.administrator()?),
        Access::AdministratorOr(page) => {
            if !request.caller()?.has(ADMIN) {
                return Ok(redirect(request, page));
            }
        }
    }
    handler(request).await
}
