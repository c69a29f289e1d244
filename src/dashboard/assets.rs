//! Style sheet, script and icon, which every page asks for.

use std::sync::{Arc, LazyLock};

use poem::Response;

use super::request::PageRequest;
use crate::http::asset::Asset;

macro_rules! assets {
    ($($name:ident: $kind:literal, $file:literal;)+) => {
        $(
            #[doc = concat!("Serves `", $file, "`.")]
            pub(super) fn $name(request: &mut PageRequest) -> Response {
                static ASSET: LazyLock<Arc<Asset>> = LazyLock::new(|| {
                    let bytes = include_bytes!(concat!("../../templates/dashboard/", $file));
                    Asset::new($kind, &bytes[..])
                });
                ASSET.answer(request.browser.headers())
            }
        )+
    };
}

assets! {
    style: "text/css; charset=utf-8", "aura.css";
    script: "text/javascript; charset=utf-8", "aura.js";
    icon: "image/svg+xml", "icon.svg";
}
