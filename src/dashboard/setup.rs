//! `/setup`: the first administrator of a server that was just started for trying out.

use super::Answer;
use super::fault::Fault;
use super::fields::{Field, Form};
use super::form_page::FormPage;
use super::sign_in::{begin_first, two};
use super::visit::Visit;
use crate::http::{Code, Problem};

/// The form.
pub(super) async fn show(visit: &mut Visit) -> Answer {
    open(visit).await?;
    Ok(form_page(visit).show(visit))
}

/// Makes the administrator and signs in.
pub(super) async fn send(visit: &mut Visit) -> Answer {
    open(visit).await?;
    let mut sent = visit.form().await?;
    let mut page = form_page(visit);
    let [email, password] = two(page.form.fill(&mut sent));
    if !page.form.is_good() {
        return Ok(page.show(visit));
    }
    let (auth, context) = (visit.site.auth.clone(), visit.context.clone());
    let made = auth
        .create_first_administrator(&context, &email, password.clone().into())
        .await;
    if let Err(error) = made {
        return page.refuse(visit, error);
    }
    Ok(begin_first(visit, &email, password, "/").await)
}

/// Whether the page exists at all.
async fn open(visit: &Visit) -> Result<(), Fault> {
    if visit.may_set_up() && !visit.has_users().await? {
        return Ok(());
    }
    Err(Problem::new(Code::NotFound, "this server has users").into())
}

fn form_page(visit: &Visit) -> FormPage {
    FormPage {
        heading: "Make the first administrator",
        lead: "This server has no users yet. The first one may see and change everything."
            .to_owned(),
        action: "/setup",
        form: Form::new(vec![
            Field::email(),
            Field::new_password("password", "Password", visit.site.min_password),
        ]),
        button: "Make the account and sign in",
        links: Vec::new(),
    }
}
