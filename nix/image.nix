# The image, written by aura itself: Nix only hands over a binary, a CA bundle and two facts, so
# the same come out byte for byte without Nix. `sbom` is the list of what is in it.
{
  lib,
  runCommand,
  cacert,
  # The aura that goes into the image.
  aura,
  # The aura that writes it. It has to run where this is built: another one, when cross-compiling.
  writer ? aura,
  # Git commit; none in a checkout with changes.
  revision ? null,
  # Seconds since 1970, for `created`.
  created ? 0,
  # oci-dir, oci-archive or docker-archive.
  format ? "oci-dir",
}:
let
  caBundle = "${cacert}/etc/ssl/certs/ca-bundle.crt";
  # What writes the image to `path`, and its SBOM beside it.
  command =
    path:
    lib.concatStringsSep " " (
      [
        "${writer}/bin/aura generate oci --binary ${aura}/bin/aura --ca-bundle ${caBundle}"
        "--format ${format} --created ${toString created}"
      ]
      ++ lib.optionals (revision != null) [ "--revision ${revision}" ]
      ++ [ "--out ${path}" ]
    );
in
runCommand "aura-${format}"
  {
    outputs = [
      "out"
      "sbom"
    ];
    passthru = { inherit caBundle command; };
  }
  ''
    ${command "image"}
    mv image $out
    mv image.sbom.cdx.json $sbom
  ''
