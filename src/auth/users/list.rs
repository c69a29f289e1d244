//! Lists of accounts: filters, orders, and pages that go on where the one before ended.

use poem_openapi::Enum;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, Row};

use super::row::{COLUMNS, User, read_or_skip};
use super::state::UserState;
use super::{Result, Users};
use crate::audit::Value;
use crate::clock::Timestamp;
use crate::identity::{UserId, search_key};
use crate::storage::SqlError;

/// Rows that are read at once in place of rows that a page leaves out, and how often at most: a table
/// of another program's rows must not occupy a request for long.
const REFILL: i64 = 1_000;
const MAX_REFILLS: usize = 20;

/// Order of accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[oai(rename = "AccountOrder", rename_all = "snake_case")]
pub enum UserOrder {
    /// By e-mail.
    #[default]
    Email,
    /// The newest account first.
    Newest,
    /// The latest sign-in first; accounts that never signed in come last.
    LastSignIn,
}

/// Accounts of a list: those that fit all that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Part of the e-mail in any case, or the whole id; empty for any.
    pub text: String,
    /// State.
    pub state: Option<UserState>,
    /// Role that the account has.
    pub role: Option<String>,
}

/// Last account of a page, after which the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// In the order of e-mails.
    Email(String),
    /// In an order of time: milliseconds, and the id of the account.
    Moment(i64, String),
}

/// A text that is no [`Position`] of a list in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a position in a list of this order; send `next` of the page before")]
pub struct BadPosition;

impl UserOrder {
    /// Every order.
    pub const ALL: [Self; 3] = [Self::Email, Self::Newest, Self::LastSignIn];

    /// The order for programs: stable, snake case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Newest => "newest",
            Self::LastSignIn => "last_sign_in",
        }
    }

    /// Finds an order by its name for programs.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.as_str() == text)
    }

    /// The position of `user`, as a client sends it back.
    #[must_use]
    pub fn position_of(self, user: &User) -> String {
        let moment = |at: Option<Timestamp>| {
            let millis = at.map_or(0, Timestamp::millis);
            format!("{millis}.{}", user.id)
        };
        match self {
            Self::Email => user.email.as_str().to_owned(),
            Self::Newest => moment(Some(user.created_at)),
            Self::LastSignIn => moment(user.last_sign_in_at),
        }
    }

    /// Parses what [`Self::position_of`] has written; an empty text is the start of the list.
    ///
    /// # Errors
    /// [`BadPosition`].
    pub fn position(self, text: &str) -> std::result::Result<Option<Position>, BadPosition> {
        if text.is_empty() {
            return Ok(None);
        }
        if self == Self::Email {
            return Ok(Some(Position::Email(text.to_owned())));
        }
        let (millis, id) = text.split_once('.').ok_or(BadPosition)?;
        let millis = millis.parse().map_err(|_| BadPosition)?;
        let id: UserId = id.parse().map_err(|_| BadPosition)?;
        Ok(Some(Position::Moment(millis, id.to_string())))
    }

    /// The position of a row.
    fn position_in(self, row: &AnyRow) -> std::result::Result<Position, sqlx::Error> {
        Ok(match self {
            Self::Email => Position::Email(row.try_get(self.column())?),
            Self::Newest | Self::LastSignIn => {
                Position::Moment(row.try_get(self.column())?, row.try_get("id")?)
            }
        })
    }

    /// The columns of the order, for the statement and for its index.
    const fn column(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Newest => "created_at",
            Self::LastSignIn => "last_sign_in_at",
        }
    }
}

/// Conditions and their values, numbered in order.
#[derive(Default)]
struct Conditions {
    texts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds a value and gives its placeholder.
    fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn of(filter: &UserFilter) -> Self {
        let mut all = Self::default();
        let text = search_key(&filter.text);
        if !text.is_empty() {
            let pattern = all.bind(Value::Text(format!("%{}%", literally(&text))));
            let by_email = format!("email LIKE {pattern} ESCAPE '!'");
            let either = match text.parse::<UserId>() {
                Ok(id) => {
                    let id = all.bind(Value::Text(id.to_string()));
                    format!("({by_email} OR id = {id})")
                }
                Err(_) => by_email,
            };
            all.texts.push(either);
        }
        if let Some(state) = filter.state {
            all.texts.push(state.condition().to_owned());
        }
        if let Some(role) = &filter.role {
            // LIKE does not tell cases apart on SQLite, and a search for a text has two names. The
            // first part is the condition of the index.
            let role = all.bind(Value::Text(format!(" {role} ")));
            all.texts.push(format!(
                "roles <> '' AND replace(' ' || roles || ' ', {role}, '') <> ' ' || roles || ' '"
            ));
        }
        all
    }

    fn clause(&self) -> String {
        if self.texts.is_empty() {
            return String::new();
        }
        format!(" WHERE {}", self.texts.join(" AND "))
    }
}

