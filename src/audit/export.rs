//! The whole trail as JSON lines, in the memory of one page.

use futures_util::{Stream, stream};

use super::event::Recorded;
use super::filter::Filter;
use super::store::Audit;
use crate::storage::SqlError;

/// Number of events read at once.
const PAGE: i64 = 500;

impl Audit {
    /// Every event that fits `filter`, newest first, as JSON lines; each piece is some whole lines.
    /// The first page is read at once, so that an outage is reported before the answer begins.
    ///
    /// # Errors
    /// An outage, here or in the midst of the stream, which then ends.
    pub async fn export(
        &self,
        filter: Filter,
    ) -> Result<impl Stream<Item = Result<String, SqlError>> + Send + use<>, SqlError> {
        let first = self.page(&filter, None, PAGE).await?;
        let start = (self.clone(), filter, Some(first));
        Ok(stream::try_unfold(start, async |(audit, filter, page)| {
            let page = page.unwrap_or_default();
            let Some(last) = page.last() else {
                return Ok(None);
            };
            // A page that is not full was the last one.
            let next = if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                None
            } else {
                Some(audit.page(&filter, Some(last.id), PAGE).await?)
            };
            Ok(Some((lines(&page), (audit, filter, next))))
        }))
    }
}

fn lines(page: &[Recorded]) -> String {
    let lines = page.iter().map(|event| format!("{}\n", event.json()));
    lines.collect()
}
