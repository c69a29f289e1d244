//! Style, script and icon, which every page asks for.

use std::sync::{Arc, LazyLock};

use poem::Response;

use super::visit::Visit;
use crate::http::asset::Asset;

macro_rules! assets {
    ($($name:ident: $kind:literal, $file:literal;)+) => {
        $(static $name: LazyLock<Arc<Asset>> = LazyLock::new(|| {
            Asset::new($kind, &include_bytes!(concat!("../../templates/dashboard/", $file))[..])
        });)+
    };
}

assets! {
    STYLE: "text/css; charset=utf-8", "aura.css";
    SCRIPT: "text/javascript; charset=utf-8", "aura.js";
    ICON: "image/svg+xml", "icon.svg";
}

/// The file of a name.
pub(super) fn show(visit: &Visit, name: &str) -> Option<Response> {
    let asset = match name {
        "aura.css" => &STYLE,
        "aura.js" => &SCRIPT,
        "icon.svg" => &ICON,
        _ => return None,
    };
    Some(asset.answer(visit.headers()))
}