impl UserFilter {
    /// The statement for at most `limit` accounts after `after`, and its values in order. A page
    /// costs the rows that are looked at: in each order an index has them in that order.
    #[must_use]
    pub fn statement(
        &self,
        columns: &str,
        order: UserOrder,
        after: Option<&Position>,
        limit: i64,
    ) -> (String, Vec<Value>) {
        let mut all = Conditions::of(self);
        let column = order.column();
        match after {
            Some(Position::Email(email)) => {
                let email = all.bind(Value::Text(email.clone()));
                all.texts.push(format!("email > {email}"));
            }
            Some(Position::Moment(millis, id)) => {
                let millis = all.bind(Value::Number(*millis));
                let id = all.bind(Value::Text(id.clone()));
                all.texts.push(format!("({column}, id) < ({millis}, {id})"));
            }
            None => {}
        }
        let limit = all.bind(Value::Number(limit));
        let clause = all.clause();
        let sorted = match order {
            UserOrder::Email => "ORDER BY email".to_owned(),
            UserOrder::Newest | UserOrder::LastSignIn => {
                format!("ORDER BY {column} DESC, id DESC")
            }
        };
        // A search for a part looks through all e-mails: in their index alone, and no further than a
        // page needs.
        let alone = self.state.is_none() && self.role.is_none() && order == UserOrder::Email;
        let text = if alone && !self.text.trim().is_empty() {
            format!(
                "SELECT {columns} FROM users WHERE email IN (SELECT email FROM users{clause} \
                 {sorted} LIMIT {limit}) {sorted}"
            )
        } else {
            format!("SELECT {columns} FROM users{clause} {sorted} LIMIT {limit}")
        };
        (text, all.values)
    }

    /// True where no account can fit: Postgres takes no U+0000, and nothing stored has one.
    fn is_hopeless(&self, after: Option<&Position>) -> bool {
        let role = self.role.as_deref().unwrap_or_default();
        let after = match after {
            Some(Position::Email(email)) => email,
            _ => "",
        };
        [&self.text, role, after]
            .iter()
            .any(|text| text.contains('\0'))
    }
}

impl Users {
    /// At most `limit` accounts that fit `filter`, in `order`, from the first after `after`; fewer only
    /// where there are no more. A row that names no account is left out; behind 20,000 of them in a
    /// row, the list ends.
    pub async fn page(
        &self,
        filter: &UserFilter,
        order: UserOrder,
        after: Option<&Position>,
        limit: i64,
    ) -> Result<Vec<User>> {
        if filter.is_hopeless(after) {
            return Ok(Vec::new());
        }
        let most = usize::try_from(limit).unwrap_or_default();
        let (mut users, mut after, mut wanted) = (Vec::new(), after.cloned(), limit);
        for _ in 0..=MAX_REFILLS {
            let (statement, values) = filter.statement(COLUMNS, order, after.as_ref(), wanted);
            let rows = self
                .sql
                .run(async |pool| bound(statement, values).fetch_all(&pool).await)
                .await?;
            for row in &rows {
                users.extend(read_or_skip(row, &self.odd_row_told).map_err(SqlError::Refused)?);
            }
            // Callers take a short page for the last one, so rows that were left out are made up for.
            let read = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            let next = rows.last().filter(|_| read == wanted && users.len() < most);
            let Some(last) = next else { break };
            after = Some(order.position_in(last).map_err(SqlError::Refused)?);
            wanted = limit.max(REFILL);
        }
        users.truncate(most);
        Ok(users)
    }

    /// Number of accounts that fit `filter`, counted up to `most`. Counts the rows that
    /// [`Self::page`] leaves out, too: to look at every id costs a large table its index.
    pub async fn count(&self, filter: &UserFilter, most: i64) -> Result<i64> {
        if filter.is_hopeless(None) {
            return Ok(0);
        }
        let mut all = Conditions::of(filter);
        let most = all.bind(Value::Number(most));
        let statement = format!(
            "SELECT count(*) AS number FROM (SELECT 1 FROM users{} LIMIT {most}) AS fitting",
            all.clause()
        );
        let row = self
            .sql
            .run(async |pool| bound(statement, all.values).fetch_one(&pool).await);
        row.await?.try_get("number").map_err(SqlError::Refused)
    }
}

fn bound(statement: String, values: Vec<Value>) -> Query<'static, Any, AnyArguments> {
    let query = sqlx::query(sqlx::AssertSqlSafe(statement));
    values.into_iter().fold(query, |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Number(number) => query.bind(number),
    })
}

/// A text as a pattern of LIKE that stands for itself.
fn literally(text: &str) -> String {
    let escaped = text.replace('!', "!!").replace('%', "!%");
    escaped.replace('_', "!_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_positions_are_read_as_they_are_written() {
        for state in UserState::ALL {
            assert_eq!(UserState::parse(state.as_str()), Some(state));
        }
        for order in UserOrder::ALL {
            assert_eq!(UserOrder::parse(order.as_str()), Some(order));
            assert_eq!(order.position(""), Ok(None));
        }
        let id = UserId::random().to_string();
        assert_eq!(
            UserOrder::Newest.position(&format!("17.{id}")),
            Ok(Some(Position::Moment(17, id.clone())))
        );
        for wrong in ["ann@example.com", "17", "17.", ".1", "x.1", &id] {
            assert_eq!(UserOrder::LastSignIn.position(wrong), Err(BadPosition));
        }
    }
}
