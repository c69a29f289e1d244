//! `aura user list`: accounts, for a person or as JSON lines.

use clap::Args;
use clap::builder::PossibleValuesParser;
use poem_openapi::types::ToJSON as _;

use super::explain;
use crate::auth::users::{User, UserFilter, UserOrder, UserState};
use crate::auth::{Account, Auth, Error};
use crate::cli::output;

/// Accounts that are read at once.
const PAGE: i64 = 500;

#[derive(Args, Debug)]
pub(in crate::cli) struct List {
    /// Part of the e-mail, or the whole id.
    search: Option<String>,
    /// Accounts in this state.
    #[arg(long, value_parser = PossibleValuesParser::new(UserState::ALL.map(UserState::as_str)))]
    state: Option<String>,
    /// Accounts that have this role.
    #[arg(long)]
    role: Option<String>,
    /// Order: by e-mail, the newest account first, or the latest sign-in first.
    #[arg(long, default_value = UserOrder::Email.as_str(),
          value_parser = PossibleValuesParser::new(UserOrder::ALL.map(UserOrder::as_str)))]
    order: String,
    /// Print the number of accounts alone.
    #[arg(long, conflicts_with = "json")]
    count: bool,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) async fn run(self, auth: &Auth) -> anyhow::Result<()> {
        let filter = UserFilter {
            text: self.search.unwrap_or_default(),
            state: self.state.as_deref().and_then(UserState::parse),
            role: self.role,
        };
        let users = &auth.users;
        if self.count {
            let count = users.count(&filter, i64::MAX).await;
            let count = count.map_err(Error::from).map_err(explain)?;
            output::print(&format!("{count}\n"))?;
            return Ok(());
        }
        let order = UserOrder::parse(&self.order).unwrap_or_default();
        let mut after = None;
        loop {
            let page = users.page(&filter, order, after.as_ref(), PAGE).await;
            let page = page.map_err(Error::from).map_err(explain)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = order.position(&order.position_of(last))?;
            let lines: Vec<String> = page
                .into_iter()
                .map(|user| if self.json { line(user) } else { row(&user) })
                .collect();
            output::print(&format!("{}\n", lines.join("\n")))?;
        }
    }
}

/// One account for a script.
pub(super) fn line(user: User) -> String {
    Account::from(user).to_json_string()
}

/// One account for a person.
fn row(user: &User) -> String {
    let name = user
        .display_name
        .as_ref()
        .map(|name| format!("  {:?}", name.as_str()));
    format!(
        "{}  {:8}  {}{}  {}",
        user.id,
        UserState::of(user).as_str(),
        user.email,
        name.unwrap_or_default(),
        user.roles.join(" ")
    )
}
