//! `aura user`: accounts, with or without a server running.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output;
use super::setup::Source;
use crate::auth::email::Email;
use crate::auth::users::User as Account;
use crate::auth::{Auth, By, Error, Password as Secret};
use crate::clock::Timestamp;

/// How many accounts are read at once.
const PAGE: i64 = 500;

/// Manage accounts: directly in the database, whether or not a server runs.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  aura user create ann@example.com --role admin\n  \
    aura user list --json\n  aura user --dev list"
)]
pub(super) struct User {
    #[command(flatten)]
    source: Source,
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make an account.
    #[command(after_help = "Example:\n  aura user create ann@example.com --role admin")]
    Create {
        /// The e-mail to sign in with.
        email: String,
        /// A role; may be given several times.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        #[command(flatten)]
        password: Password,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List accounts.
    #[command(after_help = "Example:\n  aura user list --json | jq -r .email")]
    List {
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Keep an account from signing in, and end its sessions.
    #[command(after_help = "Example:\n  aura user disable ann@example.com")]
    Disable {
        /// Whose.
        email: String,
    },
    /// Let a disabled account sign in again.
    #[command(after_help = "Example:\n  aura user enable ann@example.com")]
    Enable {
        /// Whose.
        email: String,
    },
    /// Delete an account and all it holds.
    #[command(after_help = "Example:\n  aura user delete ann@example.com")]
    Delete {
        /// Whose.
        email: String,
    },
    /// Set a password, and end all sessions.
    #[command(after_help = "Example:\n  aura user set-password ann@example.com")]
    SetPassword {
        /// Whose.
        email: String,
        #[command(flatten)]
        password: Password,
    },
    /// Replace the roles of an account; without a role, it has none.
    #[command(after_help = "Example:\n  aura user set-roles ann@example.com admin support")]
    SetRoles {
        /// Whose.
        email: String,
        /// The roles.
        roles: Vec<String>,
    },
    /// End all sessions of an account.
    #[command(after_help = "Example:\n  aura user revoke-sessions ann@example.com")]
    RevokeSessions {
        /// Whose.
        email: String,
    },
    /// Require a new password at the next sign-in, and end all sessions. The old password opens the
    /// form for the new one and nothing else: where a stranger may know it, use reset-link.
    #[command(after_help = "Example:\n  aura user require-password-change ann@example.com")]
    RequirePasswordChange {
        /// Whose.
        email: String,
    },
    /// Close the password, end all sessions, and print a token: the only way back in. With it the
    /// user can set a new password, once, within the hour.
    #[command(after_help = "Example:\n  aura user reset-link ann@example.com\n\n\
        The user opens /reset?token=TOKEN on the server; or an application sends the token to\n\
        POST /auth/password/reset as reset_token, with new_password.")]
    ResetLink {
        /// Whose.
        email: String,
    },
}

#[derive(Args, Debug)]
struct Password {
    /// Read the password from standard input (one trailing newline is cut) instead of asking.
    #[arg(long)]
    password_stdin: bool,
}

impl Password {
    fn read(&self) -> anyhow::Result<Secret> {
        if self.password_stdin {
            let mut text = String::new();
            let limit = std::io::stdin().lock().take(4096).read_to_string(&mut text);
            limit.context("the password on standard input is not UTF-8")?;
            let cut = text.strip_suffix('\n').unwrap_or(&text);
            return Ok(cut.strip_suffix('\r').unwrap_or(cut).into());
        }
        if !std::io::stdin().is_terminal() {
            bail!("there is no terminal to ask for the password: use --password-stdin");
        }
        let first = Secret::from(rpassword::prompt_password("Password: ")?);
        let again = Secret::from(rpassword::prompt_password("Once more: ")?);
        if !first.is_same(&again) {
            bail!("the two passwords differ; nothing was changed");
        }
        Ok(first)
    }
}

impl User {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Self { source, command } = self;
        // Asked before anything is opened, so that thinking costs no connection.
        let password = match &command {
            UserCommand::Create { password, .. } | UserCommand::SetPassword { password, .. } => {
                password.read()?
            }
            _ => Secret::from(""),
        };
        source.with_app(|app| async move {
            let link = matches!(command, UserCommand::ResetLink { .. });
            if link && !app.has_own_key() {
                bail!(
                    "JWT_SECRET_KEY is not set, so no server would take the token; set the server's"
                );
            }
            execute(app.auth(), command, password).await
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn execute(auth: &Auth, command: UserCommand, password: Secret) -> anyhow::Result<()> {
    let by = &By::command_line();
    let done = match command {
        UserCommand::Create {
            email, roles, json, ..
        } => {
            let user = auth
                .create(&email, password, &roles, by)
                .await
                .map_err(explain)?;
            if json {
                line(&user)
            } else {
                format!("created {} with id {}", user.email, user.id)
            }
        }
        UserCommand::List { json } => return list(auth, json).await,
        UserCommand::Disable { email } => {
            let user = find(auth, &email).await?;
            auth.set_disabled(&user, true, by).await.map_err(explain)?;
            format!("disabled {}; its sessions have ended", user.email)
        }
        UserCommand::Enable { email } => {
            let user = find(auth, &email).await?;
            auth.set_disabled(&user, false, by).await.map_err(explain)?;
            format!("enabled {}", user.email)
        }
        UserCommand::Delete { email } => {
            let user = find(auth, &email).await?;
            auth.delete(&user, by).await.map_err(explain)?;
            format!("deleted {}", user.email)
        }
        UserCommand::SetPassword { email, .. } => {
            let user = find(auth, &email).await?;
            auth.set_password(&user, password, by)
                .await
                .map_err(explain)?;
            format!(
                "set the password of {}; its sessions have ended",
                user.email
            )
        }
        UserCommand::SetRoles { email, roles } => {
            let user = find(auth, &email).await?;
            let roles = auth.set_roles(&user, &roles, by).await.map_err(explain)?;
            format!("{} has the roles: {}", user.email, roles.join(" "))
        }
        UserCommand::RevokeSessions { email } => {
            let user = find(auth, &email).await?;
            auth.sign_out(&user, by).await.map_err(explain)?;
            format!("ended all sessions of {}", user.email)
        }
        UserCommand::ResetLink { email } => {
            let user = find(auth, &email).await?;
            auth.require_reset(&user, by).await.map_err(explain)?
        }
        UserCommand::RequirePasswordChange { email } => {
            let user = find(auth, &email).await?;
            auth.require_password_change(&user, by)
                .await
                .map_err(explain)?;
            format!(
                "{} must choose a new password at the next sign-in; its sessions have ended",
                user.email
            )
        }
    };
    output::print(&format!("{done}\n"))?;
    Ok(())
}

async fn list(auth: &Auth, json: bool) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let page = auth
            .users()
            .list(&after, PAGE)
            .await
            .map_err(Error::from)
            .map_err(explain)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        last.email.as_str().clone_into(&mut after);
        let lines: Vec<String> = page
            .iter()
            .map(|user| if json { line(user) } else { row(user) })
            .collect();
        output::print(&format!("{}\n", lines.join("\n")))?;
    }
}

/// One account for a script.
fn line(user: &Account) -> String {
    let moment = |at: Timestamp| {
        let format = &time::format_description::well_known::Rfc3339;
        at.to_utc()
            .format(format)
            .map_or(Value::Null, Value::String)
    };
    json!({
        "id": user.id.to_string(),
        "email": user.email.shown(),
        "roles": user.roles,
        "created_at": moment(user.created_at),
        "disabled_at": user.disabled_at.map_or(Value::Null, moment),
    })
    .to_string()
}

/// One account for a person.
fn row(user: &Account) -> String {
    let state = if user.disabled_at.is_some() {
        "disabled"
    } else {
        "active"
    };
    format!(
        "{}  {state:8}  {}  {}",
        user.id,
        user.email,
        user.roles.join(" ")
    )
}

async fn find(auth: &Auth, email: &str) -> anyhow::Result<Account> {
    let parsed = Email::try_from(email).map_err(|error| anyhow!("{email:?}: {error}"))?;
    let user = auth
        .users()
        .find_by_email(&parsed)
        .await
        .map_err(Error::from)
        .map_err(explain)?;
    user.with_context(|| format!("no account has the e-mail {parsed}"))
}

/// Names every field at fault, as the API does.
fn explain(error: Error) -> anyhow::Error {
    match error {
        Error::Invalid(faults) => {
            let lines: Vec<String> = faults
                .iter()
                .map(|fault| format!("{}: {}", fault.field, fault.message))
                .collect();
            anyhow!("{}", lines.join("\n"))
        }
        other => other.into(),
    }
}
