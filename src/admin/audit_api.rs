//! The routes under `/admin/audit`; thin.

use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;

use super::bodies::{AuditEvent, AuditPage, Group, cut, default_limit};
use super::export::Export;
use super::users_api::refuse_nul;
use crate::audit::Filter;
use crate::auth::users::ADMIN;
use crate::auth::{Auth, Error};
use crate::http::refused::{BEARER, DATABASE, route_codes};
use crate::http::security::BearerToken;
use crate::http::{Code, Context, Problem, Refused};
use crate::identity::search_key;

route_codes! {
    /// Of both routes.
    Read: Problem = [BEARER, DATABASE, &[Code::Forbidden, Code::InvalidParameter]];
}

/// The routes.
pub struct AuditApi {
    /// Authentication, and the audit log.
    pub auth: Auth,
}

type Text = Query<Option<String>>;

type Answer<T> = Result<T, Refused<Read>>;

#[OpenApi(prefix_path = "/admin/audit", tag = "Group::Admin")]
impl AuditApi {
    /// Read the audit trail
    ///
    /// For the role `admin`. Who did what, when, from where: newest first, a page at a time. An
    /// event must fit every filter that is given.
    #[oai(path = "/", method = "get", operation_id = "admin_audit")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a parameter of the address"
    )]
    async fn list(
        &self,
        token: BearerToken,
        /// Action, such as `session.refused`.
        action: Text,
        /// Actor: an e-mail, `command line` or `server`.
        actor: Text,
        /// Account it was done to: an e-mail.
        subject: Text,
        /// Address of the client.
        ip: Text,
        /// Not before this moment: `2026-01-31T12:00:00Z`, or a day.
        from: Text,
        /// Before this moment.
        until: Text,
        /// The id below which to begin: `next` of the page before.
        before: Query<Option<i64>>,
        /// Maximum number of events.
        #[oai(
            default = "default_limit",
            validator(minimum(value = "1"), maximum(value = "500"))
        )]
        limit: Query<i64>,
    ) -> Answer<Json<AuditPage>> {
        self.auth.tokens.authorize(token.as_str(), ADMIN).await?;
        let filter = filter([action, actor, subject, ip, from, until])?;
        let page = self.auth.audit.page(&filter, before.0, limit.0 + 1).await;
        let mut page = page.map_err(Error::from)?;
        let next = cut(&mut page, limit.0).map(|event| event.id.to_string());
        Ok(Json(AuditPage {
            next,
            events: page.into_iter().map(AuditEvent::from).collect(),
        }))
    }

    /// Export the audit trail
    ///
    /// For the role `admin`. Every event that fits the filters, newest first, as JSON lines. The
    /// export is recorded too.
    #[oai(path = "/export", method = "get", operation_id = "admin_audit_export")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a parameter of the address"
    )]
    async fn export(
        &self,
        context: Context,
        token: BearerToken,
        /// Action, such as `session.refused`.
        action: Text,
        /// Actor: an e-mail, `command line` or `server`.
        actor: Text,
        /// Account it was done to: an e-mail.
        subject: Text,
        /// Address of the client.
        ip: Text,
        /// Not before this moment: `2026-01-31T12:00:00Z`, or a day.
        from: Text,
        /// Before this moment.
        until: Text,
    ) -> Answer<Export> {
        let caller = self.auth.tokens.authorize(token.as_str(), ADMIN).await?;
        let filter = filter([action, actor, subject, ip, from, until])?;
        let by = self.auth.administration.administrator(&context, &caller);
        Ok(Export::begin(&self.auth, filter, &by).await?)
    }
}

/// The filter of the parameters in their order; an empty one is none.
fn filter(parameters: [Text; 6]) -> Result<Filter, Problem> {
    // Forms send the fields that are left empty, too.
    let texts = parameters.map(|text| text.0.filter(|text| !text.is_empty()));
    for text in texts.iter().flatten() {
        refuse_nul(&[text])?;
    }
    let [action, actor, subject, ip, from, until] = texts;
    let moment = |name: &str, text: Option<String>| {
        let moment = text.map(|text| Filter::moment(&text)).transpose();
        moment.map_err(|bad| Problem::new(Code::InvalidParameter, format!("{name}: {bad}")))
    };
    // Events hold e-mails in ASCII and lower case; a filter may be typed in any form.
    let email = |text: Option<String>| text.as_deref().map(search_key);
    Ok(Filter {
        action,
        actor: email(actor),
        subject: email(subject),
        ip,
        from: moment("from", from)?,
        until: moment("until", until)?,
    })
}
