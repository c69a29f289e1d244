//! Queries of sqlx on a [`Connection`] and on a [`Pool`].

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use sqlx::any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::{Any, Describe, Either, Error, Execute, Executor, SqlStr};

use super::connection::Connection;
use super::pool::Pool;

/// Lets the queries of sqlx run on `$executor`. Each is run to its end before its first row is given
/// out, because its transaction must have been committed by then.
macro_rules! execute_on {
    ($executor:ty, |$on:ident, $sql:ident, $arguments:ident| $run:expr) => {
        impl<'c> Executor<'c> for $executor {
            type Database = Any;

            fn fetch_many<'e, 'q: 'e, E>(
                self,
                mut query: E,
            ) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, Error>>
            where
                'c: 'e,
                E: 'q + Execute<'q, Any>,
            {
                let $arguments = query.take_arguments().map_err(Error::Encode);
                let ($on, $sql) = (self, query.sql());
                let answers = stream::once(async move { $run });
                let answers = answers.map_ok(|answers| stream::iter(answers).map(Ok));
                answers.try_flatten().boxed()
            }

            fn fetch_optional<'e, 'q: 'e, E>(
                self,
                query: E,
            ) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
            where
                'c: 'e,
                E: 'q + Execute<'q, Any>,
            {
                let mut rows = self.fetch(query);
                Box::pin(async move { rows.try_next().await })
            }

            fn prepare_with<'e>(
                self,
                _: SqlStr,
                _: &'e [AnyTypeInfo],
            ) -> BoxFuture<'e, Result<AnyStatement, Error>>
            where
                'c: 'e,
            {
                Box::pin(async { Err(unnamed()) })
            }

            fn describe<'e>(self, _: SqlStr) -> BoxFuture<'e, Result<Describe<Any>, Error>>
            where
                'c: 'e,
            {
                Box::pin(async { Err(unnamed()) })
            }
        }
    };
}

execute_on!(&'c mut Connection, |connection, sql, arguments| connection
    .run(sql, arguments?)
    .await);
execute_on!(&'c Pool, |pool, sql, arguments| pool
    .acquire()
    .await?
    .run(sql, arguments?)
    .await);

/// Nothing is prepared under a name: a pooler gives the session to another client, for whom the name may
/// mean another statement.
fn unnamed() -> Error {
    Error::Configuration("statements are not prepared apart from their execution".into())
}
