//! `aura user`: accounts, with or without a server running.

mod list;
mod password;
mod question;

use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use self::list::{List, line};
use self::password::Password;
use super::confirm::Confirm;
use super::output;
use super::setup::Source;
use crate::auth::reset::LIFETIME_SECONDS;
use crate::auth::users::User as Account;
use crate::auth::{ActingAs, Auth, Error, NewAccount, Password as Secret};
use crate::identity::Email;

/// Manage accounts: directly in the database, whether or not a server runs.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  aura user create ann@example.com --role admin\n  \
    aura user list --json\n  aura user list --dev"
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
        /// The name for people: 1 to 100 characters.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        password: Password,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make the account of the first administrator, and print the link with which its owner chooses
    /// a password, once, within the hour. Does nothing where an administrator can sign in; run again
    /// before that, it prints another link.
    #[command(after_help = "Example:\n  aura user first-admin root@example.com")]
    FirstAdmin {
        /// The e-mail to sign in with.
        email: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List accounts that fit all filters.
    #[command(after_help = "Examples:\n  aura user list --role admin\n  \
        aura user list --order last_sign_in --json | jq -r .email\n  \
        aura user list --state disabled --count")]
    List(List),
    /// Keep an account from signing in, and end its sessions.
    #[command(after_help = "Example:\n  aura user disable ann@example.com")]
    Disable {
        /// E-mail address of the account.
        email: String,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Let a disabled account sign in again.
    #[command(after_help = "Example:\n  aura user enable ann@example.com")]
    Enable {
        /// E-mail address of the account.
        email: String,
    },
    /// Delete an account and all it holds. The audit trail keeps its e-mail: see erase.
    #[command(after_help = "Example:\n  aura user delete ann@example.com")]
    Delete {
        /// E-mail address of the account.
        email: String,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Delete an account, and erase the person from the audit trail: it keeps the ids, and loses the
    /// e-mail, the addresses and the user agents. Also for an account that was deleted before.
    #[command(after_help = "Example:\n  aura user erase ann@example.com")]
    Erase {
        /// E-mail address of the account.
        email: String,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Set a password, and end all sessions.
    #[command(after_help = "Example:\n  aura user set-password ann@example.com")]
    SetPassword {
        /// E-mail address of the account.
        email: String,
        #[command(flatten)]
        password: Password,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Replace the roles of an account; without a role, it has none.
    #[command(after_help = "Example:\n  aura user set-roles ann@example.com admin support")]
    SetRoles {
        /// E-mail address of the account.
        email: String,
        /// The roles.
        roles: Vec<String>,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// End all sessions of an account.
    #[command(after_help = "Example:\n  aura user revoke-sessions ann@example.com")]
    RevokeSessions {
        /// E-mail address of the account.
        email: String,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Require a new password at the next sign-in, and end all sessions. The old password opens the
    /// form for the new one and nothing else: where a stranger may know it, use reset-link.
    #[command(after_help = "Example:\n  aura user require-password-change ann@example.com")]
    RequirePasswordChange {
        /// E-mail address of the account.
        email: String,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Close the password, end all sessions, and print a link: the only way back in. With it the user
    /// can set a new password, once, within the hour.
    #[command(after_help = "Example:\n  aura user reset-link ann@example.com\n\n\
        The user opens the link, which is /reset?token=TOKEN on the server. Without AUTH_PUBLIC_URL\n\
        the token alone is printed. An application sends it to POST /auth/password/reset as reset_token, with new_password.")]
    ResetLink {
        /// E-mail address of the account.
        email: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        confirm: Confirm,
    },
}

impl User {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Self { source, command } = self;
        let ready = source.ready(matches!(
            command,
            UserCommand::Create { .. } | UserCommand::FirstAdmin { .. }
        ))?;
        // Asked before anything is opened, so that thinking costs no connection.
        command.confirm()?;
        let password = match &command {
            UserCommand::Create { password, .. } | UserCommand::SetPassword { password, .. } => {
                password.read()?
            }
            _ => Secret::from(""),
        };
        ready.with_app(|app| async move {
            let link = matches!(
                command,
                UserCommand::ResetLink { .. } | UserCommand::FirstAdmin { .. }
            );
            if link && !app.has_own_key() {
                bail!(
                    "JWT_SECRET_KEY is not set, so no server would take the token; set the server's"
                );
            }
            execute(app.auth(), command, password, app.public_url()).await
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

const ENDED: &str = "; its sessions have ended";

async fn execute(
    auth: &Auth,
    command: UserCommand,
    password: Secret,
    public_url: Option<&str>,
) -> anyhow::Result<()> {
    let (admin, by) = (&auth.administration, &ActingAs::command_line());
    let done = match command {
        UserCommand::Create {
            email,
            roles,
            name: display_name,
            json,
            ..
        } => {
            let mut new = NewAccount::new(email, password);
            (new.roles, new.display_name) = (roles, display_name);
            create(auth, new, json).await?
        }
        UserCommand::FirstAdmin { email, json } => {
            let invited = admin.invite_first_administrator(&email, by).await;
            let token = invited.map_err(explain)?;
            let done = "an administrator can sign in already; nothing was changed".to_owned();
            token.map_or(done, |token| reset_link(&token, public_url, json))
        }
        UserCommand::List(list) => return list.run(auth).await,
        UserCommand::Disable { email, .. } => {
            let user = get(auth, &email).await?;
            admin.set_disabled(&user, true, by).await.map_err(explain)?;
            format!("disabled {}{ENDED}", user.email)
        }
        UserCommand::Enable { email } => {
            let user = get(auth, &email).await?;
            admin
                .set_disabled(&user, false, by)
                .await
                .map_err(explain)?;
            format!("enabled {}", user.email)
        }
        UserCommand::Delete { email, .. } => {
            let user = get(auth, &email).await?;
            admin.delete(&user, by).await.map_err(explain)?;
            format!("deleted {}", user.email)
        }
        UserCommand::Erase { email, .. } => erase(auth, &email).await?,
        UserCommand::SetPassword { email, .. } => {
            let user = get(auth, &email).await?;
            let set = admin.set_password(&user, password, by).await;
            set.map_err(explain)?;
            format!("set the password of {}{ENDED}", user.email)
        }
        UserCommand::SetRoles { email, roles, .. } => {
            let user = get(auth, &email).await?;
            let roles = admin.set_roles(&user, &roles, by).await.map_err(explain)?;
            match roles.join(" ").as_str() {
                "" => format!("{} has no role", user.email),
                roles => format!("{} has the roles: {roles}", user.email),
            }
        }
        UserCommand::RevokeSessions { email, .. } => {
            let user = get(auth, &email).await?;
            admin.sign_out(&user, by).await.map_err(explain)?;
            format!("ended all sessions of {}", user.email)
        }
        UserCommand::ResetLink { email, json, .. } => {
            let user = get(auth, &email).await?;
            let token = admin.require_reset(&user, by).await.map_err(explain)?;
            reset_link(&token, public_url, json)
        }
        UserCommand::RequirePasswordChange { email, .. } => {
            let user = get(auth, &email).await?;
            let required = admin.require_password_change(&user, by).await;
            required.map_err(explain)?;
            let change = "must choose a new password at the next sign-in";
            format!("{} {change}{ENDED}", user.email)
        }
    };
    output::print(&format!("{done}\n"))?;
    Ok(())
}

async fn create(auth: &Auth, new: NewAccount, json: bool) -> anyhow::Result<String> {
    let created = auth
        .administration
        .create(new, &ActingAs::command_line())
        .await;
    let user = created.map_err(explain)?;
    Ok(if json {
        line(user)
    } else {
        format!("created {} with id {}", user.email, user.id)
    })
}

async fn erase(auth: &Auth, email: &str) -> anyhow::Result<String> {
    let email = match find(auth, email).await? {
        Some(user) => user.email,
        // Of a person without an account. Well-formed: "server" and "command line" are names in the audit
        // log, too, and their events must stay.
        None => Email::try_from(email).map_err(|error| anyhow!("{email:?}: {error}"))?,
    };
    match auth.changes.erase(&email, &ActingAs::command_line()).await {
        Err(Error::UserNotFound) => bail!(
            "no account has the e-mail {email}, and nothing in the audit trail is kept under it"
        ),
        done => done.map_err(explain)?,
    }
    Ok(format!("erased {email}"))
}

/// The link where the server's address is known, and its token alone where it is not.
fn reset_link(token: &str, public_url: Option<&str>, json: bool) -> String {
    let link = public_url.map(|url| format!("{url}/reset?token={token}"));
    if json {
        let link = json!({"reset_token": token, "link": link, "expires_in": LIFETIME_SECONDS});
        return link.to_string();
    }
    link.unwrap_or_else(|| token.to_owned())
}

/// Finds an account by the e-mail that was typed, which is not judged: the account may be older than
/// a rule.
async fn find(auth: &Auth, typed: &str) -> anyhow::Result<Option<Account>> {
    let found = auth.users.find_by_email(&Email::lookup(typed)).await;
    found.map_err(Error::from).map_err(explain)
}

async fn get(auth: &Auth, typed: &str) -> anyhow::Result<Account> {
    let known = find(auth, typed).await?;
    known.with_context(|| format!("no account has the e-mail {}", typed.trim()))
}

/// Names every field at fault, as the API does.
pub(super) fn explain(error: Error) -> anyhow::Error {
    match error {
        Error::Invalid(faults) => {
            let lines: Vec<String> = faults
                .iter()
                .map(|fault| format!("{}: {}", fault.field, fault.message))
                .collect();
            anyhow!("{}", lines.join("\n"))
        }
        other => anyhow!(other),
    }
}
