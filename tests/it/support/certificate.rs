//! A certificate of nobody, for whatever wants to read one.
//!
//! The unit tests of the library use it, too.

/// In PEM (RFC 7468), good until 2126.
pub(crate) const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBQDCB86ADAgECAhQlzjO0j+l/1sdtdPOyT2QCOX4vdjAFBgMrZXAwFTETMBEG
A1UEAwwKRXhhbXBsZSBDQTAgFw0yNjExMjUxNDMzMjlaGA8yMTI2MTEwMTE0MzMy
OVowFTETMBEGA1UEAwwKRXhhbXBsZSBDQTAqMAUGAytlcAMhAN9qNXmujTBJNuWe
JElX48u/lXB/3EK7T1isz3hk57Txo1MwUTAdBgNVHQ4EFgQUy01lRmpsRh6GtYBw
ogdZ2/b9/iQwHwYDVR0jBBgwFoAUy01lRmpsRh6GtYBwogdZ2/b9/iQwDwYDVR0T
AQH/BAUwAwEB/zAFBgMrZXADQQBghEUIZCEO033BJcBRk9w6cuNl0eMDoQgcRDOK
wSPJrOO5G4voISvdOholYEbLsbH4QMpVsvMTVLcXXNLeGWAL
-----END CERTIFICATE-----
";
