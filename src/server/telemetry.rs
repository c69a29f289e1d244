//! Logs: text for people, JSON for machines, to standard error. No secret reaches them, because no
//! secret can be printed.

use std::fmt;
use std::sync::OnceLock;

use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{self, FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, Scope};

use crate::config::{Format, Log};

/// Libraries that are never heard: the driver's readers of URLs and of password files quote what they
/// do not understand.
const SILENT: &str = "sqlx_postgres::options=off";

/// The format of this process's log.
static FORMAT: OnceLock<Format> = OnceLock::new();

/// True once this process logs JSON: all that it writes to standard error is then one object a line.
#[must_use]
pub fn is_json() -> bool {
    FORMAT.get() == Some(&Format::Json)
}

/// Starts logging as `config` says. A second call in one process changes nothing.
pub fn start(config: &Log) {
    let _ = FORMAT.set(config.format);
    // Libraries speak up only when something is wrong.
    let filter = EnvFilter::new(format!("warn,{SILENT},aura={}", config.level.as_str()));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match config.format {
        Format::Json => logs
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .map_event_format(WithSpanFields)
            .try_init(),
        Format::Text => {
            let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
            logs.with_ansi(colour).with_target(false).try_init()
        }
    };
    // Already started: the first caller's choice holds.
    drop(started);
    // A panic is logged like any other fault: as one line, under the request that it broke.
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.to_string().replace('\n', " ");
        tracing::error!("{text}");
    }));
}

/// JSON lines that begin with the fields of the spans around them: the request id, as a member of
/// the line itself.
struct WithSpanFields(format::Format<format::Json>);

impl<S, N> FormatEvent<S, N> for WithSpanFields
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0
            .format_event(context, Writer::new(&mut line), event)?;
        writer.write_char('{')?;
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<N>>();
            let fields = fields.and_then(|it| it.fields.strip_prefix('{')?.strip_suffix('}'));
            if let Some(fields) = fields.filter(|fields| !fields.is_empty()) {
                write!(writer, "{fields},")?;
            }
        }
        writer.write_str(line.strip_prefix('{').unwrap_or(&line))
    }
}
